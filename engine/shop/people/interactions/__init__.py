"""What users did with products: read from files, checked, made up for the demo, kept as a table."""
