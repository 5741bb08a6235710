"""The HTTP server: one app over the REST table, model serving, files, operations."""
