"""Routes by which the API's clients find out where to log in, and do. Knows OAuth's forms; not sessions.

Truth: what `databricks-sdk` and `databricks-ai-search` ask for with a client id and a client secret.
"""

from __future__ import annotations

import base64
import uuid
from urllib.parse import parse_qs

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from engine.doors.http.credentials import TOKEN_SECONDS, Credentials
from engine.doors.http.guard import name_operation

WORKSPACE_ID = "1000000000000001"
_ACCOUNT = str(uuid.uuid5(uuid.NAMESPACE_URL, "vitrine"))


def routes(credentials: Credentials | None) -> list[Route]:
    """The routes; `credentials` is None where no one has to log in."""

    async def token(request: Request) -> JSONResponse:
        name_operation(request, "login_token")
        form = parse_qs((await request.body()).decode("utf-8", "replace"))
        return _granted(credentials, request, form)

    well_known = "/.well-known/oauth-authorization-server"
    return [
        Route("/.well-known/databricks-config", _config),
        Route(f"/oidc{well_known}", _discovery),
        Route(well_known, _discovery),
        Route("/oidc/v1/token", token, methods=["POST"]),
    ]


async def _config(request: Request) -> JSONResponse:
    name_operation(request, "login_config")
    found = {
        "oidc_endpoint": f"{_base(request)}/oidc",
        "account_id": _ACCOUNT,
        "workspace_id": WORKSPACE_ID,
        "cloud": "AWS",
    }
    return JSONResponse(found)


async def _discovery(request: Request) -> JSONResponse:
    name_operation(request, "login_discovery")
    base = _base(request)
    found = {
        "issuer": f"{base}/oidc",
        "authorization_endpoint": f"{base}/oidc/v1/authorize",
        "token_endpoint": f"{base}/oidc/v1/token",
        "grant_types_supported": ["client_credentials"],
        "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
    }
    return JSONResponse(found)


def _granted(
    credentials: Credentials | None, request: Request, form: dict[str, list[str]]
) -> JSONResponse:
    """An access token for a client id and its secret, or the refusal in OAuth's form."""
    grant = form.get("grant_type", [""])[0]
    if grant != "client_credentials":
        text = f"grant_type is {grant!r:.80}; expected client_credentials."
        return _refused(400, "unsupported_grant_type", text)
    client_id, client_secret = _client(request, form)
    if credentials is not None and not credentials.is_client(client_id, client_secret):
        return _refused(401, "invalid_client", "Client authentication failed")
    access = credentials.new_access_token() if credentials is not None else "none-needed"
    granted = {
        "access_token": access,
        "token_type": "Bearer",
        "expires_in": TOKEN_SECONDS,
        "scope": form.get("scope", ["all-apis"])[0],
    }
    return JSONResponse(granted, headers={"Cache-Control": "no-store"})


def _base(request: Request) -> str:
    return str(request.base_url).rstrip("/")


def _client(request: Request, form: dict[str, list[str]]) -> tuple[str, str]:
    """Client id and secret, from the header or the form."""
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "basic":
        try:
            text = base64.b64decode(given, validate=True).decode()
        except ValueError:  # not ASCII, not base64, or not UTF-8
            return "", ""
        client_id, _, client_secret = text.partition(":")
        return client_id, client_secret
    return form.get("client_id", [""])[0], form.get("client_secret", [""])[0]


def _refused(status: int, error: str, description: str) -> JSONResponse:
    return JSONResponse({"error": error, "error_description": description}, status_code=status)
