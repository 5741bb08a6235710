"""What bodies of functions name: other functions, and columns of tables. Knows names; not bodies."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlglot import exp

from engine.core.names import ThreePartName
from engine.errors import NotFound, VitrineError
from engine.service.near_names import meant
from engine.service.sql.session import Session
from engine.service.unity_catalog import UnityCatalog


class KnownRoutines:
    """What Unity Catalog has of functions; letter case doesn't matter."""

    def __init__(
        self,
        unity_catalog: UnityCatalog,
        table: Callable[[ThreePartName], ThreePartName | None],
    ) -> None:
        """
        Args:
            table: finds the name of a table or view as it was made, in any letter case.
        """
        self._functions, self._tables = unity_catalog.functions, unity_catalog.tables
        self._table = table

    def found(self, name: ThreePartName) -> dict[str, Any] | None:
        """A function as Unity Catalog shows it; None where there is none."""
        full = self.spelt(name)
        try:
            return None if full is None else {**self._functions.get(full), "full_name": full}
        except NotFound:  # dropped just now
            return None

    def spelt(self, name: ThreePartName) -> str | None:
        """The full name of a function as it was made; None where there is none."""
        known, wanted = self._functions.all_names(), str(name).lower()
        return next((one for one in known if one.lower() == wanted), None)

    def names(self, catalog: str, schema: str) -> list[str]:
        """Full names of the functions in a schema; none where there is no such schema."""
        begin = f"{catalog}.{schema}.".lower()
        return [one for one in self._functions.all_names() if one.lower().startswith(begin)]

    def columns_of(self, node: exp.Table) -> list[str]:
        """Names of the columns of a table, a view or what a search finds, in small letters.

        None where they aren't known.
        """
        if isinstance(node.this, exp.Func):
            if isinstance(node.this, exp.Explode):
                return ["pos", "col"] if isinstance(node.this, exp.Posexplode) else ["col"]
            if isinstance(node.this, exp.Anonymous) and node.this.name.lower() == "range":
                return ["id"]
            named = {str(one.this.name).lower(): one for one in node.this.find_all(exp.Kwarg)}
            full = named["index"].expression.name if "index" in named else ""
        else:
            name = self._table(ThreePartName(*(part.name for part in node.parts)))
            full = "" if name is None else str(name)
        try:
            return [str(one["name"]).lower() for one in self._tables.get(full)["columns"]]
        except VitrineError:
            return []

    def missing(self, name: ThreePartName, session: Session) -> NotFound:
        """What to raise for a name that no function has."""
        near = meant(str(name), self.names(name.catalog, name.schema))
        hint = f" Did you mean {' or '.join(near)}?" if near else ""
        shown = ".".join(f"`{part}`" for part in (name.catalog, name.schema, name.name))
        return NotFound(
            f"[UNRESOLVED_ROUTINE] Cannot resolve routine {shown} on search path "
            f"[`system`.`builtin`, `system`.`session`, `{session.catalog}`.`{session.schema}`].{hint}"
        )
