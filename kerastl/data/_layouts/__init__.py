"""The layouts that folders and tables of labeled images come in; `kerastl.data.scan` puts them together."""
