"""What the views at /inside show: operations, queries, latent features, validation."""
