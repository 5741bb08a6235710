"""Encoders by what runs them, and where their weights are."""
