"""`vitrine bench serving`. Translates and prints."""

from __future__ import annotations

import dataclasses
import functools
import signal
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from engine.doors.cli.bench.options.recording import print_lines, recorder, records
from engine.doors.cli.bench.tables.serving import is_of_a_load, print_loads
from engine.doors.cli.options import (
    chosen_workspace,
    comma_separated,
    parsed_filter,
    takes_workspace,
)

if TYPE_CHECKING:
    from engine.bench.records.journal import Recorder
    from engine.bench.serving.plan import Plan
    from engine.bench.serving.served import Served
    from engine.bench.serving.servers.server import Server

TERMINATED = 143  # exit status of a command that SIGTERM ended
PEER = click.Path(exists=True, path_type=Path)
PACKAGES = ("uvicorn", "httptools", "chromadb", "milvus")
SMOKE: dict[str, Any] = {
    "clients": (2,), "rates": (100.0,), "seconds": 0.05, "rounds": 1, "warming": 32, "resolution": 16.0,
    "warm_ups": 1,
}  # fmt: skip
SMOKE_WORKERS = "1,2"
Command = TypeVar("Command", bound=Callable[..., Any])


def _loads(command: Command) -> Command:
    """The options that say how much is asked, and how."""
    for option in (
        click.option("--timeout", default=5.0, show_default=True, help="Seconds of a request."),
        click.option(
            "--seconds", default=2.0, show_default=True, help="Of each measurement, in all rounds."
        ),
        click.option(
            "--bound",
            "bound_ms",
            default=50.0,
            show_default=True,
            help="Milliseconds that 99 in 100 must keep, in the search for the highest rate.",
        ),
        click.option(
            "--arrivals",
            default="poisson,constant",
            show_default=True,
            help="How requests of an open loop come.",
        ),
        click.option(
            "--rates", default="50,200", show_default=True, help="Requests a second, open loop."
        ),
        click.option(
            "--clients", default="1,4,16", show_default=True, help="At a time, closed loop."
        ),
        click.option("--kinds", metavar="NAMES", help="Of health,vector,filtered,text,keyword."),
        click.option("-k", default=10, show_default=True, type=click.IntRange(1, 200)),
    ):
        command = option(command)
    return command


def _servers(command: Command) -> Command:
    """The options that say what is served, and by whom."""
    for option in (
        click.option(
            "--text",
            "texts",
            multiple=True,
            help="With --url alone: a text to ask for; repeatable.",
        ),
        click.option(
            "--filter",
            "condition",
            metavar="JSON",
            help='Of filtered queries: {"column": "value"}.',
        ),
        click.option(
            "--token",
            envvar="DATABRICKS_TOKEN",
            help="For --url. Better in $DATABRICKS_TOKEN; raw lines don't hold it.",
        ),
        click.option(
            "--url", help="A server that runs already, with the same index; the cloud's too."
        ),
        click.option(
            "--peer",
            "peers",
            multiple=True,
            type=PEER,
            metavar="FILE.py|DIR",
            help="Others' servers beside, such as benchmarks/servers; repeatable.",
        ),
        click.option(
            "--workers", help="Processes of vitrine serve.  [default: 1,2,4; with --smoke 1,2]"
        ),
        click.option("--index", help="Its full name.  [default: the shop's index of photos]"),
    ):
        command = option(command)
    return command


@click.command()
@_servers
@_loads
@records
@takes_workspace("Whose index is served; it is not changed.")
def serving(
    index: str | None,
    url: str | None,
    token: str | None,
    condition: str | None,
    texts: Sequence[str],
    workers: str | None,
    peers: Sequence[Path],
    k: int,
    out: Path | None,
    seed: int,
    smoke: bool,
    **given: Any,
) -> None:
    """How fast servers answer: latency, throughput, processor time.

    Clients are a process of their own. In a closed loop each asks again once it is answered; in an open
    loop requests come by a schedule, whatever came back, and count from when they were due. Then the
    highest rate is searched for at which 99 in 100 keep --bound. Replies are judged by exact
    search: who misses recall 0.99 is out.

    With --url and no --workspace the index is asked random vectors, and nothing is judged.
    """
    from engine.bench.records.line import Line
    from engine.bench.serving.turns import measure

    plan = _plan(seed, smoke, **given)
    counts = _numbers("--workers", workers or (SMOKE_WORKERS if smoke else "1,2,4"), int)
    with _ended_in_order(), _folder() as folder:
        served = _served(folder, index, url, token, parsed_filter(condition), texts, k, seed, smoke)
        kept = recorder("serving", out, seed, smoke, PACKAGES)
        starters = {
            **_own(served, folder, counts, url, token),
            **_peers(served, folder, peers, kept),
        }
        measure(served, starters, plan, kept.run.floors, kept.add)
    print_loads(kept.kept)
    rest = [one for one in kept.kept if not isinstance(one, Line) or not is_of_a_load(one)]
    print_lines(rest, kept.file)


@contextmanager
def _ended_in_order() -> Iterator[None]:
    """Whoever ends this process by SIGTERM ends the servers too that it started."""
    before = signal.signal(signal.SIGTERM, lambda *_: sys.exit(TERMINATED))
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


@contextmanager
def _folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="vitrine-bench-") as folder:
        yield Path(folder)


def _plan(seed: int, smoke: bool, **given: Any) -> Plan:
    from engine.bench.serving.load.arrivals import ARRIVALS
    from engine.bench.serving.plan import Plan
    from engine.bench.serving.served import KINDS

    plan = Plan(
        kinds=_chosen("--kinds", given["kinds"] or ",".join(KINDS), KINDS),
        clients=_numbers("--clients", given["clients"], int),
        rates=_numbers("--rates", given["rates"], float),
        arrivals=_chosen("--arrivals", given["arrivals"], ARRIVALS),
        bound_ms=given["bound_ms"],
        seconds=given["seconds"],
        timeout=given["timeout"],
        seed=seed,
    )
    return dataclasses.replace(plan, **SMOKE) if smoke else plan


def _served(
    folder: Path,
    index: str | None,
    url: str | None,
    token: str | None,
    condition: object,
    texts: Sequence[str],
    k: int,
    seed: int,
    smoke: bool,
) -> Served:
    from engine.bench.serving.served import served_index
    from engine.bench.serving.servers import remote, small
    from engine.shop.names import IMAGE_INDEX
    from engine.workspace import Workspace

    if condition is not None and not isinstance(condition, dict):
        raise click.BadParameter('expected {"column": "value"}', param_hint="--filter")
    if smoke and chosen_workspace() is None and url is None:
        workspace = small.small_workspace(folder / "workspace")
        return served_index(workspace, small.INDEX, k=k, filters=condition, seed=seed, queries=64)
    if url is not None and chosen_workspace() is None:
        if index is None:
            raise click.UsageError(
                "--url without --workspace needs --index, the index's full name."
            )
        return remote.described(
            url, token, index, k=k, filters=condition or {}, texts=texts, seed=seed
        )
    workspace = Workspace(chosen_workspace())
    return served_index(workspace, index or IMAGE_INDEX, k=k, filters=condition, seed=seed)


def _own(
    served: Served, folder: Path, workers: Sequence[int], url: str | None, token: str | None
) -> dict[str, Callable[[], Server]]:
    """What starts each server of ours, by a name for it; the empty app first, the others' floor."""
    from engine.bench.serving.servers.floor import NAME, Floor
    from engine.bench.serving.servers.remote import Remote
    from engine.bench.serving.servers.vitrine import Vitrine

    found: dict[str, Callable[[], Server]] = {NAME: Floor}
    if served.workspace is not None:
        for count in workers:
            name = f"vitrine with {count} workers"
            found[name] = functools.partial(Vitrine, served, folder, count)
    if url is not None:
        found[url] = functools.partial(Remote, url, token, served)
    return found


def _peers(
    served: Served, folder: Path, places: Sequence[Path], kept: Recorder
) -> dict[str, Callable[[], Server]]:
    """What starts each server of others; those that can't be had are said to be left out."""
    from engine.bench.records.line import LeftOut
    from engine.bench.serving.point import CASE
    from engine.bench.serving.servers.peers import peers

    found: dict[str, Callable[[], Server]] = {}
    for peer in (peer for place in places for peer in peers(place)):
        for name, reason in peer.left_out.items():
            kept.add(LeftOut(CASE, name, reason))
        if peer.started is not None:
            own = folder / peer.name
            own.mkdir(exist_ok=True)
            found[peer.name] = functools.partial(peer.started, served, own)
    return found


def _chosen(option: str, text: str, known: Sequence[Any]) -> tuple[Any, ...]:
    names = comma_separated(text) or []
    wrong = [name for name in names if name not in known]
    if wrong:
        raise click.BadParameter(f"{wrong[0]!r}; expected of {', '.join(known)}", param_hint=option)
    return tuple(names)


def _numbers(option: str, text: str, kind: Callable[[str], Any]) -> tuple[Any, ...]:
    try:
        numbers = tuple(kind(part) for part in comma_separated(text) or [])
    except ValueError:
        numbers = ()
    if not numbers or min(numbers) <= 0 or max(numbers) > 100_000:
        raise click.BadParameter(f"{text!r}; expected such as 1,2,4", param_hint=option)
    return numbers
