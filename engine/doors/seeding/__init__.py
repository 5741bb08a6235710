"""A workspace set up by one file: read, checked, planned, carried out."""
