"""A workspace as a folder for the cloud: Delta tables, a manifest, and a script of calls."""
