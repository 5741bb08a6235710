"""Managed MCP: indexes as tools of agents, by the official library."""
