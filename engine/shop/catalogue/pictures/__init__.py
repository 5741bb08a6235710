"""The pictures of products: found on disk, unpacked, or fetched, and their places in a volume."""
