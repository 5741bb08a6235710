"""The language of SQL: texts to statements, and users' words to DuckDB's."""
