"""What answers behind a serving endpoint, and how it comes to answer."""
