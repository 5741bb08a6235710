"""A search as code, one language a file."""
