"""`vitrine bench report`: raw lines as a page, as tables, and in documents."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote

import click

from engine.doors.cli.options import names_workspace
from engine.doors.cli.printing import note

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
PAGE = "report.html"


@click.command()
@names_workspace("Not asked; accepted as everywhere.")
@click.argument("files", nargs=-1, required=True, type=FILE, metavar="FILES...")
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    help=f"The page; default: {PAGE}, where nothing else is asked for.",
)
@click.option("--title", default="Benchmarks", show_default=True, help="Of the page.")
@click.option(
    "--tables",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="Write each case's tables there as Markdown.",
)
@click.option(
    "--write",
    "documents",
    type=FILE,
    multiple=True,
    metavar="FILE.md",
    help="Fill in the blocks of figures of a document; may be repeated.",
)
def report(
    files: tuple[Path, ...],
    out: Path | None,
    title: str,
    tables: Path | None,
    documents: tuple[Path, ...],
) -> None:
    """Make a page of raw lines: plots, tables, machines, and what repeats each figure.

    The page is one file that needs no other and no network. A document's block of figures stands
    between `<!-- figures: case: ann; columns: latency | recall@10; where: k=10 -->` and
    `<!-- end of figures -->`.
    """
    from engine.bench.records import journal

    found = journal.read(files)
    if tables is not None:
        from engine.bench.report.markdown.text import document
        from engine.bench.report.sections import sections

        tables.mkdir(parents=True, exist_ok=True)
        for one in sections(found):
            target = tables / f"{quote(one.case, safe=' ')}.md"  # a case may be called anything
            _write(target, document(one))
            note(f"wrote {target}")
    for path in documents:
        from engine.bench.report.markdown.blocks import filled, selectors

        text = path.read_bytes().decode()
        returns = "\r\n" in text
        text = text.replace("\r\n", "\n")
        made = filled(text, found)
        _write(path, made.replace("\n", "\r\n") if returns else made)
        note(f"filled {len(selectors(text)):,} blocks of {path}")
    if out is not None or not (tables or documents):
        from engine.bench.report.page import page

        target = out or Path(PAGE)
        _write(target, page(found, title))
        note(f"wrote {target}")


def _write(file: Path, text: str) -> None:
    """All of a text or, on a full disk, nothing: what stood there stays."""
    from engine.store.layout import write_atomically

    target = file.resolve()  # a link stays one
    mode = target.stat().st_mode if target.exists() else None
    write_atomically(target, text.encode())
    if mode is not None:
        target.chmod(mode)
