"""SQL: statements as values, and what carries them out."""
