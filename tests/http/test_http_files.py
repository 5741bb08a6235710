"""The files API over HTTP: answers of the routes, and the real `w.files` against a running server."""

from __future__ import annotations

import contextlib
import gc
import http.client
import io
import json
import os
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.testclient import TestClient
from support.children import wait_until
from support.needs import needs

from engine import Workspace
from engine.doors.http.volumes.files import routes
from engine.service.volume_files import Files

if TYPE_CHECKING:
    from databricks.sdk import WorkspaceClient

VOLUME = "/Volumes/main/fashion_demo/uploads"
PHOTOS = "/Volumes/main/fashion_demo/raw_data/images"
DATA = bytes(range(256)) * 5000  # some pieces long
LARGEST = 3_000_000


@pytest.fixture
def photos(workspace: Workspace, tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    (folder / "more").mkdir(parents=True)
    (folder / "1.jpg").write_bytes(DATA)
    (folder / "ä b%2f#?.jpg").write_bytes(b"odd name")
    os.utime(folder / "1.jpg", (1_700_000_000.9, 1_700_000_000.9))
    (tmp_path / "secret.txt").write_bytes(b"secret")
    (folder / "link.jpg").symlink_to(tmp_path / "secret.txt")
    workspace.register_volume(PHOTOS, folder)
    return folder


@pytest.fixture
def app(workspace: Workspace, photos: Path) -> Starlette:
    return Starlette(routes=list(routes(workspace, largest_upload=LARGEST)))


@pytest.fixture
def client(app: Starlette) -> Iterator[TestClient]:
    with TestClient(app) as made:
        yield made


def of_file(path: str) -> str:
    return f"/api/2.0/fs/files{path}"


def of_directory(path: str) -> str:
    return f"/api/2.0/fs/directories{path}"


def code(response: Any) -> tuple[int, str]:
    body = response.json()
    assert set(body) == {"error_code", "message", "details"}
    assert body["details"][0]["request_id"]
    return response.status_code, body["error_code"]


# ---------------------------------------------------------------------- reading
def test_a_file_is_sent_with_its_length_type_and_time(client: TestClient) -> None:
    got = client.get(of_file(f"{PHOTOS}/1.jpg"))
    head = client.head(of_file(f"{PHOTOS}/1.jpg"))
    assert (got.status_code, got.content) == (200, DATA)
    assert (head.status_code, head.content) == (200, b"")
    for response in (got, head):
        assert response.headers["content-length"] == str(len(DATA))
        assert response.headers["content-type"] == "application/octet-stream"
        assert response.headers["last-modified"] == "Tue, 14 Nov 2023 22:13:20 GMT"
        assert response.headers["accept-ranges"] == "bytes"


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ("bytes=0-0", slice(0, 1)),
        ("bytes=5-9", slice(5, 10)),
        ("bytes=1048570-1048580", slice(1048570, 1048581)),
        ("bytes=100-", slice(100, None)),
        ("bytes=100-99999999", slice(100, None)),
        ("bytes=-7", slice(len(DATA) - 7, None)),
        ("bytes=-99999999", slice(0, None)),
    ],
)
def test_a_range_is_that_part_of_the_file(client: TestClient, asked: str, expected: slice) -> None:
    got = client.get(of_file(f"{PHOTOS}/1.jpg"), headers={"Range": asked})
    first, end, _ = expected.indices(len(DATA))
    assert (got.status_code, got.content) == (206, DATA[expected])
    assert got.headers["content-range"] == f"bytes {first}-{end - 1}/{len(DATA)}"
    assert got.headers["content-length"] == str(end - first)


@pytest.mark.parametrize(
    "asked", ["bytes=9-5", "bytes=a-b", "bytes=-", "rows=1-2", "bytes=0-1,3-4"]
)
def test_what_is_no_single_range_gets_the_whole_file(client: TestClient, asked: str) -> None:
    got = client.get(of_file(f"{PHOTOS}/1.jpg"), headers={"Range": asked})
    assert (got.status_code, got.content) == (200, DATA)


@pytest.mark.parametrize("asked", [f"bytes={len(DATA)}-", "bytes=99999999-999999999", "bytes=-0"])
def test_a_range_behind_the_end_is_refused(client: TestClient, asked: str) -> None:
    got = client.get(of_file(f"{PHOTOS}/1.jpg"), headers={"Range": asked})
    assert code(got) == (416, "INVALID_PARAMETER_VALUE")
    assert got.headers["content-range"] == f"bytes */{len(DATA)}"


def test_a_download_is_only_continued_of_the_file_that_it_began_with(client: TestClient) -> None:
    url, time_of_file = of_file(f"{PHOTOS}/1.jpg"), "Tue, 14 Nov 2023 22:13:20 GMT"
    earlier = "Tue, 14 Nov 2023 22:13:19 GMT"
    part = {"Range": "bytes=5-9"}
    assert client.get(url, headers={**part, "If-Unmodified-Since": time_of_file}).status_code == 206
    assert client.get(url, headers={**part, "If-Unmodified-Since": "nonsense"}).status_code == 206
    for ask in (client.get, client.head):
        assert ask(url, headers={"If-Unmodified-Since": earlier}).status_code == 412
    assert client.get(url, headers={**part, "If-Range": time_of_file}).content == DATA[5:10]
    assert client.get(url, headers={**part, "If-Range": earlier}).content == DATA


def test_an_empty_file_and_a_directory(client: TestClient) -> None:
    assert client.put(of_file(f"{VOLUME}/empty")).status_code == 204
    got = client.get(of_file(f"{VOLUME}/empty"))
    assert (got.status_code, got.content, got.headers["content-length"]) == (200, b"", "0")
    assert client.get(of_file(VOLUME)).status_code == 404
    assert client.head(of_file(VOLUME)).status_code == 404
    assert client.head(of_directory(VOLUME)).status_code == 200
    assert client.head(of_directory(f"{VOLUME}/empty")).status_code == 404
    assert client.get(of_directory(f"{VOLUME}/empty")).status_code == 404


def test_a_directory_is_listed_in_pages(client: TestClient, photos: Path) -> None:
    whole = client.get(of_directory(PHOTOS)).json()
    assert [entry["name"] for entry in whole["contents"]] == ["1.jpg", "more", "ä b%2f#?.jpg"]
    assert "next_page_token" not in whole
    assert whole["contents"][0] == {
        "path": f"{PHOTOS}/1.jpg",
        "name": "1.jpg",
        "is_directory": False,
        "file_size": len(DATA),
        "last_modified": (photos / "1.jpg").stat().st_mtime_ns // 1_000_000,
    }
    first = client.get(of_directory(PHOTOS), params={"page_size": 2}).json()
    assert first["contents"] == whole["contents"][:2]
    token = {"page_size": 2, "page_token": first["next_page_token"]}
    last = client.get(of_directory(PHOTOS), params=token).json()
    assert last == {"contents": whole["contents"][2:]}
    above = client.get(of_directory("/Volumes/main/fashion_demo/raw_data")).json()
    assert [entry["name"] for entry in above["contents"]] == ["images"]


@pytest.mark.parametrize("size", ["0", "-1", "many", "1.5", "9" * 5000])
def test_page_sizes_are_checked(client: TestClient, size: str) -> None:
    got = client.get(of_directory(PHOTOS), params={"page_size": size})
    assert code(got) == (400, "INVALID_PARAMETER_VALUE")


# ---------------------------------------------------------------------- writing
def test_a_file_is_put_replaced_and_deleted(client: TestClient) -> None:
    url = of_file(f"{VOLUME}/new/a.bin")
    assert client.put(url, content=b"first").status_code == 204
    assert client.put(url, content=iter([DATA, b"end"])).status_code == 204
    assert client.get(url).content == DATA + b"end"
    refused = client.put(url, content=b"x", params={"overwrite": "false"})
    assert code(refused) == (409, "ALREADY_EXISTS")
    assert code(client.put(url, params={"overwrite": "maybe"})) == (400, "INVALID_PARAMETER_VALUE")
    assert client.get(url).content == DATA + b"end"
    assert client.delete(url).status_code == 204
    assert code(client.delete(url)) == (404, "NOT_FOUND")


@pytest.mark.parametrize("odd", ["%0A", "%0D%0A", "%0Ab", "%1b[31m", "%c2%9b", "%00"])
def test_a_line_break_in_a_path_is_a_part_of_it(client: TestClient, odd: str) -> None:
    """One at the end was dropped: `DELETE .../a%0A` deleted `a`."""
    plain, other = of_file(f"{VOLUME}/a"), of_file(f"{VOLUME}/a{odd}")
    assert client.put(plain, content=b"plain").status_code == 204
    assert code(client.get(other))[0] in (400, 404)
    assert code(client.delete(other))[0] in (400, 404)
    made = client.put(other, content=b"other")
    assert made.status_code == (400 if odd == "%00" else 204)
    assert client.get(plain).content == b"plain"
    if made.status_code == 204:
        assert client.get(other).content == b"other"
        listed = client.get(of_directory(VOLUME)).json()["contents"]
        assert {one["name"] for one in listed} == {"a", f"a{unquote(odd)}"}
        assert client.delete(other).status_code == 204
    assert code(client.get(of_directory(f"{VOLUME}{odd}")))[0] in (400, 404)
    assert client.get(plain).content == b"plain"


@pytest.mark.parametrize("announced", [True, False], ids=["length announced", "in pieces"])
def test_a_file_longer_than_the_limit_is_refused(client: TestClient, announced: bool) -> None:
    long = b"x" * (LARGEST + 1)
    content = long if announced else iter([long[:LARGEST], long[LARGEST:]])
    refused = client.put(of_file(f"{VOLUME}/a.bin"), content=content)
    assert code(refused) == (413, "INVALID_PARAMETER_VALUE")
    assert client.get(of_file(f"{VOLUME}/a.bin")).status_code == 404
    assert client.put(of_file(f"{VOLUME}/a.bin"), content=long[:LARGEST]).status_code == 204


def test_directories_are_made_and_deleted_when_empty(client: TestClient) -> None:
    url = of_directory(f"{VOLUME}/a/b")
    assert [client.put(url).status_code for _ in range(2)] == [204, 204]
    refused = client.delete(of_directory(f"{VOLUME}/a"))
    assert code(refused) == (400, "INVALID_PARAMETER_VALUE")
    reasons = [detail.get("reason") for detail in refused.json()["details"]]
    assert reasons == [None, "FILES_API_DIRECTORY_IS_NOT_EMPTY"]
    assert client.delete(url).status_code == 204
    assert client.head(url).status_code == 404


def test_a_registered_folder_is_read_only(client: TestClient) -> None:
    for response in (
        client.put(of_file(f"{PHOTOS}/new.jpg"), content=b"x"),
        client.delete(of_file(f"{PHOTOS}/1.jpg")),
        client.put(of_directory(f"{PHOTOS}/new")),
        client.delete(of_directory(f"{PHOTOS}/more")),
        client.post(of_file(f"{PHOTOS}/new.jpg"), params={"action": "initiate-upload"}),
    ):
        assert code(response) == (403, "PERMISSION_DENIED")
        assert "register_volume" in response.json()["message"]


@pytest.mark.parametrize(
    ("method", "query"),
    [
        ("PUT", {"upload_type": "multipart", "part_number": "1", "session_token": "x"}),
        ("DELETE", {"action": "abort-upload", "session_token": "x"}),
        ("POST", {"action": "other"}),
        ("GET", {"version": "1"}),
    ],
)
def test_parameters_of_other_operations_are_refused(
    client: TestClient, method: str, query: dict[str, str]
) -> None:
    url = of_file(f"{VOLUME}/a.txt")
    client.put(url, content=b"kept")
    refused = client.request(method, url, params=query)
    assert code(refused) == (400, "INVALID_PARAMETER_VALUE")
    assert client.get(url).content == b"kept"


# ---------------------------------------------------------------------- the real client
@pytest.fixture(params=["auto", "h11"])
def address(app: Starlette, request: pytest.FixtureRequest) -> Iterator[str]:
    """A running server, with each of its ways to speak HTTP."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        server = uvicorn.Server(
            uvicorn.Config(app, http=request.param, log_level="error", access_log=False)
        )
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        wait_until(lambda: server.started)
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        server.should_exit = True
        thread.join()


def get_raw(address: str, target: str) -> tuple[int, bytes]:
    """Ask for exactly this target; clients tidy paths up, and the test client decodes twice."""
    connection = http.client.HTTPConnection(address.removeprefix("http://"))
    with contextlib.closing(connection):
        connection.request("GET", target)
        response = connection.getresponse()
        return response.status, response.read()


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (f"{PHOTOS}/../../secret.txt", (400, "INVALID_PARAMETER_VALUE")),
        (f"{PHOTOS}/%2e%2e/secret.txt", (400, "INVALID_PARAMETER_VALUE")),
        (f"{PHOTOS}%2F..%2Fsecret.txt", (400, "INVALID_PARAMETER_VALUE")),
        (f"{PHOTOS}/..%5Csecret.txt", (400, "INVALID_PARAMETER_VALUE")),
        (f"{PHOTOS}/1.jpg%00", (400, "INVALID_PARAMETER_VALUE")),
        (f"{PHOTOS}/%ff", (400, "INVALID_PARAMETER_VALUE")),
        ("/Volumes/volumes.json", (400, "INVALID_PARAMETER_VALUE")),
        ("/etc/passwd", (400, "INVALID_PARAMETER_VALUE")),
        ("", (400, "INVALID_PARAMETER_VALUE")),
        (f"{PHOTOS}/%252e%252e/secret.txt", (404, "NOT_FOUND")),
        (f"{PHOTOS}//etc/passwd", (404, "NOT_FOUND")),
        (f"{PHOTOS}/link.jpg", (403, "PERMISSION_DENIED")),
    ],
)
def test_no_path_leads_out(address: str, path: str, expected: tuple[int, str]) -> None:
    for of in (of_file, of_directory):
        status, body = get_raw(address, of(path))
        assert (status, json.loads(body)["error_code"]) == expected


def test_percent_signs_are_decoded_once(address: str) -> None:
    target = of_file(f"{PHOTOS}/%C3%A4%20b%252f%23%3F.jpg")
    assert get_raw(address, target) == (200, b"odd name")


@pytest.fixture
def sdk(address: str) -> WorkspaceClient:
    """The client; ten seconds of tries instead of minutes, and what counts as large is small."""
    needs("sdk")
    from databricks.sdk import WorkspaceClient
    from databricks.sdk.config import Config

    config = Config(host=address, token="x", auth_type="pat", retry_timeout_seconds=10)
    config.files_ext_multipart_upload_min_stream_size = 500_000
    config.files_ext_parallel_download_min_file_size = 500_000
    config.files_ext_parallel_download_default_part_size = 300_000
    return WorkspaceClient(config=config)


def downloaded(sdk: WorkspaceClient, path: str) -> bytes:
    with sdk.files.download(path).contents as contents:
        return contents.read()


def test_the_client_reads_lists_and_asks(sdk: WorkspaceClient, photos: Path) -> None:
    metadata = sdk.files.get_metadata(f"{PHOTOS}/1.jpg")
    assert metadata.content_length == len(DATA)
    assert metadata.content_type == "application/octet-stream"
    assert metadata.last_modified == "Tue, 14 Nov 2023 22:13:20 GMT"
    assert downloaded(sdk, f"{PHOTOS}/1.jpg") == DATA
    listed = list(sdk.files.list_directory_contents(PHOTOS, page_size=1))
    assert [entry.name for entry in listed] == ["1.jpg", "more", "ä b%2f#?.jpg"]
    assert [entry.is_directory for entry in listed] == [False, True, False]
    assert downloaded(sdk, listed[2].path) == b"odd name"
    sdk.files.get_directory_metadata(PHOTOS)


@pytest.mark.parametrize("parallel", [False, True])
def test_the_client_downloads_to_a_file_in_parts(
    sdk: WorkspaceClient, tmp_path: Path, parallel: bool
) -> None:
    sdk.files.download_to(
        f"{PHOTOS}/1.jpg", str(tmp_path / "got.jpg"), use_parallel=parallel, parallelism=None
    )
    assert (tmp_path / "got.jpg").read_bytes() == DATA


class BreakingProxy:
    """Hands connections on to a server, and cuts one in the middle of the first large answer."""

    def __init__(self, address: str, after: int) -> None:
        host, port = address.removeprefix("http://").split(":")
        self._server, self._after, self.cuts = (host, int(port)), after, 0
        self.requests: list[bytes] = []
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.address = f"http://127.0.0.1:{self._listening.getsockname()[1]}"
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):  # closed
            while True:
                client = self._listening.accept()[0]
                self._threads.append(threading.Thread(target=self._pass_on, args=[client]))
                self._threads[-1].start()

    def _pass_on(self, client: socket.socket) -> None:
        with client, socket.create_connection(self._server) as server:
            asking = threading.Thread(target=self._ask, args=[client, server])
            asking.start()
            sent = 0
            with contextlib.suppress(OSError):  # either of them is gone
                while data := server.recv(4096):
                    sent += len(data)
                    if sent > self._after and not self.cuts:
                        self.cuts += 1
                        break
                    client.sendall(data)
            for end in (client, server):
                with contextlib.suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)
            asking.join()

    def _ask(self, client: socket.socket, server: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := client.recv(4096):
                self.requests.append(data)
                server.sendall(data)
            server.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        for thread in self._threads:
            thread.join()


def test_the_client_goes_on_with_a_broken_download(address: str, photos: Path) -> None:
    needs("sdk")
    from databricks.sdk import WorkspaceClient
    from databricks.sdk.config import Config

    large = DATA * 8  # the client goes on behind the last whole piece that it got
    (photos / "large.jpg").write_bytes(large)
    os.utime(photos / "large.jpg", (1_700_000_000.9, 1_700_000_000.9))
    with contextlib.closing(BreakingProxy(address, after=len(large) // 2)) as proxy:
        config = Config(host=proxy.address, token="x", auth_type="pat", retry_timeout_seconds=60)
        sdk = WorkspaceClient(config=config)
        assert downloaded(sdk, f"{PHOTOS}/large.jpg") == large
        del sdk
        gc.collect()  # closes its connections
    assert proxy.cuts == 1
    (again,) = [asked.lower() for asked in proxy.requests if b"range: bytes=" in asked.lower()]
    assert b"range: bytes=0-" not in again
    assert b"if-unmodified-since: tue, 14 nov 2023 22:13:20 gmt" in again


@pytest.mark.parametrize("parallel", [False, True])
@pytest.mark.parametrize("size", [0, 10, 2_000_000])
def test_the_client_uploads_small_and_large_files(
    sdk: WorkspaceClient, tmp_path: Path, size: int, parallel: bool
) -> None:
    data = (DATA * 2)[:size]
    for overwrite in (False, None, True):
        sdk.files.upload(
            f"{VOLUME}/in/a.bin", io.BytesIO(data), overwrite=overwrite, use_parallel=parallel
        )
        assert downloaded(sdk, f"{VOLUME}/in/a.bin") == data
    (tmp_path / "b.bin").write_bytes(data)
    sdk.files.upload_from(f"{VOLUME}/in/b.bin", str(tmp_path / "b.bin"), use_parallel=parallel)
    assert downloaded(sdk, f"{VOLUME}/in/b.bin") == data
    names = [entry.name for entry in sdk.files.list_directory_contents(f"{VOLUME}/in")]
    assert names == ["a.bin", "b.bin"]


def test_the_client_raises_the_api_s_classes_at_once(sdk: WorkspaceClient) -> None:
    from databricks.sdk import errors as sdk_errors

    sdk.files.upload(f"{VOLUME}/a.bin", io.BytesIO(b"x"))
    big = bytes(2_000_000)
    for kind, refused in (
        (sdk_errors.NotFound, lambda: sdk.files.download(f"{VOLUME}/none")),
        (sdk_errors.NotFound, lambda: sdk.files.get_metadata(f"{VOLUME}/none")),
        (sdk_errors.NotFound, lambda: sdk.files.delete(f"{VOLUME}/none")),
        (sdk_errors.NotFound, lambda: list(sdk.files.list_directory_contents(f"{VOLUME}/none"))),
        (
            sdk_errors.AlreadyExists,
            lambda: sdk.files.upload(f"{VOLUME}/a.bin", io.BytesIO(b"y"), overwrite=False),
        ),
        (
            sdk_errors.AlreadyExists,
            lambda: sdk.files.upload(f"{VOLUME}/a.bin", io.BytesIO(big), overwrite=False),
        ),
        (
            sdk_errors.PermissionDenied,
            lambda: sdk.files.upload(f"{PHOTOS}/a.bin", io.BytesIO(b"y")),
        ),
        (sdk_errors.PermissionDenied, lambda: sdk.files.delete(f"{PHOTOS}/1.jpg")),
        (sdk_errors.InvalidParameterValue, lambda: sdk.files.delete_directory(VOLUME)),
    ):
        with pytest.raises(kind):
            refused()
    assert downloaded(sdk, f"{VOLUME}/a.bin") == b"x"


@pytest.mark.parametrize("size", [20_000_000, 4_000_000])
def test_a_refused_upload_is_heard_by_its_sender(sdk: WorkspaceClient, size: int) -> None:
    from databricks.sdk import errors as sdk_errors

    sdk.config.files_ext_multipart_upload_min_stream_size = 100_000_000
    with pytest.raises(sdk_errors.InvalidParameterValue, match="limit of one upload"):
        sdk.files.upload(f"{VOLUME}/a.bin", io.BytesIO(bytes(size)))


def test_a_sender_that_goes_away_leaves_nothing(
    address: str, workspace: Workspace, sdk: WorkspaceClient
) -> None:
    sdk.files.create_directory(f"{VOLUME}/in")
    folder = workspace.path / "volumes/main/fashion_demo/uploads/in"
    host, port = address.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port))) as connection:
        connection.sendall(
            f"PUT {of_file(VOLUME)}/in/a.bin HTTP/1.1\r\nHost: x\r\n"
            "Content-Length: 2000000\r\n\r\n".encode()
        )
        connection.sendall(bytes(1_500_000))
        wait_until(lambda: len(list(folder.iterdir())) == 1)  # the hidden half
        assert list(sdk.files.list_directory_contents(f"{VOLUME}/in")) == []
    wait_until(lambda: not list(folder.iterdir()))


def test_the_client_makes_and_deletes_directories(
    sdk: WorkspaceClient, workspace: Workspace
) -> None:
    from databricks.sdk import errors as sdk_errors

    sdk.files.create_directory(f"{VOLUME}/a/b")
    sdk.files.create_directory(f"{VOLUME}/a/b")
    with pytest.raises(sdk_errors.BadRequest) as caught:
        sdk.files.delete_directory(f"{VOLUME}/a")
    reason = caught.value.get_error_details().error_info
    assert reason is not None
    assert reason.reason == "FILES_API_DIRECTORY_IS_NOT_EMPTY"
    sdk.files.delete_directory(f"{VOLUME}/a/b")
    sdk.files.delete_directory(f"{VOLUME}/a")
    assert Files(workspace.volumes).list_directory(VOLUME) == ([], None)
