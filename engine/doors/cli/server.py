"""The command that serves a workspace over HTTP. Translates and prints."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from engine.doors.cli.apply import apply_before
from engine.doors.cli.options import FILE, with_workspace
from engine.doors.cli.printing import explain_if_mistyped, note, say
from engine.errors import VitrineError
from engine.store.layout import Layout

if TYPE_CHECKING:
    from engine.doors.http.certificates.authority import ServerCertificate
    from engine.doors.http.server import Options
    from engine.workspace import Workspace

URL = "http://127.0.0.1:8765"  # of a server that nothing else was said of
_VARIABLES = """\b
Variables of the environment:
  VITRINE_TOKEN          the token, in place of the workspace's own
  VITRINE_CLIENT_ID      the client id, likewise
  VITRINE_CLIENT_SECRET  the client secret, likewise
  VITRINE_WORKSPACE      the workspace, where no --workspace is given"""


def _https_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """What says which certificate is served."""
    for option in reversed(
        (
            click.option(
                "--https",
                is_flag=True,
                help="Serve by https, with a local authority's certificate that the workspace keeps.",
            ),
            click.option(
                "--server-name",
                "server_names",
                multiple=True,
                metavar="NAME",
                help="With --https: a further host name or address that clients use; may be repeated.",
            ),
            click.option(
                "--certfile", type=FILE, help="Serve by https, with this certificate (PEM)."
            ),
            click.option(
                "--keyfile",
                type=FILE,
                help="Its private key (PEM), where --certfile does not hold it too.",
            ),
        )
    ):
        command = option(command)
    return command


@click.command(epilog=_VARIABLES)
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to serve on.")
@click.option(
    "--port",
    default=8765,
    show_default=True,
    type=click.IntRange(0, 65535),
    help="Port; 0 for a free one, which is printed.",
)
@click.option(
    "--workers",
    default=1,
    show_default=True,
    type=click.IntRange(1, 64),
    help="Processes; SQL sessions, and results behind links, need one alone.",
)
@_https_options
@click.option("--no-auth", is_flag=True, help="Let everybody in; on this machine's address only.")
@click.option(
    "--public-volumes",
    multiple=True,
    metavar="NAMES",
    help="Volumes whose files browsers show without signing in: catalog.schema.volume or "
    "/Volumes/... paths, with commas between them; may be repeated.",
)
@click.option(
    "--ready-file",
    type=FILE,
    help="Write address and credentials there as JSON once the server answers; removed at its end.",
)
@click.option("--quiet", is_flag=True, help="No access log.")
@click.option("--seed", metavar="FILE", help="Apply FILE before; see vitrine apply.")
@click.option(
    "--faults",
    is_flag=True,
    help="Let callers ask for faults at /api/v1/faults; on this machine's address only.",
)
@with_workspace
def serve(
    workspace: Workspace,
    host: str,
    port: int,
    ready_file: Path | None,
    seed: str | None,
    https: bool,
    server_names: Sequence[str],
    certfile: Path | None,
    keyfile: Path | None,
    **given: Any,
) -> None:
    """Serve the workspace over HTTP, as the cloud's clients expect it."""
    from engine.doors.http.listening.ready import announced, check_place
    from engine.doors.http.listening.sockets import listening
    from engine.doors.http.server import serve

    explain_if_mistyped(workspace)
    options = _options(workspace, host, port, **given)
    options.check()
    if ready_file is not None:
        check_place(ready_file)
    with listening(host, port) as listener, contextlib.ExitStack() as stack:
        if seed is not None:
            apply_before(workspace, seed)
        certificate = _certificate(workspace, host, https, server_names, certfile, keyfile)
        options = replace(options, port=listener.port, certificate=certificate)
        content = _introduced(workspace, options)
        if ready_file is not None:
            stack.enter_context(announced(ready_file, content, listener))
        serve(options, listener)


def serve_here(workspace: Workspace) -> None:
    """Serve a workspace to everybody on this machine, on the usual port or a free one."""
    from engine.doors.http.listening.sockets import listening
    from engine.doors.http.server import HOST, PORT, serve
    from engine.errors import InvalidState

    with contextlib.ExitStack() as stack:
        try:
            listener = stack.enter_context(listening(HOST, PORT))
        except InvalidState:  # another serves there
            listener = stack.enter_context(listening(HOST, 0))
        options = _options(workspace, HOST, listener.port, 1, True, (), True, False)
        _introduced(workspace, options)
        serve(options, listener)


def _options(
    workspace: Workspace,
    host: str,
    port: int,
    workers: int,
    no_auth: bool,
    public_volumes: tuple[str, ...],
    quiet: bool,
    faults: bool,
) -> Options:
    from engine.doors.http.server import Options
    from engine.doors.http.volumes.public import public_paths

    return Options(
        workspace.path,
        host,
        port,
        workers,
        auth=not no_auth,
        access_log=not quiet,
        public_volumes=public_paths(public_volumes),
        faults=faults,
    )


def _certificate(
    workspace: Workspace,
    host: str,
    https: bool,
    server_names: Sequence[str],
    certfile: Path | None,
    keyfile: Path | None,
) -> ServerCertificate | None:
    """The certificate that the options ask for: the user's own, the workspace's, or none."""
    from engine.doors.http.certificates.authority import kept_certificate
    from engine.doors.http.certificates.given import given_certificate
    from engine.doors.http.certificates.names import certified_name, names_of_server

    if keyfile is not None and certfile is None:
        raise click.UsageError("--keyfile belongs to a certificate: name that by --certfile.")
    if server_names and (certfile is not None or not https):
        raise click.UsageError("--server-name is for the certificate that --https makes.")
    if certfile is None:
        if not https:
            return None
        return kept_certificate(Layout(workspace.path), names_of_server(host, server_names))
    certificate, seen = given_certificate(certfile, keyfile)
    if certified_name(host) not in seen.names:
        names = ", ".join(sorted(seen.names)) or "no host"
        note(f"{certfile} is for {names}: clients refuse it under another name.")
    return certificate


def _introduced(workspace: Workspace, options: Options) -> dict[str, object]:
    """Say what is served, where and for whom; what a script is told of it."""
    from engine.doors.http.certificates.bundle import VARIABLES

    volumes = {
        f"/Volumes/{each.catalog}/{each.schema}/{each.name}" for each in workspace.volumes.names()
    }
    for path in options.public_volumes:
        if "/".join(path.split("/")[:5]) not in volumes:
            note(f"there is no volume {path} yet; once there is, everybody may read it.")
    with contextlib.suppress(VitrineError):  # whoever asks for vectors is told
        for each in workspace.shop.model_notes():
            note(each)
    say(f"serving {workspace.path} on {options.url} (Ctrl-C ends it)")
    say(f"the shop, for people: {options.url}/")
    if options.faults:
        say(f"faults are asked for at {options.url}/api/v1/faults (POST, GET, DELETE)")
    bundle = options.certificate.bundle if options.certificate else None
    if bundle is not None:
        say("clients trust its certificate by these variables:")
        for name in VARIABLES:
            say(f"  {name}={bundle}")
    content: dict[str, object] = {
        "url": options.url,
        "host": options.host,
        "port": options.port,
        "pid": os.getpid(),
        "workspace": str(workspace.path.absolute()),
        "ca_bundle": None if bundle is None else str(bundle),
    }
    return content | (_show_credentials(workspace, options.url) if options.auth else {})


def _show_credentials(workspace: Workspace, url: str) -> dict[str, str]:
    """Print new credentials, or where they are, and give them; those of the environment are never
    printed."""
    from engine.doors.http.credentials import FILE, VARIABLES, given_credentials, open_credentials

    credentials, made = open_credentials(workspace.path, os.environ)
    given = given_credentials(os.environ)
    shown = {
        name: f"(that of {VARIABLES[name]})" if name in given else getattr(credentials, name)
        for name in VARIABLES
    }
    if made:
        say(f"credentials, shown once and kept in the workspace's {FILE}:")
        say(f"  DATABRICKS_HOST={url}")
        say(f"  DATABRICKS_TOKEN={shown['token']}")
        say("or, instead of the token:")
        say(f"  DATABRICKS_CLIENT_ID={shown['client_id']}")
        say(f"  DATABRICKS_CLIENT_SECRET={shown['client_secret']}")
    else:
        places = [VARIABLES[name] for name in given]
        if len(given) < len(VARIABLES):
            places.append(str(workspace.path / FILE))
        say(f"credentials: {', '.join(places)}")
    return vars(credentials)
