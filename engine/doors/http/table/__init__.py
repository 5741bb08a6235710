"""The REST table as an app."""
