"""The layouts of standard sets, one a file: what lies there, and how it becomes a collection."""
