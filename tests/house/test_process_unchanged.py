"""Nothing of the process is changed for good: each operation in a fresh process, before and after.

Also with several threads at once, whose before and after are then those of all. The packages that an
operation may load take longer than it: one process imports them, and forks for each operation.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from support.needs import needs

STATE = '''
import decimal, locale, logging, mimetypes, multiprocessing, os, random, signal, socket, sys, threading
import warnings
import contextlib, importlib, importlib.util
import faiss, numpy

torch = importlib.import_module("torch") if importlib.util.find_spec("torch") else None

def logging_state():
    names = [None, "uvicorn", "uvicorn.error", "uvicorn.access", "uvicorn.asgi", "engine"]
    loggers = {n: logging.getLogger(n) for n in names}
    return {
        n: (logger.level, list(logger.handlers), logger.propagate, list(logger.filters))
        for n, logger in loggers.items()
    } | {"disabled": logging.root.manager.disable, "all": len(logging._handlers) and None}

def torch_state():
    return {
        "torch random": torch.random.get_rng_state().tolist(),
        "torch threads": (torch.get_num_threads(), torch.get_num_interop_threads()),
        "torch modes": (torch.is_grad_enabled(), torch.is_inference_mode_enabled()),
        "torch kinds": (torch.get_default_dtype(), torch.are_deterministic_algorithms_enabled()),
    }

def state():
    """Everything that a library could change for its host, by what it is."""
    return {
        "environment": dict(os.environ),
        "folder": os.getcwd(),
        "path": list(sys.path),
        "finders": list(sys.meta_path),
        "hooks": list(sys.path_hooks),
        "filters": list(warnings.filters),
        "showwarning": warnings.showwarning,
        "signals": {n: signal.getsignal(n) for n in signal.valid_signals()},
        "excepthooks": (sys.excepthook, threading.excepthook, sys.unraisablehook),
        "switch": sys.getswitchinterval(),
        "recursion": sys.getrecursionlimit(),
        "locale": locale.setlocale(locale.LC_ALL),
        "random": random.getstate(),
        "numpy random": repr(numpy.random.get_state()),
        "numpy errors": numpy.geterr(),
        **(torch_state() if torch else {}),
        "faiss threads": faiss.omp_get_max_threads(),
        "logging": logging_state(),
        "types": dict(mimetypes.types_map),
        "start method": multiprocessing.get_start_method(allow_none=True),
        "decimal": repr(decimal.getcontext()),
        "timeout": socket.getdefaulttimeout(),
        "socket": dict(vars(socket.socket)),
        "umask": os.umask(0o22),
    }

def differences(before, after):
    return {name: (before[name], after[name]) for name in before if before[name] != after[name]}
'''
SETUP = """
mimetypes.init()
faiss.omp_set_num_threads(2)
if torch:
    torch.manual_seed(5)
numpy.random.seed(5), random.seed(5)
import pyarrow as pa
from engine import Workspace, load_encoder, mock
from engine.shop.demo import sample_dir
"""
SETTLE = """
import onnxruntime, duckdb, tantivy, uvicorn, fastapi, PIL.Image
for extra in ("open_clip", "deltalake", "databricks.sdk", "pandas"):
    with contextlib.suppress(ModuleNotFoundError):
        importlib.import_module(extra)
"""
NEEDS = {
    "mock": "clients",
    "encoders": "clip",
    "texts": "text",
    "tables": "delta",
    "tools": "mcp",
    "notebook": "notebook",
}
MANY = """
rng = numpy.random.default_rng(0)
def shelf(workspace, name, rows=3000):
    vectors = rng.standard_normal((rows, 32)).astype("float32")
    table = pa.table({"id": range(rows), "text": [f"red dress {n}" for n in range(rows)],
                      "v": vectors.tolist()})
    workspace.write_table(name, table)
    return vectors
"""
OPERATIONS = {
    "build": """
def operation(n):
    workspace = Workspace(f"{folder}/{n}")
    workspace.build(sample_dir() / "styles.csv", sample_dir() / "images", limit_photos=3)
    workspace.search("red dress", k=2)
    workspace.search(image=str(next((sample_dir() / "images").glob("*.jpg"))), k=2).to_html()
""",
    "search": MANY
    + """
def operation(n):
    workspace = Workspace(f"{folder}/{n}")
    vectors = shelf(workspace, "t")
    workspace.create_index("main.a.i", source_table="t", vector_column="v", primary_key="id",
                           create_endpoint=True)
    workspace.create_endpoint("words", "STORAGE_OPTIMIZED")
    workspace.create_index("main.a.w", source_table="t", primary_key="id", endpoint="words",
                           index_subtype="FULL_TEXT")
    from engine import VectorSearchClient

    client = VectorSearchClient(workspace=workspace)
    by_vector, by_word = (client.get_index(index_name=f"main.a.{name}") for name in "iw")
    ask = dict(columns=["id"], num_results=3)
    for extra in ({}, {"filters": {"id <": 5}}, {"query_text": "red", "query_type": "HYBRID"}):
        by_vector.similarity_search(query_vector=vectors[0].tolist(), **ask, **extra)
    by_word.similarity_search(query_text="red dress", query_type="FULL_TEXT", **ask)
    workspace.similarity_search_batch("main.a.i", query_vectors=vectors[:50].tolist(), **ask)
    shelf(workspace, "t", 3100)
    workspace.sync("main.a.i")
    workspace.compact_index("main.a.i")
    workspace.delete_index("main.a.w")
""",
    "serve": """
def operation(n):
    from engine.doors.http.server import BackgroundServer
    import http.client

    with BackgroundServer(Workspace(f"{folder}/{n}"), None) as server:
        connection = http.client.HTTPConnection(server.url.removeprefix("http://"))
        connection.request("GET", "/health")
        assert connection.getresponse().status == 200
        connection.close()
""",
    "mock": """
def operation(n):
    with mock() as workspace:
        from databricks.vector_search.client import VectorSearchClient

        VectorSearchClient().list_endpoints()
""",
    "encoders": """
def operation(n):
    for name in ("embedded", "hashed", "RN50/untrained"):
        encoder = load_encoder(name)
        encoder.encode_texts(["a red dress"])
        encoder.encode_images([(sample_dir() / "images").glob("*.jpg").__next__().read_bytes()])
        encoder.fingerprint
    for unknown in ("ViT-B32", "ViT-B-32", "ViT-B-32/none"):
        try:
            load_encoder(unknown).fingerprint
        except Exception as error:
            assert "ViT-B-32" in str(error)
""",
    "texts": """
def operation(n):
    workspace = Workspace(f"{folder}/{n}")
    workspace.write_table("t", pa.table({"id": [1, 2], "text": ["red dress", "what is learning?"]}))
    workspace.create_index("main.a.i", source_table="t", source_column="text", primary_key="id",
                           model_endpoint="databricks-gte-large-en", create_endpoint=True)
    reply = workspace.query_index("main.a.i", columns=["id"], query_text="learning")
    assert reply["result"]["data_array"][0][0] == 2
""",
    "tables": """
def operation(n):
    import deltalake, pyarrow.parquet

    workspace = Workspace(f"{folder}/{n}")
    workspace.write_table("t", pa.table({"id": [1, 2]}))
    pyarrow.parquet.write_table(pa.table({"id": [1]}), f"{folder}/{n}.parquet")
    workspace.register_table("p", f"{folder}/{n}.parquet")
    deltalake.write_deltalake(f"{folder}/{n}.delta", pa.table({"id": [1]}))
    workspace.register_table("d", f"{folder}/{n}.delta")
    for name in workspace.list_tables():
        workspace.read_table(name)
""",
    "tools": """
def operation(n):
    from engine.doors.http.server import BackgroundServer
    import http.client, json

    workspace = Workspace(f"{folder}/{n}")
    workspace.write_table("main.a.t", pa.table({"id": [1, 2], "text": ["red dress", "blue hat"]}))
    workspace.create_index("main.a.i", source_table="main.a.t", source_column="text",
                           primary_key="id", model_endpoint="clip-multimodal-encoder",
                           create_endpoint=True)
    with BackgroundServer(workspace, None) as server:
        connection = http.client.HTTPConnection(server.url.removeprefix("http://"))
        params = {"name": "main__a__i", "arguments": {"query": "red dress"}}
        message = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}
        connection.request("POST", "/api/2.0/mcp/vector-search/main/a", json.dumps(message),
                           {"Content-Type": "application/json"})
        assert b"red dress" in connection.getresponse().read()
        connection.close()
""",
    "notebook": """
def operation(n):
    from pathlib import Path
    from engine.doors.notebook.asked import Asked
    from engine.doors.notebook.process import run_notebook

    file = Path(folder, f"{n}.py")
    cell = "import os; os.chdir('/'); os.environ['X'] = '1'; open('/Volumes/a/b/c/d', 'w')"
    file.write_text(f"# Databricks notebook source\\n{cell}\\n")
    assert run_notebook(Asked(str(file), f"{folder}/{n}")) == 1
""",
}
RUN = """
before = state()
{work}
changed = differences(before, state())
assert not changed, changed
print("unchanged")
"""
ONE = "operation(0)"
THREADS = """
from concurrent.futures import ThreadPoolExecutor
with ThreadPoolExecutor(3) as pool:
    list(pool.map(operation, range(3)))
"""


FORKS = """
import gc, json, traceback

gc.freeze()
for line in sys.stdin:
    code, folder = json.loads(line)
    child = os.fork()
    if child == 0:
        signal.alarm(400)
        files = open(os.devnull), open(f"{folder}/printed", "w"), open(f"{folder}/told", "w")
        for descriptor, file in enumerate(files):
            os.dup2(file.fileno(), descriptor)
        try:
            exec(code)
        except BaseException:
            traceback.print_exc()
        sys.stdout.flush()
        os._exit(0)
    os.waitpid(child, 0)
    print("ended", flush=True)
"""
Run = Callable[[str, Path], None]


def process(code: str) -> list[str]:
    return [sys.executable, "-W", "ignore", "-c", code]


def check(printed: str, told: str) -> None:
    assert printed.splitlines()[-1:] == ["unchanged"], printed + told


@pytest.fixture(scope="module")
def run() -> Iterator[Run]:
    """Runs code in a process that has just imported the other packages.

    What those do to a process while they are imported is theirs to say.
    """
    command = process(STATE + SETUP + SETTLE + FORKS)
    with subprocess.Popen(command, stdin=-1, stdout=-1, text=True) as server:
        assert server.stdin and server.stdout
        asked, ended = server.stdin, server.stdout

        def run_in_fork(code: str, folder: Path) -> None:
            print(json.dumps([code, str(folder)]), file=asked, flush=True)
            assert ended.readline() == "ended\n"
            check(*((folder / name).read_text() for name in ("printed", "told")))

        yield run_in_fork
        asked.close()  # and so it ends


@pytest.mark.parametrize("name", OPERATIONS)
@pytest.mark.parametrize("work", [ONE, THREADS], ids=["alone", "in threads"])
def test_an_operation_leaves_the_process_as_it_was(
    name: str, work: str, run: Run, tmp_path: Path
) -> None:
    if name in NEEDS:
        needs(NEEDS[name])
    run(OPERATIONS[name] + RUN.format(work=work), tmp_path)


def test_import_engine_changes_nothing() -> None:
    work = "import engine\nfor n in dir(engine): getattr(engine, n)"
    code = STATE + "mimetypes.init()" + RUN.format(work=work)
    done = subprocess.run(process(code), capture_output=True, text=True, timeout=400, check=False)
    check(done.stdout, done.stderr)
