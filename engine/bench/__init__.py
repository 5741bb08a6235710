"""Benchmarks: raw lines first, metrics second, plots third. Asks the engine as any program does.

`records/` is what a run leaves behind, `statistics/` are pure functions, `contest/` lets contestants
take turns, and each other folder answers one question.
"""
