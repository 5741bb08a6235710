"""`dbutils` of a notebook."""
