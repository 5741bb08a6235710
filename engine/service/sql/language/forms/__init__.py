"""Forms of statements that the parser doesn't know, said by others that it does. Knows tokens alone."""
