"""Columns of large segments, read one row group after another."""
