"""The command `vitrine`."""
