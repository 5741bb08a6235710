"""Contestants that need no more than the engine's own packages, one a file, named as in the report."""
