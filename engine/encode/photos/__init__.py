"""Any picture to the pixels that a model takes."""
