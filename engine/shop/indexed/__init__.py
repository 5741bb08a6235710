"""The products of an index, beside their vectors."""
