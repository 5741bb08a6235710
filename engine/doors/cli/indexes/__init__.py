"""Commands of vector search indexes."""
