"""Dumps of a wiki, made on the spot: the XML of MediaWiki, in one piece or in many bz2 streams with an index."""

from __future__ import annotations

import bz2
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple
from xml.sax.saxutils import escape, quoteattr

HEAD = """<mediawiki xmlns="http://www.mediawiki.org/xml/export-0.11/" version="0.11" xml:lang="zh">
  <siteinfo>
    <sitename>示例百科</sitename>
    <dbname>examplewiki</dbname>
    <namespaces>
      <namespace key="0" case="first-letter" />
      <namespace key="10" case="first-letter">Template</namespace>
      <namespace key="828" case="first-letter">Module</namespace>
    </namespaces>
  </siteinfo>
"""
END = "</mediawiki>"


class WikiPage(NamedTuple):
    """What a page of a dump says of itself."""

    title: str
    text: str
    id: int
    ns: int = 0
    redirect: str = ""
    model: str = "wikitext"

    def xml(self) -> str:
        redirect = f"    <redirect title={quoteattr(self.redirect)} />\n" if self.redirect else ""
        return f"""  <page>
    <title>{escape(self.title)}</title>
    <ns>{self.ns}</ns>
    <id>{self.id}</id>
{redirect}    <revision>
      <id>{self.id + 1000}</id>
      <timestamp>2024-03-0{self.id % 9 + 1}T08:00:00Z</timestamp>
      <contributor><username>编者</username><id>7</id></contributor>
      <model>{self.model}</model>
      <format>text/x-wiki</format>
      <text bytes="{len(self.text.encode())}" xml:space="preserve">{escape(self.text)}</text>
    </revision>
  </page>
"""


def xml_of(pages: Sequence[WikiPage]) -> bytes:
    return (HEAD + "".join(page.xml() for page in pages) + END).encode()


def streams_of(pages: Sequence[WikiPage], per_stream: int) -> list[bytes]:
    """The head, the pages by `per_stream`, and the end, each a bz2 stream of its own."""
    runs = [pages[at : at + per_stream] for at in range(0, len(pages), per_stream)]
    return [bz2.compress(part.encode()) for part in (HEAD, *("".join(page.xml() for page in run) for run in runs), END)]


def index_of(pages: Sequence[WikiPage], per_stream: int) -> bytes:
    streams = streams_of(pages, per_stream)
    starts = [sum(map(len, streams[: number + 1])) for number in range(len(streams))]
    lines = [f"{starts[place // per_stream]}:{page.id}:{page.title}\n" for place, page in enumerate(pages)]
    return bz2.compress("".join(lines).encode())


def write_multistream(folder: Path, pages: Sequence[WikiPage], per_stream: int = 2, *, index: bool = True) -> Path:
    """A dump in `folder`, as they are published: `…-multistream.xml.bz2` and `…-multistream-index.txt.bz2`."""
    folder.mkdir(parents=True, exist_ok=True)
    dump = folder / "examplewiki-20240401-pages-articles-multistream.xml.bz2"
    dump.write_bytes(b"".join(streams_of(pages, per_stream)))
    if index:
        name = dump.name.replace(".xml.bz2", "-index.txt.bz2")
        (folder / name).write_bytes(index_of(pages, per_stream))
    return dump
