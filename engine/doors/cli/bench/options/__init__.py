"""Options that several commands of the benchmarks share: raw lines, contestants."""
