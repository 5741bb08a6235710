"""The recipe of the embedded model's second edition, vitrine-clip-2."""
