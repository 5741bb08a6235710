"""`vitrine bench`: the benchmarks that need no checkout, one command a file. Translate and print."""
