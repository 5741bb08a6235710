"""Which columns of a products table mean what: its key, title, categories, colour, price."""
