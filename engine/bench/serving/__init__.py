"""How fast a server answers, how many at once, at what cost: load from a process of its own."""
