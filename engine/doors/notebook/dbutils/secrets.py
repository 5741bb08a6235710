"""Secrets, from the environment: VITRINE_SECRET_SCOPE_KEY. Knows names; not what they open."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from engine.doors.notebook.dbutils.refusing import Refusing
from engine.errors import NotFound

_PREFIX = "VITRINE_SECRET_"


@dataclass(frozen=True)
class SecretMetadata:
    """That a secret is there. key: its name, as the environment has it."""

    key: str


def secret_variable(scope: str, key: str = "") -> str:
    """The variable of a secret: `VITRINE_SECRET_KV_SHOP_API_TOKEN` for `kv-shop` and `api-token`."""
    return _PREFIX + "_".join(re.sub(r"\W", "_", part).upper() for part in (scope, key))


class Secrets(Refusing):
    """`dbutils.secrets`."""

    called = "dbutils.secrets"

    def __init__(self, environ: Mapping[str, str], hidden: set[str]) -> None:
        """
        Args:
            hidden: gets each value that was asked for, which is then never shown.
        """
        self._environ, self._hidden = environ, hidden

    def get(self, scope: str, key: str) -> str:
        """A secret's value.

        Raises:
            NotFound: names the variable that should hold it.
        """
        variable = secret_variable(scope, key)
        value = self._environ.get(variable)
        if not value:
            raise NotFound(
                f"there is no secret {key!r} in scope {scope!r}. Secrets come from the environment "
                f"here: set {variable}."
            )
        self._hidden.add(value)
        return value

    def getBytes(self, scope: str, key: str) -> bytes:  # noqa: N802
        """A secret's value in UTF-8."""
        return self.get(scope, key).encode()

    def list(self, scope: str) -> list[SecretMetadata]:
        """The secrets of a scope, by the names that the environment has for them."""
        start = secret_variable(scope)
        return [
            SecretMetadata(name.removeprefix(start).lower())
            for name in sorted(self._environ)
            if name.startswith(start)
        ]
