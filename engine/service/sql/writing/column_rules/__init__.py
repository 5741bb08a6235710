"""What a column is to hold where a statement doesn't say it: defaults, generated values, identities."""
