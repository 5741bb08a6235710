"""The command that trains a model, and what it prints."""
