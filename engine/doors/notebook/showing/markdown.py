"""Markdown of cells to HTML. Knows markdown-it; nothing of it leads to another machine.

markdown-it-py, because it follows CommonMark and escapes HTML that stands in a text.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from markdown_it import MarkdownIt


def html_of(text: str) -> str:
    """Markdown as HTML; HTML in it is escaped, a picture that lies elsewhere is its address."""
    made: str = _PARSER.render(text)
    return made


def _image(_: Any, tokens: Sequence[Any], place: int, *__: Any) -> str:
    token = tokens[place]
    attributes: Mapping[str, Any] = token.attrs
    source, words = str(attributes.get("src", "")), escape(token.content)
    if source.startswith("data:image/"):
        return f'<img src="{escape(source)}" alt="{words}">'
    return f"[{words} {escape(source)}]"


_PARSER = MarkdownIt("js-default", {"html": False})
_PARSER.add_render_rule("image", _image)
