"""Write the README's table of differences anew: python tests/write_differences.py"""

from __future__ import annotations

from pathlib import Path

from conformance.differences import as_markdown

README = Path(__file__).parents[1] / "README.md"
START = "<!-- differences: written by tests/write_differences.py -->\n"
END = "<!-- end of differences -->"


def with_table(text: str) -> str:
    """The README with the table as it should be."""
    before, rest = text.split(START)
    return f"{before}{START}{as_markdown()}\n{END}{rest.split(END)[1]}"


if __name__ == "__main__":
    README.write_text(with_table(README.read_text()))
