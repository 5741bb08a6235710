"""No private name of another package is used: a release may take it away without a word."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from support.inherited import File, defined, is_private
from support.needs import needs

pytestmark = pytest.mark.long
ROOT = Path(__file__).parents[2]
FILES = sorted(
    path for part in ("engine", "tests", "benchmarks") for path in (ROOT / part).rglob("*.py")
)
# What our own files call each other; a contestant has the name of the package that it is for.
OWN = {"engine", "benchmarks", "adapters", "embedded_model"}
OWN |= {path.stem for path in (ROOT / "tests").iterdir()}
OWN |= {
    path.stem
    for path in (ROOT / "benchmarks").rglob("*.py")
    if path.parent.name not in ("contestants", "servers")
}
TAKE_NAMES = {"getattr", "setattr", "hasattr", "delattr"}
DOTTED = re.compile(r"[A-Za-z_]\w*(\.\w+)+")


def is_foreign(module: str) -> bool:
    top = module.partition(".")[0]
    return top not in OWN and top not in sys.stdlib_module_names


def root_of(node: ast.AST | None) -> str | None:
    """The name that an expression begins with: `a` of `a.b(1)[2].c`."""
    while node is not None:
        if isinstance(node, ast.Name):
            return node.id
        if isinstance(node, ast.Constant) and isinstance(node.value, str):  # an annotation
            return node.value.partition(".")[0].partition("[")[0]
        if isinstance(node, (ast.Attribute, ast.Subscript, ast.Await)):
            node = node.value
        else:
            node = node.func if isinstance(node, ast.Call) else None
    return None


class Reader:
    """The private names of other packages that one file uses, as far as its text shows."""

    def __init__(self, tree: ast.AST, own: set[str]) -> None:
        self._nodes, self._own = list(ast.walk(tree)), own
        self._tops: set[str] = set()  # foreign packages by name
        self._foreign: set[str] = set()  # names that stand for something foreign
        self._imports()
        while self._spread():
            pass

    def _imports(self) -> None:
        for node in self._nodes:
            if isinstance(node, ast.Import):
                names = [(alias.name, alias.asname or alias.name) for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and node.module:
                names = [(node.module, alias.asname or alias.name) for alias in node.names]
            else:
                continue
            for module, name in names:
                if is_foreign(module):
                    self._tops.add(module.partition(".")[0])
                    self._foreign.add(name.partition(".")[0])

    def _spread(self) -> bool:
        """Follow foreign things into variables and arguments; whether any was new."""
        before = len(self._foreign)
        for node in self._nodes:
            if isinstance(node, ast.Assign) and root_of(node.value) in self._foreign:
                self._foreign |= {t.id for t in node.targets if isinstance(t, ast.Name)}
            elif isinstance(node, ast.withitem) and root_of(node.context_expr) in self._foreign:
                if isinstance(node.optional_vars, ast.Name):
                    self._foreign.add(node.optional_vars.id)
            elif isinstance(node, ast.arg) and root_of(node.annotation) in self._foreign:
                self._foreign.add(node.arg)
        return len(self._foreign) > before

    def found(self) -> Iterator[str]:
        for node in self._nodes:
            for name in (*self._of_imports(node), *self._of_names(node), *self._of_texts(node)):
                yield f"line {getattr(node, 'lineno', 0)}: {name}"

    def _of_imports(self, node: ast.AST) -> Iterator[str]:
        if isinstance(node, ast.Import):
            paths = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            paths = [f"{node.module}.{alias.name}" for alias in node.names]
        else:
            return
        yield from (p for p in paths if is_foreign(p) and any(map(is_private, p.split("."))))

    def _of_names(self, node: ast.AST) -> Iterator[str]:
        if isinstance(node, ast.Attribute) and is_private(node.attr):
            root, name = root_of(node.value), node.attr
        elif isinstance(node, ast.Call) and len(node.args) > 1 and self._takes_a_name(node.func):
            given = node.args[1]
            if not (isinstance(given, ast.Constant) and is_private(str(given.value))):
                return
            root, name = root_of(node.args[0]), str(given.value)
        else:
            return
        is_its_own = isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)
        is_its_own = is_its_own and root in ("self", "cls", "os", "sys")
        nobodys = not is_its_own and name not in self._own
        if root in self._foreign or nobodys:
            yield f"{root}: {name}"

    @staticmethod
    def _takes_a_name(function: ast.AST) -> bool:
        name = function.attr if isinstance(function, ast.Attribute) else root_of(function)
        return name in TAKE_NAMES

    def _of_texts(self, node: ast.AST) -> Iterator[str]:
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            top, *rest = node.value.split(".")
            dotted = DOTTED.fullmatch(node.value) is not None
            if dotted and top in KNOWN_TOPS | self._tops and any(map(is_private, rest)):
                yield node.value


KNOWN_TOPS = {"databricks", "duckdb", "faiss", "open_clip", "pyarrow", "torch", "starlette"}
Uses = Callable[[ast.AST], list[str]]


def parsed(path: Path) -> ast.AST:
    return ast.parse(path.read_text())


@pytest.fixture(scope="module")
def uses() -> Uses:
    """The private names of other packages that a text uses. It takes seconds to know our own."""
    own = set().union(*map(defined, map(parsed, FILES)))
    return lambda tree: [*Reader(tree, own).found(), *File(tree, is_foreign).found()]


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_private_name_of_another_package_is_used(path: Path, uses: Uses) -> None:
    assert uses(parsed(path)) == []


@pytest.mark.parametrize(
    "code",
    [
        "import torch._inductor",
        "import _duckdb",
        "from databricks.sdk.errors.parser import _Parser",
        "from databricks.sdk.service._internal import wait",
        "import torch\ntorch._foreach_lerp_([], [], 1)",
        "import pyarrow as pa\npa.lib._thing()",
        "from databricks.sdk import WorkspaceClient\nw = WorkspaceClient()\nw.files._config = 1",
        "from databricks.sdk import WorkspaceClient\ndef f(w: WorkspaceClient): w.files._config",
        "from databricks.sdk import WorkspaceClient\ndef f(w: 'WorkspaceClient'): w._config",
        "import duckdb\nwith duckdb.connect() as c:\n    c._config()",
        "def test(sdk): sdk.files._open_download_stream",
        "def f(w): getattr(w.api_client, '_api_client_of_theirs', None)",
        "import requests\ndef f(patch): patch.setattr(requests, '_config', 1)",
        "def f(patch): patch.setattr('databricks.sdk.core._BaseClient', 1)",
        "import uvicorn\nserver = uvicorn.Server(1)\nother = server.x\nother._config",
        "class A:\n    def f(self): self.client._api_of_theirs",
        "from sqlglot.parser import Parser\nclass A(Parser):\n    def f(self): self._advance()",
        "from sqlglot.parser import Parser\nclass A(Parser):\n    def _parse_version(self): 1",
        "from sqlglot.parser import Parser\nclass A(Parser):\n    def f(self): super()._retreat(1)",
        "import sqlglot\nclass A(sqlglot.Parser):\n    def f(self): return self._tokens",
        "from sqlglot import Dialect\nclass A(Dialect.parser_class):\n    _parse_set = 1",
        "from sqlglot.parser import Parser\nB = Parser\nclass A(B):\n    pass\n"
        "class C(A):\n    _parse_set: int = 1",
        "def f():\n    from torch import nn\n    class A(nn.Module):\n        _call_impl = 1",
        "from pyspark.sql import SparkSession\nclass A(SparkSession):\n    def f(self): self._jvm",
        "from engine.spark.frames.saving import TableWriter\n"
        "class A(TableWriter):\n    def f(self): self._jwrite",
        "from not_installed import Base\nclass A(Base):\n    def f(self): self._theirs()",
        "def f(kind):\n    class A(kind):\n        def f(self): self._theirs()",
    ],
)
def test_what_it_must_find(code: str, uses: Uses) -> None:
    _need_classes_of(code)
    assert uses(ast.parse(code)), code


@pytest.mark.parametrize(
    "code",
    [
        "from engine.store.segments.inverted_index import InvertedIndex\nKeywordIndex._make()",
        "import os\nos._exit(0)",
        "class A:\n    def f(self): return self._anything_at_all",
        "import torch\ntorch.__version__",
        "def f(index): index._workspace.path",
        "import torch\nx = {'_embedding': torch.zeros(1)}",
        "from torch import nn\nclass A(nn.Module):\n    def f(self): self._of_ours",
        "class A(ValueError):\n    def f(self): self._of_ours",
        "from not_installed import B\nclass A(B):\n    def f(self): self._ours = self._ours",
        "from engine.spark.frames.saving import TableWriter\n"
        "class A(TableWriter):\n    def f(self): self._frame",
    ],
)
def test_what_it_must_let_pass(code: str, uses: Uses) -> None:
    _need_classes_of(code)
    assert uses(ast.parse(code)) == [], code


def _need_classes_of(code: str) -> None:
    """What a class inherits is read from the package itself."""
    if "from torch import" in code:
        needs("clip")
