"""Models and what surrounds them: preprocessing, cache, pipeline. Knows nothing of indexes or HTTP."""
