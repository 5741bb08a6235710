"""Managed MCP: indexes and functions as tools of agents, by the official library."""
