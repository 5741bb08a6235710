"""The process that makes load: when requests are due, and what became of each."""
