"""What a notebook shows: on the terminal, and as a page."""
