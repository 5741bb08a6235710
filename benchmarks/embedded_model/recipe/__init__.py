"""Training recipe of the small embedded CLIP: data, model, train, evaluate, export."""
