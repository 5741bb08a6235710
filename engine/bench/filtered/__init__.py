"""Filtered search: how much a filter keeps, of what is near or far, new or seen before."""
