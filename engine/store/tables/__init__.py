"""Tables: which files, and their values as one table."""
