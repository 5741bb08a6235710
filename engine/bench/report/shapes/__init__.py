"""What a plot shows, as numbers: which figures become points, curves and bars. Draws nothing."""
