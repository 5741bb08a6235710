"""Searches in the shop's terms, and what they give back."""
