"""Vectors for a catalogue's products that no model made."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

DIMENSION = 512


def clustered(table: pa.Table) -> np.ndarray:
    """A random centre for each article type and colour plus noise, unit length, (n, 512)."""
    rng = np.random.default_rng(0)
    out = rng.standard_normal((len(table), DIMENSION)).astype(np.float32) * 0.03
    for name in ("article_type", "base_color"):
        codes = table[name].combine_chunks().dictionary_encode()
        centres = rng.standard_normal((len(codes.dictionary) + 1, DIMENSION)).astype(np.float32)
        out += 0.04 * centres[codes.indices.fill_null(-1).to_numpy()]
    return out / np.linalg.norm(out, axis=1, keepdims=True)
