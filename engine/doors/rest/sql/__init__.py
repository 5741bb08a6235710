"""Routes of SQL: statements, sessions and the warehouse."""
