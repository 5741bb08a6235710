"""Everything on disk: tables, volumes, segments, versions. Knows nothing of models or HTTP."""
