"""Two runs side by side: what changed beyond noise, in which direction."""
