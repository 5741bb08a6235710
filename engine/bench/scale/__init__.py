"""How the engine's costs grow with its rows, from ten thousand to millions."""
