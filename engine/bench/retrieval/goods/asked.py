"""Where a catalogue comes from: files, a workspace, or the bundled sample; its query sets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from engine.bench.retrieval.goods.goods import Goods, goods_of_files
from engine.bench.retrieval.goods.workspace import goods_of_workspace
from engine.errors import InvalidInputException
from engine.shop.bundled import bundled_file
from engine.shop.demo import sample_dir
from engine.shop.evaluation.figures.query_sets import Query
from engine.shop.evaluation.run import query_sets
from engine.workspace import Workspace

BUNDLED_SETS = ("shop", "other_words", "descriptions")


@dataclass(frozen=True)
class GoodsAsked:
    """Which catalogue.

    Attributes:
        table, photos: a file of products and a folder of their photos; without them a workspace.
        columns: field -> the table's column for it. queries: files or folders of query sets, in place
            of the bundled ones.
        hold_out: one product in so many. limit: the first so many that have a photo.
    """

    table: Path | None = None
    photos: Path | None = None
    columns: Mapping[str, str] = field(default_factory=dict)
    encoding: str | None = None
    queries: Sequence[Path] = ()
    hold_out: int | None = None
    limit: int | None = None

    def query_sets(self) -> dict[str, list[Query]]:
        """By name.

        Raises:
            BadSourceFile: a file that is none. InvalidInputException: two of one name.
        """
        bundled = [bundled_file(f"queries/{name}.jsonl") for name in BUNDLED_SETS]
        return query_sets(self.queries or bundled)

    def goods(self, workspace: Workspace | None) -> Goods:
        """The products.

        Args:
            workspace: the one that was named; None for the bundled sample, if no files are named.

        Raises:
            InvalidInputException: a table without photos, or the other way round.
            BadSourceFile, NotFound: what isn't there, or can't be read as asked.
        """
        if (self.table is None) != (self.photos is None):
            raise InvalidInputException("a table needs a folder of photos, and photos a table.")
        if self.table is None and workspace is not None:
            return goods_of_workspace(workspace, self.hold_out, self.limit)
        sample = None if self.table is not None else sample_dir()
        return goods_of_files(
            "sample" if sample is not None else str(self.table and self.table.stem),
            self.table or sample_dir() / "styles.csv",
            self.photos or sample_dir() / "images",
            columns=self.columns,
            asked=self._asked(),
            encoding=self.encoding,
            hold_out=self.hold_out,
            limit=self.limit,
        )

    def _asked(self) -> set[str]:
        """The fields that the user's own query sets ask about, which the table must have."""
        if not self.queries:
            return set()
        return {
            name for some in self.query_sets().values() for query in some for name in query.fields
        }
