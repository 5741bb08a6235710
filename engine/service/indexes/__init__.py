"""Endpoints and indexes: their life, their rows, their health."""
