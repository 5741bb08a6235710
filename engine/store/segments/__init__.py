"""A segment: an immutable batch of rows, and what finds them."""
