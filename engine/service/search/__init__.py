"""How a query is answered."""
