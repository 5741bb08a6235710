"""Pure rules of the engine: no files, no network, no clock, no randomness, no globals."""
