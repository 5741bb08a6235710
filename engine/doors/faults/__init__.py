"""Faults on request: which calls are to fail, and how, and which calls came. Knows no transport."""
