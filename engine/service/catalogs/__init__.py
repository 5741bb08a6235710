"""What Unity Catalog registers, one file a noun: catalogs, schemas, and what lies in them."""
