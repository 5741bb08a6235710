"""How many instructions a few operations take: a count that repeats where a time does not."""
