"""Catalogue files that come with the package."""
