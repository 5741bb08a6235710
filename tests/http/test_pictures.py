"""Pictures for pages: their types and tags, who may see which, and what a browser must not run."""

from __future__ import annotations

import io
import os
import ssl
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from PIL import Image
from starlette.testclient import TestClient
from support.needs import needs
from support.server import CREDENTIALS, announced

from engine import Workspace
from engine.doors.http import credentials as kept
from engine.doors.http.app import create_app
from engine.doors.http.credentials import Credentials
from engine.doors.http.volumes.media_types import media_type_of
from engine.doors.http.volumes.public import PublicVolumes, public_paths
from engine.errors import InvalidInputException

AJAX = "/ajax-api/2.0/fs/files"
PHOTOS, PUBLIC = "/Volumes/main/shop/photos", "/Volumes/main/shop/public"
BEARER = {"Authorization": f"Bearer {CREDENTIALS.token}"}


def picture(form: str, **options: Any) -> bytes:
    stream = io.BytesIO()
    Image.new("RGB", (9, 9), "red").save(stream, form, **options)
    return stream.getvalue()


JPEG = picture("JPEG")


@pytest.fixture
def shop(workspace: Workspace, tmp_path: Path) -> Workspace:
    for volume, name in ((PHOTOS, "photos"), (PUBLIC, "public")):
        folder = tmp_path / name
        (folder / "more").mkdir(parents=True)
        for place in (folder / "a.jpg", folder / "more" / "b.jpg"):
            place.write_bytes(JPEG)
        workspace.register_volume(volume, folder)
    return workspace


@pytest.fixture
def client(shop: Workspace) -> Iterator[TestClient]:
    app = create_app(shop, CREDENTIALS, public_volumes=(PUBLIC,))
    with TestClient(app, base_url="http://127.0.0.1:8765", follow_redirects=False) as made:
        yield made


def refused(reply: httpx.Response, status: int = 401) -> bool:
    assert JPEG not in reply.content
    body = reply.json()
    assert body["message"] and body["details"][0]["request_id"] == reply.headers["x-request-id"]
    return reply.status_code == status


# ---------------------------------------------------------------------- what is answered
def test_a_picture_comes_with_all_that_a_page_needs(client: TestClient) -> None:
    got = client.get(f"{AJAX}{PHOTOS}/a.jpg", headers=BEARER)
    assert (got.status_code, got.content) == (200, JPEG)
    assert got.headers["content-type"] == "image/jpeg"
    assert got.headers["content-length"] == str(len(JPEG))
    assert got.headers["cache-control"] == "private, no-cache"
    assert got.headers["x-content-type-options"] == "nosniff"
    assert got.headers["content-disposition"] == "inline; filename*=UTF-8''a.jpg"
    assert got.headers["etag"].startswith('"')
    head = client.head(f"{AJAX}{PHOTOS}/a.jpg", headers=BEARER)
    assert (head.status_code, head.content) == (200, b"")
    varying = ("x-request-id", "date")
    assert [item for item in head.headers.items() if item[0] not in varying] == [
        item for item in got.headers.items() if item[0] not in varying
    ]


FORMS = [
    ("JPEG", "image/jpeg"), ("PNG", "image/png"), ("GIF", "image/gif"), ("WEBP", "image/webp"),
    ("BMP", "image/bmp"), ("TIFF", "image/tiff"), ("ICO", "image/x-icon"), ("AVIF", "image/avif"),
]  # fmt: skip


@pytest.mark.parametrize(("form", "expected"), FORMS)
def test_pictures_are_told_by_their_bytes(form: str, expected: str) -> None:
    try:
        data = picture(form)
    except (KeyError, OSError):  # this Pillow came without AVIF
        data = b"\0\0\0\x1cftypavif\0\0\0\0avif"
    for name in ("a.jpg", "a.html", "a", "a.svg"):
        assert media_type_of(data[:1024], name) == expected


@pytest.mark.parametrize(
    "text",
    ["<svg/>", "<svg xmlns='http://www.w3.org/2000/svg'></svg>", "\ufeff <svg\n>",
     "<?xml version='1.0'?>\n<!-- a > b -->\n<!DOCTYPE svg PUBLIC '-//W3C//DTD SVG 1.1//EN'>\n<svg >"],
)  # fmt: skip
def test_drawings_are_told_too(text: str) -> None:
    assert media_type_of(text.encode(), "a.txt") == "image/svg+xml"


@pytest.mark.parametrize(
    "head",
    [b"<!---->" * 146, b"<!-- a -->\n" * 93, b"<!DOCTYPE svg>" * 73, b" " * 1024, b"<?xml >" * 146],
)
def test_comments_without_a_drawing_are_told_at_once(head: bytes) -> None:
    started = time.process_time()
    assert media_type_of(head[:1024], "a.svg") == "application/octet-stream"
    assert media_type_of(b"<!-- --" + head[:1017], "a.svg") == "application/octet-stream"
    assert media_type_of(b"<!---->" * 100 + b"<svg>", "a.svg") == "image/svg+xml"
    assert time.process_time() - started < 1


@pytest.mark.parametrize(
    ("head", "name", "expected"),
    [
        (b"<!doctype html><script>", "a.jpg", "application/octet-stream"),
        (b"<html>", "a.html", "application/octet-stream"),
        (b"<html><svg >", "a.svg", "application/octet-stream"),
        (b"alert(1)", "a.js", "application/octet-stream"),
        (b"<a xmlns='http://www.w3.org/1999/xhtml'>", "a.xhtml", "application/octet-stream"),
        (b"<?xml version='1.0'?><a/>", "a.xml", "application/octet-stream"),
        (b"", "a.png", "application/octet-stream"),
        (b"", "", "application/octet-stream"),
        (b"BMW is a make of cars, and no picture", "cars.txt", "text/plain"),
        (b"a,b\n1,2\n", "A.CSV", "text/csv"),
        (b"\x1f\x8b", "a.csv.gz", "application/octet-stream"),
        (b"<svgx>", "a.svg", "application/octet-stream"),
        (b"{}", "a.json", "application/json"),
        (b"%PDF-1.7", "a.pdf", "application/pdf"),
        (b"\0\0\0\x18ftypmp42", "a.mp4", "video/mp4"),
        (b"PAR1", "a.b.parquet\n", "application/octet-stream"),
    ],
)
def test_what_a_browser_would_run_never_has_a_type(head: bytes, name: str, expected: str) -> None:
    assert media_type_of(head, name) == expected


def test_what_is_no_picture_is_saved_and_what_is_one_runs_nothing(
    client: TestClient, tmp_path: Path
) -> None:
    (tmp_path / "public" / 'ä ".html').write_text("<script>alert(1)</script>")
    (tmp_path / "public" / "a.svg").write_text("<svg xmlns='x'><script>alert(1)</script></svg>")
    page = client.get(f'{AJAX}{PUBLIC}/ä ".html')
    assert page.headers["content-type"] == "application/octet-stream"
    assert page.headers["content-disposition"] == "attachment; filename*=UTF-8''%C3%A4%20%22.html"
    drawing = client.get(f"{AJAX}{PUBLIC}/a.svg")
    assert drawing.headers["content-type"] == "image/svg+xml"
    for reply in (page, drawing):
        assert reply.headers["x-content-type-options"] == "nosniff"
        assert reply.headers["content-security-policy"] == (
            "default-src 'none'; style-src 'unsafe-inline'; sandbox"
        )


def test_a_page_that_has_it_is_told_so(client: TestClient, tmp_path: Path) -> None:
    place = f"{AJAX}{PUBLIC}/a.jpg"
    first = client.get(place)
    etag = first.headers["etag"]
    for given in (etag, f"W/{etag}", f'"other", {etag}', "*"):
        for method in ("GET", "HEAD"):
            reply = client.request(method, place, headers={"If-None-Match": given})
            assert (reply.status_code, reply.content) == (304, b"")
            assert reply.headers["etag"] == etag
            assert reply.headers["cache-control"] == "private, no-cache"
    for given in ('"other"', etag.strip('"'), ""):
        assert client.get(place, headers={"If-None-Match": given}).status_code == 200
    since = {"If-Modified-Since": first.headers["last-modified"]}
    assert client.get(place, headers=since).status_code == 304
    assert client.get(place, headers={**since, "If-None-Match": '"other"'}).status_code == 200
    assert client.get(place, headers={"If-Modified-Since": "nonsense"}).status_code == 200


def test_the_tag_changes_with_the_bytes_whatever_the_times_say(
    client: TestClient, tmp_path: Path
) -> None:
    file, place = tmp_path / "public" / "a.jpg", f"{AJAX}{PUBLIC}/a.jpg"
    found = file.stat()
    tags = [client.get(place).headers["etag"]]
    time.sleep(0.02)  # more than a tick of the disk's clock
    file.write_bytes(JPEG[:-1] + b"x")  # in place, as long as before
    os.utime(file, ns=(found.st_atime_ns, found.st_mtime_ns))
    tags.append(client.get(place).headers["etag"])
    other = tmp_path / "public" / "other"
    other.write_bytes(JPEG)
    os.utime(other, ns=(found.st_atime_ns, found.st_mtime_ns))
    other.replace(file)
    tags.append(client.get(place).headers["etag"])
    assert len(set(tags)) == 3
    assert client.get(place).headers["etag"] == tags[-1]


def test_parts_are_sent(client: TestClient) -> None:
    place = f"{AJAX}{PUBLIC}/a.jpg"
    etag = client.get(place).headers["etag"]
    part = client.get(place, headers={"Range": "bytes=2-5", "If-Range": etag})
    assert (part.status_code, part.content) == (206, JPEG[2:6])
    assert part.headers["content-range"] == f"bytes 2-5/{len(JPEG)}"
    assert part.headers["content-type"] == "image/jpeg"
    whole = client.get(place, headers={"Range": "bytes=2-5", "If-Range": '"other"'})
    assert (whole.status_code, whole.content) == (200, JPEG)
    behind = client.get(place, headers={"Range": f"bytes={len(JPEG)}-"})
    assert behind.headers["content-range"] == f"bytes */{len(JPEG)}" and refused(behind, 416)


def test_a_query_that_a_page_adds_against_caches_changes_nothing(client: TestClient) -> None:
    assert client.get(f"{AJAX}{PUBLIC}/a.jpg?v=2").content == JPEG


def test_files_stay_closed_whatever_is_answered(client: TestClient) -> None:
    place, before = f"{AJAX}{PUBLIC}/a.jpg", len(os.listdir("/proc/self/fd"))
    etag = client.get(place).headers["etag"]
    for headers in ({}, {"If-None-Match": etag}, {"Range": "bytes=99999-"}, {"Range": "bytes=1-"},
                    {"If-Unmodified-Since": "Mon, 01 Jan 2001 00:00:00 GMT"}):  # fmt: skip
        client.get(place, headers=headers)
        client.head(place, headers=headers)
    assert len(os.listdir("/proc/self/fd")) == before


# ---------------------------------------------------------------------- who may see what
def test_without_credentials_only_what_is_public_is_seen(client: TestClient) -> None:
    assert client.get(f"{AJAX}{PUBLIC}/a.jpg").content == JPEG
    assert client.get(f"{AJAX}{PUBLIC}/more/b.jpg").content == JPEG
    assert refused(client.get(f"{AJAX}{PUBLIC}/none.jpg"), 404)
    assert refused(client.get(f"{AJAX}{PUBLIC}/more"), 404)
    for path in (f"{PHOTOS}/a.jpg", f"{PHOTOS}/none.jpg", f"{PUBLIC}s/a.jpg", "/Volumes/a", "/x"):
        assert refused(client.get(AJAX + path)), path
        assert client.head(AJAX + path).status_code == 401
    text = client.get(f"{AJAX}{PHOTOS}/a.jpg").json()["message"]
    assert "/login" in text and "--public-volumes" in text


def test_a_wrong_token_is_refused_and_a_right_one_sees_all(client: TestClient) -> None:
    assert refused(client.get(f"{AJAX}{PHOTOS}/a.jpg", headers={"Authorization": "Bearer wrong"}))
    assert client.get(f"{AJAX}{PHOTOS}/a.jpg", headers=BEARER).content == JPEG
    assert refused(client.get(f"{AJAX}{PHOTOS}/none.jpg", headers=BEARER), 404)
    assert refused(client.get(f"{AJAX}/etc/passwd", headers=BEARER), 400)


ESCAPES = [
    f"{PUBLIC}/../photos/a.jpg", f"{PUBLIC}/%2e%2e/photos/a.jpg", f"{PUBLIC}/..%2fphotos%2fa.jpg",
    f"{PUBLIC}%2f..%2fphotos/a.jpg", f"{PUBLIC}/more/../../photos/a.jpg", f"{PUBLIC}/..\\photos\\a.jpg",
    f"{PUBLIC}/out.jpg", f"{PUBLIC}/folder/a.jpg", f"{PUBLIC}/%00/a.jpg", f"{PUBLIC}/./../photos/a.jpg",
    f"//{PUBLIC}//..//photos//a.jpg", f"{PUBLIC}/%252e%252e/photos/a.jpg", f"{PUBLIC}/%ff/a.jpg",
]  # fmt: skip


@pytest.mark.parametrize("path", ESCAPES)
def test_no_path_leads_out_of_what_is_public(client: TestClient, tmp_path: Path, path: str) -> None:
    (tmp_path / "public" / "out.jpg").symlink_to(tmp_path / "photos" / "a.jpg")
    (tmp_path / "public" / "folder").symlink_to(tmp_path / "photos")
    app, asked = client.app, []

    async def raw(scope: Any, receive: Any, send: Any) -> None:  # a client that tidies no path
        if scope["type"] == "http":
            from urllib.parse import unquote

            scope = {**scope, "raw_path": (AJAX + path).encode(), "path": unquote(AJAX + path)}
            asked.append(scope["path"])
        await app(scope, receive, send)

    with TestClient(raw, base_url="http://127.0.0.1:8765") as untidy:
        reply = untidy.get("/")
        assert asked and reply.status_code in (400, 401, 404), reply.text
        assert JPEG not in reply.content


def test_a_public_folder_does_not_show_what_lies_beside_it(workspace: Workspace) -> None:
    own = workspace.path / "volumes" / "main" / "shop" / "v"
    for name in ("open", "closed"):
        (own / name).mkdir(parents=True)
        (own / name / "a.jpg").write_bytes(JPEG)
    (own / "open" / "link.jpg").symlink_to(own / "closed" / "a.jpg")
    (own / "open" / "fine.jpg").symlink_to(own / "open" / "a.jpg")
    public = PublicVolumes(workspace.volumes, ["/Volumes/main/shop/v/open"])
    assert public.covers("/Volumes/main/shop/v/open/a.jpg")
    assert public.covers("/Volumes/main/shop/v/open/fine.jpg")
    assert not public.covers("/Volumes/main/shop/v/open/link.jpg")
    assert not public.covers("/Volumes/main/shop/v/closed/a.jpg")
    assert not public.covers("/Volumes/main/shop/v")


def test_a_folder_registered_in_a_public_volume_is_public(
    workspace: Workspace, tmp_path: Path
) -> None:
    (tmp_path / "elsewhere").mkdir()
    workspace.register_volume("/Volumes/main/shop/v/more", tmp_path / "elsewhere")
    public = PublicVolumes(workspace.volumes, ["/Volumes/main/shop/v"])
    assert public.covers("/Volumes/main/shop/v/more/a.jpg")
    (tmp_path / "elsewhere" / "out").symlink_to(tmp_path)
    assert not public.covers("/Volumes/main/shop/v/more/out/a.jpg")


@pytest.mark.parametrize("method", ["PUT", "POST", "DELETE", "PATCH", "OPTIONS"])
def test_nothing_is_written_by_this_path(client: TestClient, tmp_path: Path, method: str) -> None:
    signed_in(client)
    for path in (f"{PUBLIC}/a.jpg", f"{PUBLIC}/new.jpg"):
        assert refused(client.request(method, AJAX + path)), "the cookie is for reading"
        assert refused(client.request(method, AJAX + path, headers=BEARER), 404)
    assert (tmp_path / "public" / "a.jpg").read_bytes() == JPEG
    assert not (tmp_path / "public" / "new.jpg").exists()


# ---------------------------------------------------------------------- signing in
def signed_in(client: TestClient) -> httpx.Response:
    reply = client.post("/login", data={"token": CREDENTIALS.token})
    assert reply.status_code == 303, reply.text
    return reply


def test_who_signed_in_sees_pictures_and_nothing_else(client: TestClient) -> None:
    cookie = signed_in(client).headers["set-cookie"]
    assert client.get(f"{AJAX}{PHOTOS}/a.jpg").content == JPEG
    name, _, attributes = cookie.partition("=")
    assert name == "vitrine_session_8765"
    assert CREDENTIALS.token not in cookie
    parts = {part.strip().lower() for part in attributes.split(";")[1:]}
    assert {"httponly", "samesite=strict", "path=/", "max-age=43200"} <= parts
    assert "secure" not in parts
    everywhere = {"Cookie": cookie.partition(";")[0]}
    value = everywhere["Cookie"].partition("=")[2]
    for method, path in (
        ("GET", "/api/2.0/vector-search/endpoints"),
        ("POST", "/api/2.0/vector-search/endpoints"),
        ("GET", f"/api/2.0/fs/files{PHOTOS}/a.jpg"),
        ("PUT", f"/api/2.0/fs/files{PUBLIC}/new.jpg"),
        ("GET", "/metrics"),
    ):
        assert refused(client.request(method, path, headers=everywhere)), path
        bearer = {"Authorization": f"Bearer {value}"}
        assert refused(client.request(method, path, headers=bearer)), path


def test_a_script_signs_in_and_out(client: TestClient) -> None:
    reply = client.post("/login", json={"token": CREDENTIALS.token})
    assert (reply.status_code, reply.content) == (204, b"")
    assert client.get(f"{AJAX}{PHOTOS}/a.jpg").content == JPEG
    assert client.post("/logout").status_code == 204
    assert refused(client.get(f"{AJAX}{PHOTOS}/a.jpg"))


@pytest.mark.parametrize("token", ["", "wrong", CREDENTIALS.client_secret, "tökén", "a\nb"])
def test_a_wrong_token_signs_nobody_in(client: TestClient, token: str) -> None:
    by_script = client.post("/login", json={"token": token})
    assert refused(by_script) and "set-cookie" not in by_script.headers
    by_form = client.post("/login", data={"token": token, "next": "/docs"})
    assert by_form.status_code == 401 and "set-cookie" not in by_form.headers
    assert 'method="post" action="/login"' in by_form.text and 'value="/docs"' in by_form.text
    assert not token or token not in by_form.text


def test_a_token_that_is_no_unicode_is_a_wrong_one(client: TestClient) -> None:
    headers = {"Content-Type": "application/json"}
    for token in (rb"\ud800", rb"vitrine-oauth.\ud800.\udfff", rb"vitrine-oauth.1.\ud800"):
        content = b'{"token": "' + token + b'"}'
        assert refused(client.post("/login", content=content, headers=headers), 401)


@pytest.mark.parametrize("path", ["/login", "/oidc/v1/token"])
def test_who_has_no_credentials_can_not_send_a_long_body(client: TestClient, path: str) -> None:
    long = b"a=b&" * 50_000
    for headers, content in (({}, long), (BEARER, iter([long[:9000]] * 9))):
        reply = client.post(path, content=content, headers=headers)
        assert refused(reply, 413) and "16,384 bytes" in reply.json()["message"]


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"token": 1}', b"\xff", b"[" * 9999])
def test_what_is_no_sign_in_is_said(client: TestClient, body: bytes) -> None:
    reply = client.post("/login", content=body, headers={"Content-Type": "application/json"})
    assert refused(reply, 400)


def test_the_form_leads_to_a_page_of_this_server_only(client: TestClient) -> None:
    for page, expected in (
        ("/docs?a=1", "/docs?a=1"),
        ("//evil.example/", None),
        ("/\\evil.example/", None),
        ("https://evil.example/", None),
        ("/a\r\nSet-Cookie: b=c", None),
        ("", None),
    ):
        reply = client.post("/login", data={"token": CREDENTIALS.token, "next": page})
        assert (reply.status_code, reply.headers["location"]) == (303, expected or "/")
    form = client.get("/login", params={"next": '/"><script>'})
    assert "<script>" not in form.text and 'value="/&#34;&gt;&lt;script&gt;"' in form.text
    assert "frame-ancestors 'none'" in form.headers["content-security-policy"]
    assert form.headers["cache-control"] == "no-store"


def test_a_session_ends(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    signed_in(client)
    session, now = CREDENTIALS.new_session(), time.time()
    monkeypatch.setattr(kept.time, "time", lambda: now + kept.SESSION_SECONDS - 5)
    assert CREDENTIALS.is_session(session)
    assert client.get(f"{AJAX}{PHOTOS}/a.jpg").status_code == 200
    monkeypatch.setattr(kept.time, "time", lambda: now + kept.SESSION_SECONDS + 5)
    assert not CREDENTIALS.is_session(session)
    assert refused(client.get(f"{AJAX}{PHOTOS}/a.jpg"))


def test_a_session_can_not_be_made_up() -> None:
    session = CREDENTIALS.new_session()
    until, _, signature = session.partition(".")
    _, access_until, access_signature = CREDENTIALS.new_access_token().split(".")
    for forged in (
        "", ".", "a.b", f"{int(until) + 1}.{signature}", f"{until}.{signature[:-1]}", f"{until}.é",
        f"{access_until}.{access_signature}", f"{session}.", CREDENTIALS.token, f"0{session}",
    ):  # fmt: skip
        assert not CREDENTIALS.is_session(forged), forged
    assert CREDENTIALS.is_session(session)
    assert not Credentials("t", "c", "another secret").is_session(session)


@pytest.mark.parametrize(
    ("host", "name"),
    [
        ("shop.local", "http"),
        ("[::1]", "http"),
        ("[::1]:80", "80"),
        ("a:b", "http"),
        ("a:²", "http"),
    ],
)
def test_the_cookie_has_a_name_for_each_server_of_a_machine(
    client: TestClient, host: str, name: str
) -> None:
    reply = client.post(
        "/login", json={"token": CREDENTIALS.token}, headers={"Host": host.encode()}
    )
    assert reply.headers["set-cookie"].startswith(f"vitrine_session_{name}=")


def test_where_everybody_is_let_in_nobody_signs_in(shop: Workspace) -> None:
    app = create_app(shop, None, loopback_only=True)
    with TestClient(app, base_url="http://127.0.0.1:8765") as client:
        reply = client.get(f"{AJAX}{PHOTOS}/a.jpg")
        assert reply.content == JPEG
        assert reply.headers["cross-origin-resource-policy"] == "same-site"
        assert "set-cookie" not in client.post("/login", json={"token": ""}).headers
        for headers in ({"Host": "evil.example"}, {"Origin": "https://evil.example"}):
            assert refused(client.get(f"{AJAX}{PHOTOS}/a.jpg", headers=headers), 403)


# ---------------------------------------------------------------------- the command
def test_names_and_paths_of_volumes_are_both_taken() -> None:
    given = [
        "main.shop.a, main.shop.b",
        "/Volumes/main/shop/c/",
        "/Volumes/main/shop/c//x",
        "main.shop.a",
    ]
    assert public_paths(given) == tuple(
        f"/Volumes/main/shop/{rest}" for rest in ("a", "b", "c", "c/x")
    )
    assert public_paths([]) == ()
    for wrong in (
        "",
        "main.shop",
        "main.shop.a,",
        "/Volumes/main",
        "/Volumes/m/s/v/../w",
        "/etc",
        "*",
    ):
        with pytest.raises(InvalidInputException, match="names no volume; expected"):
            public_paths([wrong])


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_page_over_https_sees_pictures(tmp_path: Path, workers: str) -> None:
    needs("https")
    workspace = Workspace(tmp_path / "w")
    for volume in (PHOTOS, PUBLIC):
        (tmp_path / volume.rpartition("/")[2]).mkdir()
        (tmp_path / volume.rpartition("/")[2] / "a.jpg").write_bytes(JPEG)
        workspace.register_volume(volume, tmp_path / volume.rpartition("/")[2])
    environ = {**os.environ, "VITRINE_ENCODER": "hashed", "VITRINE_TOKEN": CREDENTIALS.token}
    options = ["--https", "--workers", workers, "--public-volumes", f"main.shop.public,{PUBLIC}s"]
    with announced(tmp_path / "w", *options, env=environ) as (run, ready):
        context = ssl.create_default_context(cafile=ready["ca_bundle"])
        with httpx.Client(
            timeout=60, base_url=ready["url"], verify=context, trust_env=False
        ) as page:
            assert page.get(f"{AJAX}{PUBLIC}/a.jpg").content == JPEG
            assert page.get(f"{AJAX}{PHOTOS}/a.jpg").status_code == 401
            cookie = page.post("/login", json={"token": ready["token"]}).headers["set-cookie"]
            assert "; secure" in cookie.lower()
            for _ in range(4):
                assert page.get(f"{AJAX}{PHOTOS}/a.jpg").content == JPEG
        run.terminate()
        _, err = run.communicate(timeout=60)
    assert f"there is no volume {PUBLIC}s yet" in err
    assert '"operation": "picture", "status": 401' in err
