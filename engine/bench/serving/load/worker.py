"""The other end of `Client`: reads loads from standard input, and says what became of them."""

from __future__ import annotations

import pickle
import sys

from engine.bench.serving.load.generator import generate


def main() -> None:
    """Until the input ends."""
    asked, said = sys.stdin.buffer, sys.stdout.buffer
    while True:
        try:
            address, calls, load = pickle.load(asked)
        except EOFError:
            return
        try:
            found: object = generate(address, calls, load)
        except Exception as error:  # raised again by whoever asked
            found = error
        pickle.dump(found, said)
        said.flush()


if __name__ == "__main__":
    main()
