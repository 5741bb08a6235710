"""Servers that are measured, one file each; a newcomer is one more file."""
