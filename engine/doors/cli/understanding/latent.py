"""The command that shows latent features. Translates and prints."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import click

from engine.doors.cli.options import AS_CODE, with_workspace
from engine.doors.cli.printing import (
    print_as_code,
    print_json,
    print_table,
    say,
    summarize,
    wrapped,
)
from engine.text_table import Column

if TYPE_CHECKING:
    from engine.shop.latent.dimension import Dimension, End
    from engine.shop.latent.result import LatentReport
    from engine.workspace import Workspace

_DIRECTIONS = (
    Column("name", "direction", is_kept=True, least=24),
    Column("products", form=","),
    Column("judged", form=","),
    Column("area", form=".3f", is_kept=True),
)


@click.command()
@click.argument("dimension", type=int, required=False)
@click.option(
    "--attribute",
    "attributes",
    multiple=True,
    metavar="COLUMN",
    help="Only this attribute, by column or role, with its values' directions.",
)
@click.option(
    "-k", type=click.IntRange(min=1), default=5, show_default=True, help="Products at each end."
)
@click.option("--index", metavar="NAME", help="The index, or its last part.")
@click.option("--anew", is_flag=True, help="Find it anew, also where it is known.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@AS_CODE
@with_workspace
def latent(
    workspace: Workspace,
    dimension: int | None,
    attributes: tuple[str, ...],
    k: int,
    index: str | None,
    anew: bool,
    as_json: bool,
    as_code: bool,
) -> None:
    """Both ends of a DIMENSION of an index's vectors; without one, what of each attribute they encode.

    Scores are of products held out, beside what the most frequent value, and shuffled values, score.
    """
    from engine.shop.latent.request import DimensionRequest

    found: Any
    if as_code:
        if dimension is None:
            raise click.UsageError(
                "--as-code shows a DIMENSION; what all of them encode is no query."
            )
        asked = DimensionRequest(dimension, k=k, index=index)
        print_as_code(workspace.as_code(asked), as_json)
        return
    started = time.monotonic()
    if dimension is not None:
        if attributes or anew:
            raise click.UsageError("DIMENSION goes with -k and --index, not --attribute or --anew.")
        found = workspace.latent_dimension(dimension, k=k, index=index)
    else:
        found = workspace.latent_features(list(attributes) or None, index=index, anew=anew)
    if as_json:
        print_json(found.to_dict())
    elif dimension is not None:
        _print_dimension(found)
    else:
        _print_report(found, with_directions=bool(attributes))
        summarize(f"looked at {len(found.attributes):,} attributes", started)


def _print_dimension(found: Dimension) -> None:
    said = (
        f"dimension {found.dimension} of {found.index}: {found.products:,} products, from "
        f"{found.least:.4f} to {found.most:.4f}, mean {found.mean:.4f}"
    )
    say(wrapped(said))
    for name, end in (("highest", found.highest), ("lowest", found.lowest)):
        say(f"\n{wrapped(f'{name}: {_facts(end)}')}")
        if end.products:
            usual = [column for column in end.products[0] if not column.endswith("path")]
            first = [Column(usual[0], is_kept=True, is_left=True)]
            first += [Column(name, is_kept=True, least=28) for name in usual[1:2]]
            common = [Column(name, least=10) for name in reversed(end.common) if name in usual[2:]]
            value = Column("value", form=".4f", is_kept=True)
            print_table(end.products, [*first, *common, value], told=False)
    tells = sorted(found.tells.items(), key=lambda item: -item[1]["share"])
    say("\nshare of its variance between the values of an attribute (by chance)")
    for column, share in tells:
        say(f"  {column}: {share['share']:.3f} ({share['by_chance']:.3f})")


def _facts(end: End) -> str:
    facts = [f"{c} {v.value} ({v.products} of {v.known})" for c, v in end.common.items()]
    if end.mean_price is not None:
        facts.append(f"mean price {end.mean_price:.2f} ({end.priced} priced)")
    return "; ".join(facts)


def _print_report(report: LatentReport, with_directions: bool) -> None:
    from engine.shop.latent.result import FINDINGS

    say(
        f"{report.index}, version {report.version}: {report.products:,} products; one in "
        f"{report.hold_out} is held out"
    )
    findings = list(report.attributes.values())
    print_table(report.rows(), FINDINGS)
    for finding in findings:
        if finding.why is not None:
            say(f"{finding.attribute}: {finding.why}")
    for finding in findings if with_directions else ():
        say(f"\ndirections of {finding.attribute} (area under the curve; 0.5 tells nothing)")
        print_table([vars(one) for one in finding.directions], _DIRECTIONS)
    say("score: balanced accuracy of a linear probe; of numbers, rank correlation", err=True)
