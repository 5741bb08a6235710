"""Which device a workspace searches its vectors on, by its settings. Loads nothing."""

from __future__ import annotations

import re

from engine.errors import InvalidParameterValue
from engine.settings import Settings
from engine.store.segments.device.bounds import PRECISIONS
from engine.store.segments.device.search import SearchDevice, search_device

_CUDA = re.compile(r"cuda(:\d+)?")


def chosen_device(settings: Settings) -> SearchDevice | None:
    """The device that was asked for; None for the processor. Whether it is here shows at first use.

    Raises:
        InvalidParameterValue: `search_device` or `device_vectors` is none that there can be.
    """
    precision = next((each for each in PRECISIONS if each == settings.device_vectors), None)
    if precision is None:
        raise InvalidParameterValue(
            f"device_vectors is {settings.device_vectors!r}; expected {', '.join(PRECISIONS)}."
        )
    asked = settings.search_device
    if asked is not None and asked != "cpu" and not _CUDA.fullmatch(asked):
        raise InvalidParameterValue(f"search_device is {asked!r}; expected cpu, cuda or cuda:N.")
    name = settings.device if asked is None else asked
    if name is None or not _CUDA.fullmatch(name):
        return None
    return search_device(name, precision)
