"""Photos sorted by descriptions of labels, without training: zero-shot classification."""
