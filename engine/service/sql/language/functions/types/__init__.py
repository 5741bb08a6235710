"""Types of expressions as the cloud gives them, and what follows from them in DuckDB."""
