"""Training of a model from a products table and photos. Needs the extra [clip]; `request` does not."""
