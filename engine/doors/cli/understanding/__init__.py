"""The commands that look into what a model has understood: labels, latent features, validation."""
