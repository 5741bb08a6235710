"""Contestants answer the same questions, each in a process of its own, in turns, and are judged here."""
