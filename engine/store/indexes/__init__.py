"""An index on disk: its specification, its versions, and how they change."""
