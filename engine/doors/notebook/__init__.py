"""Exported Databricks notebooks, run on a workspace."""
