"""Articles that somebody extracted from a wiki: rows of WikiExtractor and CirrusSearch, and files of `<doc …>`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from io import BufferedReader
from pathlib import Path
from typing import Any, NamedTuple

from builders.sources.inputs import MIB, too_large
from builders.sources.rows import BadRow, Row, parse_json, quote, read_lines
from builders.text.decode import decode

DOC = b"<doc "
_DOC = re.compile(r"""<doc\s+id="([^"]*)"(?:\s+revid="[^"]*")?(?:\s+url="([^"]*)")?(?:\s+title="(.*)")?\s*>\s*""")
_DOC_END = b"</doc>"
_CIRRUS_INDEX = re.compile(rb'\s*\{\s*"index"\s*:\s*\{')
_CIRRUS_KEPT = ("title", "timestamp")
CIRRUS_META = ("ns", "templates")  # what the steps ask for


class Extract(NamedTuple):
    """One article of a file of `<doc …>`; `at` is the byte where it begins."""

    at: int
    id: str
    url: str
    title: str
    text: str
    replaced: int


def is_cirrus_file(path: Path) -> bool:
    """Whether a file begins as a CirrusSearch dump: the line `{"index": …}`, then the line of the article."""
    try:
        with path.open("rb") as file:
            return _CIRRUS_INDEX.match(file.read(200)) is not None
    except OSError:
        return False


def is_cirrus(row: Row) -> bool:
    """Whether a row is an article of such a dump, also where the line before it is lost."""
    return "opening_text" in row.columns and "namespace" in row.columns


def has_json_line(head: bytes) -> bool:
    """Whether the first line of a file is JSON by itself."""
    line, line_feed, _ = head.partition(b"\n")
    try:
        return bool(line_feed) and isinstance(parse_json(line)[0], dict)
    except ValueError:
        return False


def index_of(row: Row) -> str | None:
    """The page id on an index line, `None` for every other row."""
    index = row.columns.get("index")
    if len(row.columns) != 1 or not isinstance(index, dict):
        return None
    return str(index.get("_id") or "")


def from_cirrus(columns: dict[str, Any], index: str) -> dict[str, Any]:
    """The columns of an article in a CirrusSearch dump that are worth keeping, with `ns` and `templates`."""
    kept = {name: columns[name] for name in _CIRRUS_KEPT if isinstance(columns.get(name), str)}
    kept |= {"id": str(columns.get("page_id") or index), "text": columns.get("text")}
    namespace, templates, revision = columns.get("namespace"), columns.get("template"), columns.get("version")
    kept["ns"] = namespace if isinstance(namespace, int) else 0
    kept["templates"] = [name for name in templates if isinstance(name, str)] if isinstance(templates, list) else []
    return kept | ({"revision": revision} if isinstance(revision, int) else {})


def read_docs(stream: BufferedReader, max_line_bytes: int, max_page_bytes: int) -> Iterator[Extract | BadRow]:
    """The articles of a file of `<doc id="…" url="…" title="…">`, their text, `</doc>`."""
    begun: tuple[int, re.Match[str]] | None = None
    lines: list[bytes] = []
    size = expected = 0
    for line in read_lines(stream, max_line_bytes):
        raw = line.raw.rstrip(b"\r")
        if begun and line.offset > expected:
            lines.append(b"")  # one or more blank lines, which `read_lines` leaves out
        expected = line.offset + len(line.raw) + 1
        if raw.startswith(DOC) and (head := _DOC.fullmatch(raw.decode("utf-8", "replace"))):
            if begun:
                yield _lost(begun[0], "article without an end", "another one begins in it", lines)
            begun, lines, size = (line.offset, head), [], 0
        elif begun is None:
            yield _lost(line.offset, "text outside of articles", "", [raw])
        elif raw.strip() == _DOC_END:
            whole = size <= max_page_bytes
            yield _extract(*begun, lines) if whole else _too_large(begun[0], size, max_page_bytes, lines)
            begun = None
        else:
            size += max_page_bytes + 1 if line.too_long else len(raw) + 1
            if size <= max_page_bytes:
                lines.append(raw)
    if begun:
        yield _lost(begun[0], "article without an end", "the file breaks off in it", lines)


def _extract(at: int, head: re.Match[str], lines: list[bytes]) -> Extract:
    raw, replaced = b"\n".join(lines), 0
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        decoded = decode(raw)
        text, replaced = decoded.text, decoded.replaced
    return Extract(at, head[1], head[2] or "", (head[3] or "").strip(), text.strip("\n"), replaced)


def _too_large(at: int, size: int, max_page_bytes: int, lines: list[bytes]) -> BadRow:
    rule, _, why = too_large("the article", size, max_page_bytes // MIB, "max_page_mb").partition(": ")
    return _lost(at, rule, why, lines)


def _lost(at: int, rule: str, why: str, lines: list[bytes]) -> BadRow:
    reason = ": ".join(filter(None, (rule, f"byte {at:,}", why)))
    return BadRow(f"{at:012d}", reason, quote(b"\n".join(lines[:100])))
