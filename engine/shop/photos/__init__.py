"""Photos of products as pages show them."""
