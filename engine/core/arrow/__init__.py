"""What Arrow's tables hold, as Python objects."""
