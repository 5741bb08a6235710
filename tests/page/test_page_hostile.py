"""What others send to the page: odd addresses and headers, too much of anything, other sites' forms."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from support.browser import served_page
from support.server import CREDENTIALS

from engine import Workspace
from engine.errors import InvalidParameterValue
from engine.shop.page.address import MOST_CHOICES, MOST_LETTERS, read_address, whole_number
from engine.shop.search.terms import MAX_TERMS

SAFE = {
    "content-security-policy": "default-src 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}


@pytest.fixture(scope="module")
def guarded(shop: Workspace) -> Iterator[str]:
    with served_page(shop, CREDENTIALS) as url:
        yield url


def sent(method: str, url: str, headers: dict[str, str] | None = None) -> httpx.Response:
    return httpx.request(method, url, headers=headers or {}, trust_env=False)


def is_safe(reply: httpx.Response) -> bool:
    return all(reply.headers.get(name, "").startswith(value) for name, value in SAFE.items())


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/?offset=x",
        "/people/",
        "/people/nobody",
        "/page/photos/1",
        "/page/photos/nothing",
        "/page/map/points",
        "/page/map/lit",
        "/page/static/x/page.js",
        "/page/static/x/nothing",
        "/page/given/nothing",
        "/page/nothing",
        "/login",
    ],
)
@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "OPTIONS"])
def test_every_answer_of_the_page_has_the_headers_that_keep_it_safe(
    address: str, guarded: str, method: str, path: str
) -> None:
    assert is_safe(sent(method, f"{address}{path}"))
    assert is_safe(sent(method, f"{guarded}{path}"))
    assert is_safe(sent(method, f"{address}{path}", {"Origin": "null"}))


@pytest.mark.parametrize("number", ["0" * 12 + "9" * 20, "0" * 12 + "9" * 5000, "٣"])
@pytest.mark.parametrize(
    "path", ["/?offset=", "/page/more?q=a&offset=", "/people/me?earlier=", "/page/map/product?row="]
)
def test_a_number_with_thousands_of_digits_is_refused_in_words(
    address: str, path: str, number: str
) -> None:
    reply = sent("GET", f"{address}{path}{number}")
    assert reply.status_code == 400 and "expected" in reply.text


def test_a_number_is_read_however_many_zeros_lead_it() -> None:
    assert whole_number("0" * 5000 + "12", 99) == 12 and whole_number("0", 5) == 0
    assert whole_number("", 9) is None and whole_number("-1", 9) is None


@pytest.mark.parametrize("referer", ["http://[", "http://[::1", "//", "http://a:b:c"])
def test_a_page_that_names_no_address_as_its_own_is_answered(
    address: str, guarded: str, referer: str
) -> None:
    form = {"product": "1", "on": "0"}
    liked = httpx.post(
        f"{address}/people/like", data=form, headers={"Referer": referer}, trust_env=False
    )
    assert liked.status_code == 303 and liked.headers["location"] == "/people/me"
    asked = {"HX-Request": "true", "HX-Current-URL": referer}
    reply = sent("GET", f"{guarded}/", asked)
    assert reply.status_code == 401 and reply.headers["hx-redirect"] == "/login?next=%2F"


def test_whoever_signs_in_is_led_to_no_other_address(guarded: str) -> None:
    for page in (f"{guarded}//evil.example/", "javascript:alert(1)", "http://evil.example/a"):
        reply = sent("GET", f"{guarded}/", {"HX-Request": "true", "HX-Current-URL": page})
        assert reply.headers["hx-redirect"] == "/login?next=%2F"


def test_another_sites_page_signs_nobody_out(guarded: str) -> None:
    reply = sent("POST", f"{guarded}/logout", {"Origin": "http://127.0.0.1:1"})
    assert reply.status_code == 403 and "set-cookie" not in reply.headers
    assert sent("POST", f"{guarded}/logout", {"Origin": guarded}).status_code == 204


TOO_MUCH = {
    "terms": "&".join(["term=text:a"] * (MAX_TERMS + 1)),
    "choices": "&".join(f"is.gender={n}" for n in range(MOST_CHOICES + 1)),
    "columns": "&".join(f"is.c{n}=1" for n in range(5000)),
    "words": f"q={'a' * (MOST_LETTERS + 1)}",
}


@pytest.mark.parametrize("query", TOO_MUCH.values(), ids=list(TOO_MUCH))
@pytest.mark.parametrize("path", ["/", "/page/more", "/map", "/inside/query", "/page/as-code"])
def test_an_address_with_thousands_of_parts_is_refused_at_once(
    address: str, path: str, query: str
) -> None:
    reply = sent("GET", f"{address}{path}?{query}")
    assert reply.status_code == 400 and "at most" in reply.text and len(reply.text) < 100_000


def test_an_address_may_have_as_many_parts_as_can_be_searched_for() -> None:
    terms = [("term", f"text:{n}") for n in range(MAX_TERMS)]
    chosen = [("is.color", str(n)) for n in range(MOST_CHOICES)]
    asked = read_address([*terms, *chosen, *[("term", " ")] * 1000])
    assert len(asked.terms) == MAX_TERMS and len(asked.chosen["color"]) == MOST_CHOICES
    with pytest.raises(InvalidParameterValue, match="at most 32"):
        read_address([*terms, ("term", "text:a")])


@pytest.mark.parametrize(
    "charset", ["punycode", "unicode_escape", "hex", "utf-8; charset=punycode", '"puny"']
)
def test_a_form_in_letters_that_no_browser_sends_is_refused(address: str, charset: str) -> None:
    """Decoding a megabyte of punycode takes minutes, in which nobody else is answered."""
    field = b'--x\r\nContent-Disposition: form-data; name="q"\r\n\r\n\\ud800-a\r\n--x--\r\n'
    kind = {"Content-Type": f"multipart/form-data; boundary=x; charset={charset}"}
    for path in ("/page/given", "/people/like"):
        reply = httpx.post(f"{address}{path}", content=field, headers=kind, trust_env=False)
        assert reply.status_code == 400 and "expected UTF-8" in reply.text
    kind["Content-Type"] = "multipart/form-data; boundary=x; charset=UTF-8"
    reply = httpx.post(f"{address}/page/given", content=field, headers=kind, trust_env=False)
    assert "No photo was given" in reply.text


def test_a_photo_for_which_the_disk_has_no_room_is_refused_in_words(
    address: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "gone"))
    photo = {"picture": ("a.jpg", b"\xff" * (2 << 20))}
    reply = httpx.post(f"{address}/page/given", files=photo, trust_env=False)
    assert reply.status_code == 500 and "<!doctype" in reply.text
    assert "The file can&#39;t be put into" in reply.text


def test_another_sites_page_makes_a_browser_ask_for_nothing_that_costs(address: str) -> None:
    for site in ("cross-site", "same-site"):
        asked = {"Sec-Fetch-Site": site, "Sec-Fetch-Dest": "image"}
        reply = sent("GET", f"{address}/inside/validation", asked)
        assert reply.status_code == 403 and "another server" in reply.text and is_safe(reply)
        assert sent("GET", f"{address}/", {**asked, "Sec-Fetch-Dest": "iframe"}).status_code == 403
        followed = sent("GET", f"{address}/", {**asked, "Sec-Fetch-Dest": "document"})
        assert followed.status_code == 200, "a link leads here from anywhere"
    for site in ("same-origin", "none"):
        asked = {"Sec-Fetch-Site": site, "Sec-Fetch-Dest": "image"}
        assert sent("GET", f"{address}/page/photos/1", asked).status_code == 200
