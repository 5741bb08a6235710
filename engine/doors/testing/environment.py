"""Variables of the environment by which the cloud's clients find a host and log in. Knows names."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping

# Variables that clients read and that would lead them elsewhere; a prefix, or a whole name.
_FOREIGN = re.compile(
    r"DATABRICKS_.*|DB_MODEL_SERVING_.*|IS_IN_(DB|DATABRICKS)_MODEL_SERVING_ENV|ARM_.*"
    r"|GOOGLE_CREDENTIALS|MLFLOW_TRACKING_(URI|TOKEN|USERNAME|PASSWORD)"
)
# A proxy on this machine would carry a call away that seems to be one to this machine.
_PROXY = re.compile(r"(HTTPS?|ALL|FTP)_PROXY", re.IGNORECASE)
# Of two ways to log in, the SDK wants one named: a token, as a client without arguments needs one.
_OF_TWO = "pat"
_HOST = "https://vitrine-mock.invalid"  # a name that no machine has, by RFC 6761


def with_only_login(environ: Mapping[str, str], login: Mapping[str, str]) -> dict[str, str | None]:
    """The changes after which a login is the only one in an environment.

    Args:
        login: variables to be set.

    Returns:
        new values by name, None for a variable that is to go.
    """
    # The null device is a file of profiles that holds none.
    changes: dict[str, str | None] = {name: None for name in environ if _FOREIGN.fullmatch(name)}
    return {**changes, "DATABRICKS_CONFIG_FILE": os.devnull, **login}


def for_server(url: str, auth: str, credentials: Mapping[str, str]) -> dict[str, str | None]:
    """The changes that lead clients to a server on this machine, whatever proxy there is.

    Args:
        auth: "oauth" for a client id and its secret, "token" for a token, "any" for both.
        credentials: `token`, `client_id` and `client_secret`.
    """
    login = {"DATABRICKS_HOST": url, "DATABRICKS_WORKSPACE_URL": url}
    if auth != "oauth":
        login["DATABRICKS_TOKEN"] = credentials["token"]
    if auth != "token":
        login["DATABRICKS_CLIENT_ID"] = credentials["client_id"]
        login["DATABRICKS_CLIENT_SECRET"] = credentials["client_secret"]
    if auth == "any":
        login["DATABRICKS_AUTH_TYPE"] = _OF_TWO
    for name in ("NO_PROXY", "no_proxy"):
        through = [os.environ[name]] if os.environ.get(name) else []
        login[name] = ",".join([*through, "127.0.0.1", "localhost"])
    return with_only_login(os.environ, login)


def for_mock(environ: Mapping[str, str]) -> dict[str, str | None]:
    """The changes after which clients find a host that is nowhere, and no secret."""
    login = {
        "DATABRICKS_HOST": _HOST,
        "DATABRICKS_WORKSPACE_URL": _HOST,
        "DATABRICKS_TOKEN": "vitrine-mock",
        "DATABRICKS_CLIENT_ID": "vitrine-mock",
        "DATABRICKS_CLIENT_SECRET": "vitrine-mock",
        "DATABRICKS_AUTH_TYPE": _OF_TWO,
    }
    proxies: dict[str, str | None] = {name: None for name in environ if _PROXY.fullmatch(name)}
    return {**proxies, **with_only_login(environ, login)}
