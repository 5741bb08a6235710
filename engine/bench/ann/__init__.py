"""Vector search: recall against latency and queries a second, of each contestant at each setting."""
