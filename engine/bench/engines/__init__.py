"""Engines side by side: queries, filters, batches, writes, first answer, memory and disk."""
