"""How fast a server answers, how many at once, and at what cost: load by schedule, in a process of its own."""
