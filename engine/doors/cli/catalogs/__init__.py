"""Commands of what Unity Catalog registers."""
