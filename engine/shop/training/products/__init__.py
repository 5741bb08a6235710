"""The catalogue as training sees it: rows and their attributes, pixels of the photos."""
