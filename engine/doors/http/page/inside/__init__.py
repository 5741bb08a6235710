"""The views at /inside: operations, queries, latent features, validation. One file a view."""
