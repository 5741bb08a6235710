"""How fast are LanceDB's inverted lists of quantized vectors, with the same scalar indexes?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import lancedb

from engine.bench.contest.entrants import Entrant

if TYPE_CHECKING:
    from engine.bench.contest.catalogue import Catalogue
    from engine.bench.contest.contestant import Setting

Flat = Entrant("lancedb", Path(__file__).with_name("lancedb.py")).load()
NUMBERS = 8  # of a vector in one code


class Contestant(Flat):  # type: ignore[misc, valid-type]
    about = (
        f"LanceDB, IVF_PQ, a byte for {NUMBERS} numbers, its own partitions, refined by whole "
        "vectors; BITMAP and BTREE indexes, filters first"
    )
    settings = tuple(
        {"nprobes": probes, "refine": factor}
        for probes, factor in ((10, 2), (20, 5), (40, 10), (80, 20), (160, 40), (320, 80))
    )
    writes = False  # rows that are written later lie beside the lists until they are made again

    def build(self, folder: Path, catalogue: Catalogue) -> None:
        super().build(folder, catalogue)
        lancedb.connect(folder).open_table("products").create_index(
            "dot",
            vector_column_name=self.schema.vector,
            index_type="IVF_PQ",
            num_sub_vectors=max(1, self.schema.dimension // NUMBERS),
        )

    def open(self, folder: Path) -> None:
        super().open(folder)
        self.tune(self.settings[0])

    def tune(self, setting: Setting) -> None:
        self._probes, self._factor = int(setting["nprobes"]), int(setting["refine"])

    def asked(self, query: Any) -> Any:
        return query.nprobes(self._probes).refine_factor(self._factor)
