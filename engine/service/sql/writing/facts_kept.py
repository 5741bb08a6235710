"""Comments, owners, tags and properties that statements change: what Unity Catalog keeps, no rows."""

from __future__ import annotations

from collections.abc import Mapping

from engine.core.names import ThreePartName, table_name
from engine.errors import BadStatement, NotFound, ResourceConflict
from engine.service.catalogs.changes.grants import PRIVILEGES, Grant
from engine.service.sql.language.forms.facts import (
    CommentOn,
    DropConstraint,
    Facts,
    SetOwner,
    UnsetProperties,
)
from engine.service.sql.language.forms.grants import OfGrants
from engine.service.sql.language.forms.tags import ChangeTags
from engine.service.sql.language.forms.words import Name
from engine.service.sql.relations import Relations
from engine.service.sql.session import Session
from engine.service.sql.writing.column_rules.checks import property_of
from engine.service.sql.writing.schemas import Schemas
from engine.service.unity_catalog import UnityCatalog
from engine.store.securable_files import Tagged


class FactsKept:
    """Carries out COMMENT ON, SET OWNER TO, SET and UNSET TAGS, UNSET TBLPROPERTIES, DROP CONSTRAINT."""

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
        elif isinstance(asked, ChangeTags):
            self._change_tags(asked, session)
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
        column = self._column(name, asked.name[-1])
        self._catalog.tables.update(name, column_comments={column: asked.text})

    def _column(self, table: str, asked: str) -> str:
        """The name of a column as its table spells it. Raises BadStatement."""
        names = [str(one["name"]) for one in self._catalog.tables.get(table)["columns"]]
        found = next((one for one in names if one.lower() == asked.lower()), None)
        if found is None:
            raise BadStatement(
                f"[UNRESOLVED_COLUMN] {asked!r:.80} is no column of {table}, which has "
                f"{', '.join(names)}."
            )
        return found

    def _change_tags(self, asked: ChangeTags, session: Session) -> None:
        kind, name = self._tagged(asked.kind, asked.name, session)
        column = None if asked.column is None else self._column(name, asked.column)
        if asked.strict:
            kept = self._catalog.tags.of(kind, name)
            there = kept.own if column is None else kept.columns.get(column, {})
            _check_there(asked, name if column is None else f"{name}.{column}", there)
        if asked.given:
            self._catalog.tags.set(kind, name, dict(asked.given), column)
        else:
            self._catalog.tags.unset(kind, name, asked.gone, column)

    def _tagged(self, kind: str, name: Name, session: Session) -> tuple[Tagged, str]:
        """What is tagged, by its full name. Raises NotFound; BadStatement for what has no tags."""
        if kind == "CATALOG":
            self._schemas.check_catalog(name[-1])
            return "catalogs", name[-1]
        if kind == "SCHEMA":
            catalog = name[0] if len(name) == 2 else session.catalog
            self._schemas.check(catalog, name[-1])
            return "schemas", f"{catalog}.{name[-1]}"
        if kind == "VOLUME":
            full_name = str(session.full_name(name))
            self._catalog.volumes.get(full_name)  # refuses what isn't there
            return "volumes", full_name
        if kind == "COLUMN":
            raise BadStatement(
                f"[PARSE_SYNTAX_ERROR] Tags of column {'.'.join(name):.80} are set by ALTER TABLE table "
                "ALTER COLUMN column SET TAGS (...)."
            )
        return "tables", str(self._table(name, session))

    # ------------------------------------------------------------------ grants
    def grants(self, asked: OfGrants, session: Session) -> list[Grant]:
        """Carry out GRANT or REVOKE, which answer nothing, or find what SHOW GRANTS tells of.

        Raises:
            NotFound: no such thing. BadStatement: a privilege that nobody has on such a thing.
        """
        kind, name = self._granted_on(asked, session)
        known = PRIVILEGES[kind]
        for one in asked.privileges:
            if one not in known:
                raise BadStatement(
                    f"[INVALID_PRIVILEGE] {one:.80} is no privilege on a {kind}; those are "
                    f"{', '.join(sorted(known))}."
                )
        kept, who = self._catalog.grants, asked.principal
        if asked.action == "SHOW":
            found = kept.affecting(kind, name)
            return [one for one in found if who is None or one.principal.lower() == who.lower()]
        change = kept.grant if asked.action == "GRANT" else kept.revoke
        change(kind, name, who or "", asked.privileges)
        return []

    def _granted_on(self, asked: OfGrants, session: Session) -> tuple[str, str]:
        """The kind and the full name of what is granted on; a view is one also where TABLE is said."""
        if asked.kind == "FUNCTION":
            name = str(session.full_name(asked.name))
            return "FUNCTION", str(self._catalog.functions.get(name)["full_name"])
        _, name = self._tagged(asked.kind, asked.name, session)
        if asked.kind in ("TABLE", "VIEW"):
            is_view = self._relations.views.exists(table_name(name))
            return "VIEW" if is_view else "TABLE", name
        return asked.kind, name

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
        elif self._drop_check(name, asked.constraint):
            return
        else:
            found = next((one for _, one in known if one == asked.constraint), None)
        if found is not None or asked.constraint is None:
            if found is not None or not asked.lenient:
                constraints.delete(name, found or "PRIMARY KEY")
        elif not asked.lenient:
            raise NotFound(
                f"[DELTA_CONSTRAINT_DOES_NOT_EXIST] Cannot drop nonexistent constraint "
                f"{asked.constraint!r:.80} from table {name}. To avoid throwing an error, say IF EXISTS."
            )

    def _drop_check(self, table: str, constraint: str) -> bool:
        """Take a CHECK constraint off a table; whether there was one of this name."""
        key = property_of(constraint)
        held = [one for one in self._catalog.tables.properties(table) if one.lower() == key]
        if held:
            self._catalog.tables.update_columns(table, {}, without=held)
        return bool(held)


def _check_there(asked: ChangeTags, name: str, there: Mapping[str, str]) -> None:
    """Refuse to set a tag that a thing has, and to take one that it lacks.

    Raises:
        ResourceConflict: it has the tag. NotFound: it lacks it.
    """
    for tag, _ in asked.given:
        if tag in there:
            raise ResourceConflict(
                f"{name} has the tag {tag!r:.80} already, with the value {there[tag]!r:.80}. Say UNSET "
                "TAG ON first, or ALTER ... SET TAGS, which gives it another value."
            )
    for tag in asked.gone:
        if tag not in there:
            raise NotFound(
                f"{name} has no tag {tag!r:.80}; it has {', '.join(sorted(there)) or 'none'}."
            )
