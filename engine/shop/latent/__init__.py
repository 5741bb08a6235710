"""What the dimensions and directions of an index's vectors mean: latent features."""
