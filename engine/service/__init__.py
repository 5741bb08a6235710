"""The behaviour of the engine: what every door calls."""
