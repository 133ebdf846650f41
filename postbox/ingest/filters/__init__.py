"""`postbox distil` and `postbox score`: screening as filters from stdin to stdout, with no database and no secrets."""
