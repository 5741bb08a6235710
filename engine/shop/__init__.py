"""The shop: the one application that knows its catalogue and tables by name."""
