"""The two towers of a model in training, and where their weights come from."""
