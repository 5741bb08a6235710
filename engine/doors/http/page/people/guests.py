"""The visitor as a user of the workspace: a cookie that says who it is, and what it likes.

The cookie holds a secret of its own; the user's id is a digest of it, so that who reads the list of
users can't pass for another visitor. It says nothing of rights: whoever may see the page may like.
Cookies don't know ports, so its name does.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from engine.errors import VitrineError
from engine.workspace import Workspace

NAME, SEGMENT = "Guest", "guest"  # of a visitor among users
_SECRET = re.compile(r"[0-9a-f]{32}")
_SECONDS = 365 * 24 * 3600


@dataclass(frozen=True)
class Guest:
    """A visitor.

    Attributes:
        secret: what its cookie holds. is_new: whether it has no cookie yet.
    """

    secret: str
    is_new: bool

    @property
    def user_id(self) -> str:
        """Its id among the users."""
        return f"guest_{hashlib.blake2b(self.secret.encode(), digest_size=8).hexdigest()}"

    def likes(self, workspace: Workspace) -> frozenset[str]:
        """Keys of the products that it likes, as text; none where they can't be read."""
        if self.is_new:
            return frozenset()
        try:
            return frozenset(map(str, workspace.liked_products(self.user_id)))
        except VitrineError:
            return frozenset()  # the view of people says why; others go on


def guest_of(request: Request) -> Guest:
    """Who looks; one without a cookie, or with one that can't be, is new."""
    secret = request.cookies.get(_cookie(request), "")
    known = bool(_SECRET.fullmatch(secret))
    return Guest(secret if known else secrets.token_hex(16), not known)


def remember(response: Response, request: Request, guest: Guest) -> None:
    """Give a visitor its cookie."""
    response.set_cookie(
        _cookie(request),
        guest.secret,
        max_age=_SECONDS,
        secure=request.scope["scheme"] == "https",
        httponly=True,
        samesite="strict",
    )


def forget(response: Response, request: Request) -> None:
    """Take the cookie away."""
    response.delete_cookie(_cookie(request))


def _cookie(request: Request) -> str:
    port = request.headers.get("host", "").rpartition(":")[2]
    return (
        f"vitrine_guest_{port if port.isascii() and port.isdecimal() else request.scope['scheme']}"
    )
