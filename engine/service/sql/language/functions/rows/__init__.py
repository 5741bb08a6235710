"""Rows that become others: lists as rows, spans of time, rows as columns."""
