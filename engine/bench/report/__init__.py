"""What journals say, for reading: tables, plots, a page, and blocks of Markdown. Never measures."""
