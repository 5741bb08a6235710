"""Searches by meaning held against searches by words: what of a query's words its results carry."""
