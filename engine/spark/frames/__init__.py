"""DataFrames of a session on a workspace, read and written: tables, paths of volumes, Delta tables."""
