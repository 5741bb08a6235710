"""A file that sets a workspace up: read, and checked by itself."""
