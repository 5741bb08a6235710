"""A catalogue in two dimensions: an index's vectors projected once, kept, and shown as a map."""
