"""Checks of queries."""
