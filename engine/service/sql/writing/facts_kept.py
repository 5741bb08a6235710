"""Comments, owners and properties that statements change: what Unity Catalog keeps, and no rows."""

from __future__ import annotations

from engine.core.names import ThreePartName
from engine.errors import BadStatement
from engine.service.sql.language.forms.facts import (
    CommentOn,
    DropConstraint,
    Facts,
    SetOwner,
    UnsetProperties,
)
from engine.service.sql.language.forms.words import Name
from engine.service.sql.relations import Relations
from engine.service.sql.session import Session
from engine.service.sql.writing.schemas import Schemas
from engine.service.unity_catalog import UnityCatalog


class FactsKept:
    """Carries out COMMENT ON, SET OWNER TO, UNSET TBLPROPERTIES and DROP CONSTRAINT."""

    def __init__(self, relations: Relations, schemas: Schemas, unity_catalog: UnityCatalog) -> None:
        self._relations, self._schemas, self._catalog = relations, schemas, unity_catalog

    def run(self, asked: Facts, session: Session) -> None:
        """Carry one out.

        Raises:
            NotFound: nothing has the name. BadStatement: a column or a property that isn't there.
        """
        if isinstance(asked, UnsetProperties):
            self._unset(asked, session)
        elif isinstance(asked, DropConstraint):
            self._drop_constraint(asked, session)
        elif isinstance(asked, SetOwner):
            self._update(asked.kind, asked.name, session, owner=asked.owner)
        elif isinstance(asked, CommentOn) and asked.kind == "COLUMN":
            self._comment_on_column(asked, session)
        else:
            self._update(asked.kind, asked.name, session, comment=asked.text)

    def _update(
        self,
        kind: str,
        name: Name,
        session: Session,
        comment: str | None = None,
        owner: str | None = None,
    ) -> None:
        catalog = name[0] if len(name) == 2 else session.catalog
        if kind == "CATALOG":
            self._schemas.check_catalog(name[-1])
            self._catalog.catalogs.update(name[-1], comment=comment, owner=owner)
        elif kind == "SCHEMA":
            self._schemas.describe(catalog, name[-1])  # refuses what isn't there, in SQL's words
            self._catalog.schemas.update(f"{catalog}.{name[-1]}", comment=comment, owner=owner)
        elif kind == "VOLUME":
            self._catalog.volumes.update(str(session.full_name(name)), comment=comment, owner=owner)
        else:
            self._catalog.tables.update(
                str(self._table(name, session)), comment=comment, owner=owner
            )

    def _table(self, name: Name, session: Session) -> ThreePartName:
        """The name as its table, view or index spells it. Raises NotFound."""
        full_name = session.full_name(name)
        found = self._relations.found(full_name)
        if found is None and not self._catalog.tables.schema_has(full_name):
            raise self._relations.missing(full_name)
        return found or full_name

    def _comment_on_column(self, asked: CommentOn, session: Session) -> None:
        name = str(self._table(asked.name[:-1], session))
        names = [one["name"] for one in self._catalog.tables.get(name)["columns"]]
        found = next((one for one in names if one.lower() == asked.name[-1].lower()), None)
        if found is None:
            raise BadStatement(
                f"[UNRESOLVED_COLUMN] {asked.name[-1]!r:.80} is no column of {name}, which has "
                f"{', '.join(names)}."
            )
        self._catalog.tables.update(name, column_comments={found: asked.text})

    def _unset(self, asked: UnsetProperties, session: Session) -> None:
        name = str(self._table(asked.name, session))
        known = self._catalog.tables.get(name).get("properties", {})
        missing = [key for key in asked.keys if key not in known]
        if missing and not asked.lenient:
            raise BadStatement(
                f"[UNSET_NONEXISTENT_PROPERTIES] {name} has no property {missing[0]!r:.80}; it has "
                f"{', '.join(sorted(known)) or 'none'}. Say IF EXISTS to pass over it."
            )
        self._catalog.tables.update_columns(name, {}, without=asked.keys)

    def _drop_constraint(self, asked: DropConstraint, session: Session) -> None:
        name, constraints = str(self._table(asked.name, session)), self._catalog.constraints
        known = [(kind, one["name"]) for each in constraints.of(name) for kind, one in each.items()]
        if asked.constraint is None:
            found = next((one for kind, one in known if kind == "primary_key_constraint"), None)
        else:
            found = next((one for _, one in known if one == asked.constraint), None)
        if found is not None or not asked.lenient:
            constraints.delete(name, found or asked.constraint or "PRIMARY KEY")
