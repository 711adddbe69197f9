"""One of each that another package can add to kerastl; each is one file."""
