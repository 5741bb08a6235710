"""Vectors of segments on a device, and exact search among them."""
