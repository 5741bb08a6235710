"""From a file of products and a folder of photos to the `products` table; conditions over products."""
