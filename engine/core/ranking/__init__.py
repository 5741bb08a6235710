"""How rows are scored, ordered, fused and counted: formulas, no files."""
