"""Commands of the shop's pages."""
