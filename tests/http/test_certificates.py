"""Certificates: the workspace's own, made, kept and renewed, and the user's, whose faults are named."""

from __future__ import annotations

import datetime
import os
import ssl
import stat
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner, Result
from support.needs import needs

from engine.doors.cli.command import main
from engine.doors.http.certificates import authority as kept
from engine.doors.http.certificates.authority import (
    DAYS,
    RENEW_DAYS,
    ServerCertificate,
    kept_certificate,
)
from engine.doors.http.certificates.bundle import bundle_text
from engine.doors.http.certificates.given import given_certificate
from engine.doors.http.certificates.inspection import seen_by_client, server_context
from engine.doors.http.certificates.names import certified_name, names_of_server
from engine.errors import InvalidInputException, MissingExtra, StorageFailed
from engine.store.layout import Layout

needs("https")
import certifi
import trustme

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

NAMES = ("localhost", "127.0.0.1", "::1")


@pytest.fixture(autouse=True)
def no_others(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """To read all authorities of the machine takes longer than all else: tests ask for it by name."""
    if "real_bundle" not in request.fixturenames:
        monkeypatch.setattr(kept, "bundle_text", lambda authority, *_: authority)


@pytest.fixture
def real_bundle() -> None:
    pass


def made(folder: Path, *names: str) -> ServerCertificate:
    return kept_certificate(Layout(folder), names or NAMES)


def names_in(certificate: ServerCertificate) -> frozenset[str]:
    context = server_context(certificate.certfile, certificate.keyfile)
    assert certificate.bundle is not None
    return seen_by_client(context, certificate.bundle.read_text(), strictly=True).names


def contents(folder: Path) -> dict[str, bytes]:
    return {
        str(file.relative_to(folder)): file.read_bytes()
        for file in (folder / "https").rglob("*")
        if file.is_file()
    }


# ---------------------------------------------------------------------- the workspace's own
def test_what_is_made_passes_the_strictest_client(tmp_path: Path, real_bundle: None) -> None:
    certificate = made(tmp_path)
    assert names_in(certificate) == set(NAMES)
    assert certificate.bundle is not None and certificate.bundle.is_absolute()
    assert certificate.bundle.read_text().count("BEGIN CERTIFICATE") > 50


def test_keys_are_their_owners_alone(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        made(tmp_path)
    finally:
        os.umask(before)
    private = tmp_path / "https" / "private"
    assert stat.S_IMODE(private.stat().st_mode) == 0o700
    keys = [file for file in (tmp_path / "https").rglob("*") if file.is_file()]
    keys = [file for file in keys if "PRIVATE KEY" in file.read_text()]
    assert {file.parent for file in keys} == {private} and len(keys) == 2
    assert {stat.S_IMODE(file.stat().st_mode) for file in keys} == {0o600}


def test_what_a_copy_gave_to_others_is_taken_back(tmp_path: Path) -> None:
    made(tmp_path)
    private = tmp_path / "https" / "private"
    private.chmod(0o755)
    (private / "server.pem").chmod(0o644)
    made(tmp_path)
    assert stat.S_IMODE(private.stat().st_mode) == 0o700
    assert stat.S_IMODE((private / "server.pem").stat().st_mode) == 0o600


def test_a_second_start_changes_nothing(tmp_path: Path) -> None:
    made(tmp_path)
    before = contents(tmp_path)
    made(tmp_path, "localhost")
    assert contents(tmp_path) == before


def test_a_new_name_makes_a_new_certificate_of_the_same_authority(tmp_path: Path) -> None:
    made(tmp_path)
    before = contents(tmp_path)
    assert names_in(made(tmp_path, "shop.local", "10.1.2.3")) == {*NAMES, "shop.local", "10.1.2.3"}
    after = contents(tmp_path)
    assert {name for name in after if after[name] != before[name]} == {"https/private/server.pem"}
    made(tmp_path)  # whoever served under other names before goes on to
    assert contents(tmp_path) == after


def test_it_is_renewed_when_its_end_is_near(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made(tmp_path)
    before, now = contents(tmp_path), kept.time.time()
    first_day_of_renewal = now + (DAYS - 1 - RENEW_DAYS) * 86_400
    monkeypatch.setattr(kept.time, "time", lambda: first_day_of_renewal - 3600)
    made(tmp_path)
    assert contents(tmp_path) == before
    monkeypatch.setattr(kept.time, "time", lambda: first_day_of_renewal + 3600)
    monkeypatch.setattr(kept, "DAYS", 2 * DAYS)  # the clock of TLS is not the test's
    made(tmp_path)
    after = contents(tmp_path)
    assert after["https/private/server.pem"] != before["https/private/server.pem"]
    assert after["https/authority.pem"] == before["https/authority.pem"]


def emptied(file: Path) -> None:
    file.write_bytes(b"")


def turned(file: Path) -> None:
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(data)


def made_a_folder(file: Path) -> None:
    file.unlink()
    file.mkdir()


DAMAGES = [emptied, turned, made_a_folder, Path.unlink, lambda f: f.write_bytes(b"\xff\x00" * 99)]


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("name", ["private/server.pem", "private/authority.pem", "authority.pem"])
def test_a_damaged_file_is_made_again(
    tmp_path: Path, name: str, damage: Callable[[Path], object]
) -> None:
    made(tmp_path)
    authority = (tmp_path / "https" / "authority.pem").read_bytes()
    damage(tmp_path / "https" / name)
    certificate = made(tmp_path, *NAMES, "new.local")
    assert names_in(certificate) >= {*NAMES, "new.local"}
    again = (tmp_path / "https" / "authority.pem").read_bytes()
    assert (again == authority) == (name != "private/authority.pem")


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_bundle_is_made_again(tmp_path: Path, damage: Callable[[Path], object]) -> None:
    bundle = made(tmp_path).bundle
    assert bundle is not None
    before = bundle.read_bytes()
    damage(bundle)
    made(tmp_path)
    assert bundle.read_bytes() == before


def test_the_key_of_another_authority_does_not_sign(tmp_path: Path) -> None:
    made(tmp_path)
    signing = tmp_path / "https" / "private" / "authority.pem"
    other = trustme.CA()
    certificate = signing.read_text().partition("-----BEGIN CERTIFICATE")
    key = other.private_key_pem.bytes().decode()
    signing.write_text(key + certificate[1] + certificate[2])
    assert "new.local" in names_in(made(tmp_path, "new.local"))


def test_a_folder_that_may_only_be_read_serves_what_it_has(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made(tmp_path)

    def refuse(*_: object) -> None:
        raise StorageFailed("it may only be read")

    monkeypatch.setattr(Layout, "writing", refuse)
    monkeypatch.setattr(kept, "write_atomically", refuse)
    made(tmp_path)
    with pytest.raises(StorageFailed):
        made(tmp_path, "new.local")


def test_a_disk_that_refuses_is_an_error_unless_nothing_is_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bundle = made(tmp_path).bundle
    assert bundle is not None

    def refuse(path: Path, data: bytes) -> None:
        raise OSError(28, "No space left on device", str(path))

    monkeypatch.setattr(kept, "write_atomically", refuse)
    monkeypatch.setattr(kept, "bundle_text", lambda authority, *_: authority + "# others\n")
    made(tmp_path)  # the bundle lacks another host's authority, and is of use
    bundle.write_text(Path(certifi.where()).read_text())
    with pytest.raises(StorageFailed, match="Make room on the disk"):
        made(tmp_path)
    with pytest.raises(StorageFailed, match="Make room on the disk"):
        made(tmp_path, "new.local")


def test_many_at_once_agree_on_one_authority(tmp_path: Path) -> None:
    found: list[bytes] = []

    def make() -> None:
        certificate = made(tmp_path)
        assert certificate.authority is not None
        found.append(certificate.authority.read_bytes())

    threads = [threading.Thread(target=make) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 4 and len(set(found)) == 1


def test_without_the_extra_it_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.optional.is_installed", lambda _: False)
    with pytest.raises(MissingExtra, match=r"vitrine serve --https needs the package.*\[https\]"):
        made(tmp_path)
    assert not any(tmp_path.iterdir())


# ---------------------------------------------------------------------- what clients trust
def authorities(text: str) -> set[bytes]:
    store = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    store.load_verify_locations(cadata=text)
    return set(store.get_ca_certs(binary_form=True))


def test_the_bundle_holds_the_authorities_of_others_too(tmp_path: Path) -> None:
    own = trustme.CA().cert_pem.bytes().decode()
    company = tmp_path / "company.pem"
    company.write_bytes(trustme.CA().cert_pem.bytes())
    text = bundle_text(own, tmp_path / "bundle.pem", {"SSL_CERT_FILE": str(company)})
    assert text.startswith(ssl.DER_cert_to_PEM_cert(ssl.PEM_cert_to_DER_cert(own)))
    found = authorities(text)
    assert found >= authorities(own) | authorities(company.read_text())
    assert found >= authorities(Path(certifi.where()).read_text())
    assert len(found) == text.count("BEGIN CERTIFICATE"), "one is there twice"


def test_a_former_bundle_that_is_still_in_the_environment_is_not_taken_over(tmp_path: Path) -> None:
    former, own = (trustme.CA().cert_pem.bytes().decode() for _ in range(2))
    bundle = tmp_path / "bundle.pem"
    bundle.write_text(former)
    text = bundle_text(own, bundle, {"REQUESTS_CA_BUNDLE": str(bundle), "SSL_CERT_FILE": "/none"})
    assert not authorities(text) & authorities(former)


# ---------------------------------------------------------------------- names
@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("Shop.Local.", "shop.local"),
        ("127.0.0.1", "127.0.0.1"),
        ("0:0:0:0:0:0:0:1", "::1"),
        ("fe80::1%eth0", "fe80::1"),
        ("*.shop.local", "*.shop.local"),
        ("bücher.example", "xn--bcher-kva.example"),
        (" a ", "a"),
        ("1.2.3", "1.2.3"),
    ],
)
def test_names_have_one_form(given: str, expected: str) -> None:
    assert certified_name(given) == expected


@pytest.mark.parametrize(
    "given",
    ["", " ", "a b", "https://a", "a:80", "a/b", "10.0.0.0/8", "-a", "a-", "a..b", "me@a", "a_b",
     "ab--c", "x" * 64, ".".join(["a" * 50] * 6), "*", "a.*.b"],
)  # fmt: skip
def test_what_no_certificate_can_hold_is_refused(given: str) -> None:
    with pytest.raises(InvalidInputException, match="is no host name or address"):
        certified_name(given)


def test_every_name_that_is_taken_can_be_certified(tmp_path: Path) -> None:
    names = ["xn--bcher-kva.example", "a1", "*.shop.local", "1.2.3", "x" * 63, "fe80::1"]
    assert names_in(made(tmp_path, *names)) >= set(names)


def test_the_machines_own_names_are_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("socket.gethostname", lambda: "My-Machine")
    assert names_of_server("127.0.0.1") == {*NAMES, "my-machine"}
    assert names_of_server("shop.local", ["b"]) == {*NAMES, "my-machine", "shop.local", "b"}
    monkeypatch.setattr("socket.gethostname", lambda: "my_machine")  # which is no host's name
    assert names_of_server("127.0.0.1") == set(NAMES)
    assert names_of_server("0.0.0.0") >= {*NAMES, "0.0.0.0"}


def test_where_there_is_no_network_a_wildcard_has_fewer_names(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def unreachable(*_: object) -> None:
        raise OSError(101, "Network is unreachable")

    monkeypatch.setattr("socket.gethostname", lambda: "m")
    monkeypatch.setattr("socket.socket.connect", unreachable)
    assert names_of_server("::") == {*NAMES, "m", "::"}


# ---------------------------------------------------------------------- the user's own
DAY = datetime.timedelta(days=1)


def own(folder: Path, **options: Any) -> tuple[Path, Path]:
    """A certificate and its key, as somebody else made them."""
    leaf = trustme.CA().issue_cert("shop.local", "127.0.0.1", **options)
    folder.mkdir(exist_ok=True)
    leaf.cert_chain_pems[0].write_to_path(folder / "cert.pem")
    leaf.private_key_pem.write_to_path(folder / "key.pem")
    return folder / "cert.pem", folder / "key.pem"


def refusal(certfile: Path, keyfile: Path | None) -> str:
    with pytest.raises(InvalidInputException) as caught:
        given_certificate(certfile, keyfile)
    return caught.value.message


def test_two_files_and_one_file_are_both_taken(tmp_path: Path) -> None:
    certfile, keyfile = own(tmp_path)
    certificate, seen = given_certificate(certfile, keyfile)
    assert (certificate.certfile, certificate.keyfile) == (certfile, keyfile)
    assert certificate.bundle is None
    assert seen.names == {"shop.local", "127.0.0.1"}
    both = tmp_path / "both.pem"
    both.write_text("a comment\n" + keyfile.read_text() + certfile.read_text())
    assert given_certificate(both, None)[1] == seen


def test_a_chain_is_taken(tmp_path: Path) -> None:
    leaf = trustme.CA().create_child_ca().issue_cert("a")
    leaf.private_key_and_cert_chain_pem.write_to_path(tmp_path / "chain.pem")
    assert given_certificate(tmp_path / "chain.pem", None)[1].names == {"a"}


def test_a_self_signed_certificate_is_taken(tmp_path: Path) -> None:
    ca = trustme.CA()
    both = tmp_path / "both.pem"
    both.write_bytes(ca.private_key_pem.bytes() + ca.cert_pem.bytes())
    assert given_certificate(both, None)[1].names == set()


def test_a_file_that_is_missing_or_unreadable_is_named(tmp_path: Path) -> None:
    certfile, keyfile = own(tmp_path)
    none = tmp_path / "none.pem"
    assert refusal(none, keyfile) == f"--certfile {none}: there is no such file."
    assert refusal(certfile, none) == f"--keyfile {none}: there is no such file."
    os.mkfifo(tmp_path / "pipe")  # as a shell's <(...), which would make it wait
    for odd in (tmp_path, tmp_path / "pipe", Path(os.devnull)):
        assert refusal(odd, keyfile).startswith(f"--certfile {odd} is no plain file")
        assert refusal(certfile, odd).startswith(f"--keyfile {odd} is no plain file")
    if os.geteuid():
        keyfile.chmod(0)
        assert "Permission denied" in refusal(certfile, keyfile)


@pytest.mark.parametrize(
    "content", [b"", b"\x30\x82\x00\xff" * 9, b"-----BEGIN CERTIFICATE-----\n"]
)
def test_what_is_no_certificate_is_named(tmp_path: Path, content: bytes) -> None:
    certfile, keyfile = own(tmp_path)
    certfile.write_bytes(content)
    assert "holds no certificate: expected PEM" in refusal(certfile, keyfile)


def test_a_broken_certificate_is_named(tmp_path: Path) -> None:
    certfile, keyfile = own(tmp_path)
    text = certfile.read_text()
    certfile.write_text(text[:100] + "////" + text[104:])
    assert str(certfile) in refusal(certfile, keyfile)


@pytest.mark.parametrize(
    "content", ["", "no key", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"]
)
def test_what_is_no_key_is_named(tmp_path: Path, content: str) -> None:
    certfile, keyfile = own(tmp_path)
    keyfile.write_text(content)
    assert f"--keyfile {keyfile} holds no usable private key" in refusal(certfile, keyfile)
    assert "Name the file with the key by --keyfile" in refusal(certfile, None)


def test_an_encrypted_key_is_told_apart(tmp_path: Path) -> None:
    from cryptography.hazmat.primitives import serialization

    certfile, keyfile = own(tmp_path)
    key = serialization.load_pem_private_key(keyfile.read_bytes(), None)
    keyfile.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(b"secret"),
        )
    )
    assert "is encrypted" in refusal(certfile, keyfile)
    assert f"openssl pkey -in {keyfile}" in refusal(certfile, keyfile)


@pytest.mark.parametrize("kind", list(trustme.KeyType))
def test_the_key_of_another_certificate_is_told_apart(
    tmp_path: Path, kind: trustme.KeyType
) -> None:
    certfile, _ = own(tmp_path / "one")
    _, keyfile = own(tmp_path / "two", key_type=kind)
    text = refusal(certfile, keyfile)
    assert f"--keyfile {keyfile} holds the key of another certificate than {certfile}" in text


def test_a_certificate_outside_its_dates_is_told_apart(tmp_path: Path) -> None:
    now = datetime.datetime(2020, 1, 1)
    gone = own(tmp_path, not_before=now, not_after=now + DAY)
    assert f"--certfile {gone[0]} has expired" in refusal(*gone)
    later = datetime.datetime(2900, 1, 1)
    early = own(tmp_path, not_before=later, not_after=later + DAY)
    assert f"--certfile {early[0]} is not valid yet" in refusal(*early)


def test_a_certificate_that_is_not_for_servers_is_told_apart(tmp_path: Path) -> None:
    certfile, keyfile = own(tmp_path)
    certfile.write_bytes(for_clients_only(keyfile.read_bytes()))
    assert "is not for servers" in refusal(certfile, keyfile)


def for_clients_only(key_pem: bytes) -> bytes:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization

    key: Any = serialization.load_pem_private_key(key_pem, None)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "a")])
    now = datetime.datetime.now(datetime.timezone.utc)
    built: Certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), 1, now - DAY, now + DAY)
        .add_extension(x509.ExtendedKeyUsage([x509.ExtendedKeyUsageOID.CLIENT_AUTH]), critical=True)
        .sign(key, hashes.SHA256())
    )
    return built.public_bytes(serialization.Encoding.PEM)


# ---------------------------------------------------------------------- the command
def serve(folder: Path, *options: str) -> Result:
    return CliRunner().invoke(main, ["serve", "-w", str(folder), "--port", "0", *options])


def test_wrong_files_are_one_line_and_nothing_is_served(tmp_path: Path) -> None:
    certfile, keyfile = own(tmp_path)
    _, other = own(tmp_path / "other")
    for options in (
        ["--certfile", str(certfile), "--keyfile", str(other)],
        ["--certfile", str(certfile)],
        ["--certfile", str(tmp_path / "none")],
        ["--https", "--server-name", "no name"],
    ):
        done = serve(tmp_path / "w", *options)
        assert (done.exit_code, done.stdout) == (1, ""), done
        assert done.stderr.startswith("Error: ") and done.stderr.count("\n") == 1, done.stderr
    for options in (
        ["--keyfile", str(keyfile)],
        ["--server-name", "a"],
        ["--certfile", str(certfile), "--keyfile", str(keyfile), "--server-name", "a"],
    ):
        done = serve(tmp_path / "w", *options)
        assert (done.exit_code, done.stdout) == (2, ""), done
    assert not (tmp_path / "w" / "https").exists()


def test_keys_that_can_not_be_written_are_one_line(tmp_path: Path) -> None:
    (tmp_path / "w" / "locks" / "https.lock").mkdir(parents=True)
    done = serve(tmp_path / "w", "--https")
    assert (done.exit_code, done.stdout) == (1, ""), done
    assert done.stderr.startswith("Error: https was not written"), done.stderr
