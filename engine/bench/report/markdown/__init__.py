"""Figures in Markdown: tables, blocks that are filled, numbers in sentences that are checked."""
