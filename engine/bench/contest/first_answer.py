"""How long until a fresh process has answered its first query: the process, started by `Contest.start`.

python -m engine.bench.contest.first_answer NAME FILE STORE CATALOGUE PIPE    (FILE "-": a bundled one)
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import numpy as np

from engine.bench.contest.entrants import Entrant
from engine.bench.contest.schema import Schema

K = 20


def main() -> None:
    """Open, ask once, write the keys that came to the pipe, and end without being taken down."""
    name, file, store, folder, pipe = sys.argv[1:]
    entrant = Entrant(name, None if file == "-" else Path(file))
    schema = Schema(**json.loads((Path(folder) / "schema.json").read_text()))
    contestant = entrant.load()(schema)
    contestant.open(Path(store))
    rows = contestant.search(np.load(Path(folder) / "queries.npy", mmap_mode="r")[0], K, None)
    keys = [int(row[schema.key]) for row in rows]  # type: ignore[call-overload]
    os.write(int(pipe), f"{json.dumps(keys)}\n".encode())
    os._exit(0)  # what a library does when it is taken down is not part of the question


if __name__ == "__main__":
    main()
