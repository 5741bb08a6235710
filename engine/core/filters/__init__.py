"""Filters: one tree, two ways to write it, its SQL."""
