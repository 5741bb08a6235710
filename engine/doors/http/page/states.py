"""The state of a workspace, where something could not be shown. Gathers; says nothing itself."""

from __future__ import annotations

import shlex

from engine.errors import BadSourceFile, CorruptFile, NotFound, VitrineError
from engine.shop.names import PRODUCTS
from engine.shop.page.problems import Problem, problem_of
from engine.workspace import Workspace


def lacks_products(workspace: Workspace, error: VitrineError) -> bool:
    """Whether something was not found because there is no table of products at all."""
    return isinstance(error, NotFound) and PRODUCTS not in workspace.list_tables()


def contents(workspace: Workspace) -> dict[str, object]:
    """What is there beside the table of products, which is not."""
    return {
        "folder": shlex.quote(str(workspace.path)),
        "products": PRODUCTS,
        "tables": workspace.list_tables(),
        "indexes": [index["name"] for index in workspace.list_indexes()],
    }


def problem(workspace: Workspace, error: VitrineError) -> Problem:
    """An error, and what to do."""
    indexes: list[str] = []
    is_damaged = False
    if isinstance(error, NotFound):
        indexes = [index["name"] for index in workspace.list_indexes()]
    elif isinstance(error, (BadSourceFile, CorruptFile)):
        is_damaged = PRODUCTS in workspace.damaged_tables()
    return problem_of(error, shlex.quote(str(workspace.path)), indexes, is_damaged)
