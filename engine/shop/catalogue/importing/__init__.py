"""Rows of any source to the table of products, by a catalogue; what is wrong with a row is told."""
