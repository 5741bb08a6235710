"""What the view of one product shows, as plain values for its templates."""
