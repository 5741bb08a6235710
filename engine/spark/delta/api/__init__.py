"""The classes of `delta.tables` and what goes with them: Delta's API, each call a statement of SQL."""
