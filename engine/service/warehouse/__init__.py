"""The SQL warehouse: statements that run by themselves, their results in pieces, and their sessions."""
