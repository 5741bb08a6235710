"""Files of notebooks to cells."""
