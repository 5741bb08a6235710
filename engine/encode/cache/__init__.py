"""Vectors by content and model: what was encoded is not encoded again."""
