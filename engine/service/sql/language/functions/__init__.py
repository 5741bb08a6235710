"""What functions and operators mean: to users, and to DuckDB."""
