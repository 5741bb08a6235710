"""Plots as SVG that a page holds: matplotlib's figures, whose colours are the page's own."""
