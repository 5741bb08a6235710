"""How fast is LanceDB's graph, with the same scalar indexes?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import lancedb

from engine.bench.contest.entrants import Entrant

if TYPE_CHECKING:
    from engine.bench.contest.catalogue import Catalogue
    from engine.bench.contest.contestant import Setting

Flat = Entrant("lancedb", Path(__file__).with_name("lancedb.py")).load()
LINKS, BUILD_BREADTH = 20, 300  # m and ef_construction, its own defaults


class Contestant(Flat):  # type: ignore[misc, valid-type]
    about = (
        f"LanceDB, IVF_HNSW_SQ in one partition, m = {LINKS}, ef_construction = {BUILD_BREADTH}, "
        "refined by whole vectors; BITMAP and BTREE indexes, filters first"
    )
    settings = tuple(
        {"ef": breadth, "refine": factor}
        for breadth, factor in (
            (32, 2),
            (64, 2),
            (128, 4),
            (256, 8),
            (512, 16),
            (1024, 32),
            (2048, 64),
        )
    )
    writes = False  # rows that are written later lie beside the graph until it is built again

    def build(self, folder: Path, catalogue: Catalogue) -> None:
        super().build(folder, catalogue)
        lancedb.connect(folder).open_table("products").create_index(
            "dot",
            vector_column_name=self.schema.vector,
            index_type="IVF_HNSW_SQ",
            num_partitions=1,
            m=LINKS,
            ef_construction=BUILD_BREADTH,
        )

    def open(self, folder: Path) -> None:
        super().open(folder)
        self.tune(self.settings[0])

    def tune(self, setting: Setting) -> None:
        self._breadth, self._factor = int(setting["ef"]), int(setting["refine"])

    def asked(self, query: Any) -> Any:
        return query.ef(self._breadth).refine_factor(self._factor)
