"""The layouts that folders and tables of labelled pictures come in; `kerastl.data.scan` puts them together."""
