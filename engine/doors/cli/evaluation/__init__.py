"""The command that judges models, and what it prints."""
