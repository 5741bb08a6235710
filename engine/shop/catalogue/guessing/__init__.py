"""What the columns of a table may mean: by their names, in several languages, and by their values."""
