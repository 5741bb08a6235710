"""Functions of catalogs, made and called by SQL: `main.shop.discounted(price)`."""
