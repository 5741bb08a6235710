"""Where the server listens, and how a script learns that it does."""
