"""Which model, or whose run, finds what is right: collections ranked, scored, compared.

A task is a collection and how its vectors are made; a contestant's answer to it is a run, whether it
comes from an encoder or from a file; runs are scored alike.
"""
