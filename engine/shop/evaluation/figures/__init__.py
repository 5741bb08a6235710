"""Figures of a model from vectors and products alone: pure functions that know no model and no photo."""
