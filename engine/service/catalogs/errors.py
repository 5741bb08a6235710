"""What Unity Catalog refuses, in its own codes and words. Knows no files.

Truth: the codes of the cloud's clients, and refusals that their users have published: what is missing is
404, a name that is taken or a thing that is not empty is 400.
"""

from __future__ import annotations

from engine.errors import BadRequest, InvalidParameterValue, NotFound, ResourceConflict


class CatalogNotFound(NotFound):
    """No catalog has this name."""

    error_code = "CATALOG_DOES_NOT_EXIST"


class SchemaNotFound(NotFound):
    """No schema has this name."""

    error_code = "SCHEMA_DOES_NOT_EXIST"


class TableNotFound(NotFound):
    """Neither a table nor an index has this name."""

    error_code = "TABLE_DOES_NOT_EXIST"


class VolumeNotFound(NotFound):
    """No volume has this name."""

    error_code = "NOT_FOUND"


class CatalogExists(ResourceConflict):
    """A catalog has this name."""

    error_code = "CATALOG_ALREADY_EXISTS"
    status_code = 400


class SchemaExists(ResourceConflict):
    """A schema has this name."""

    error_code = "SCHEMA_ALREADY_EXISTS"
    status_code = 400


class TableExists(ResourceConflict):
    """A table or an index has this name."""

    error_code = "TABLE_ALREADY_EXISTS"
    status_code = 400


class CatalogNotEmpty(BadRequest):
    """Schemas are in the catalog."""

    error_code = "CATALOG_NOT_EMPTY"


class SchemaNotEmpty(BadRequest):
    """Tables, volumes or functions are in the schema."""

    error_code = "SCHEMA_NOT_EMPTY"


class DeletedElsewhere(InvalidParameterValue):
    """An index is listed as a table, and is deleted as an index."""

    def __init__(self, name: str, is_direct_access: bool) -> None:
        kind = "DIRECT" if is_direct_access else "REPLICA"
        super().__init__(
            f"Securable `{name}` of kind TABLE_ONLINE_VECTOR_INDEX_{kind} cannot be deleted because it "
            "has a parent of kind SCHEMA_STANDARD which is read only."
        )
        self.details = [
            {
                "@type": "type.googleapis.com/google.rpc.ErrorInfo",
                "reason": "UPDATE_OR_DELETE_FORBIDDEN_FOR_FOREIGN_SECURABLE",
                "domain": "unity-catalog.databricks.com",
                "metadata": {},
            }
        ]
