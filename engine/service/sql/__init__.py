"""SQL: statements of users, run by DuckDB over the workspace's own tables."""
