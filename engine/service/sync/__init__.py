"""How an index follows its source table."""
