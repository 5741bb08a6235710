"""From the `products` table to the tables of embeddings."""
