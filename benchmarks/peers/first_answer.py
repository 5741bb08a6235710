"""How long until a fresh process has answered its first query? Started and timed by `measure`.

python first_answer.py CONTESTANT STORE QUERIES
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import numpy as np
from adapters import adapter_of


def main() -> None:
    name, store, queries = sys.argv[1:]
    contestant = adapter_of(name)()
    contestant.open(Path(store))
    rows = contestant.search(np.load(queries, mmap_mode="r")[0], 20, None)
    print(len(rows), flush=True)
    os._exit(0)  # what a library does when it is taken down is not part of the question


if __name__ == "__main__":
    main()
