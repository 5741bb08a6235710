"""Models from the Hugging Face hub: from its cache, else fetched where there is a network.

Knows the hub's client and the network; not what is in a repository.
"""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import getproxies

from engine.errors import ModelUnavailable
from engine.optional import require

_CLIENT = threading.RLock()  # whether the hub's client may use the network is the process's
_SECONDS_TO_CONNECT = 3.0
_PATTERNS = ["*.json", "*.safetensors", "open_clip_pytorch_model.bin"]  # what is asked of the hub
_ELSEWHERE = (
    "Copy the weights here and name them (ARCHITECTURE/FILE or local-dir:DIRECTORY), put the hub's "
    "cache in place (HF_HOME), or use the embedded model."
)


def from_hub(name: str, repository: str) -> Path:
    """The directory of a repository in the hub's cache, fetched if need be."""
    hub: Any = require("huggingface_hub", f"encoder {name!r}")
    try:
        try:
            return Path(
                hub.snapshot_download(repository, allow_patterns=_PATTERNS, local_files_only=True)
            )
        except hub.errors.LocalEntryNotFoundError:
            _check_network()
            with _CLIENT:
                return Path(hub.snapshot_download(repository, allow_patterns=_PATTERNS))
    except Exception as error:  # the hub's client has no common base for its errors
        raise _unavailable(name, error) from error


def cached_or_fetched(name: str, load: Callable[[], Any]) -> Any:
    """What `load` gives from the hub's cache alone; else, where there is a network, from the hub.

    Raises:
        ModelUnavailable: neither cached nor to be fetched; says what to do.
    """
    try:
        with contextlib.suppress(Exception), offline():
            return load()
        _check_network()
        with _CLIENT:
            return load()
    except Exception as error:  # the hub's client has no common base for its errors
        raise _unavailable(name, error) from error


@contextlib.contextmanager
def offline() -> Iterator[None]:
    """Keep the hub's client to its cache: without a network it would retry for a minute first."""
    constants: Any = require("huggingface_hub.constants", "the hub's cache")
    with _CLIENT:
        before = constants.HF_HUB_OFFLINE
        constants.HF_HUB_OFFLINE = True
        try:
            yield
        finally:
            constants.HF_HUB_OFFLINE = before


def _check_network() -> None:
    """Fail at once, with an OSError, where the hub can't be reached; a proxy is trusted."""
    constants: Any = require("huggingface_hub.constants", "the hub")
    hub = urlsplit(constants.ENDPOINT)
    if not constants.HF_HUB_OFFLINE and not getproxies():
        port = hub.port or (80 if hub.scheme == "http" else 443)
        socket.create_connection((hub.hostname, port), timeout=_SECONDS_TO_CONNECT).close()


def _unavailable(name: str, error: Exception) -> ModelUnavailable:
    reason = " ".join(str(error).split())
    return ModelUnavailable(
        f"encoder {name!r}: its weights are not on this machine and could not be fetched "
        f"({reason:.160}). {_ELSEWHERE}"
    )
