"""Variables of the environment for a block, and afterwards as they were: they are the application's."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Iterator, Mapping


@contextlib.contextmanager
def kept(names: Iterable[str]) -> Iterator[None]:
    """Whatever becomes of these variables in the block, they are as before when it ends."""
    before = {name: os.environ.get(name) for name in names}
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


@contextlib.contextmanager
def set_to(variables: Mapping[str, str]) -> Iterator[None]:
    """Variables with these values in the block; what is started in it inherits them."""
    with kept(variables):
        os.environ.update(variables)
        yield
