"""Products to browse: filtered, sorted, counted, in pages, with their photos."""
