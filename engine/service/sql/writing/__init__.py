"""Statements that write: rows, tables, views, schemas."""
