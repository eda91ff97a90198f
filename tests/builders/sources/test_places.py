"""Where a document says it stands, its text is found: to the line, and to the byte where the file has lines."""

from __future__ import annotations

import bz2
import re
from pathlib import Path

import pytest

from builders.document import Document
from builders.sources.baike import Baike
from builders.sources.conversations import Conversations
from builders.sources.papers import Papers
from builders.sources.row_files import RowFiles
from builders.sources.text_files import TextFiles
from builders.sources.wiki import Wiki

BRIDGE, WELL = "桥是石头砌的，下面可以过船。", "井里的水夏天凉，冬天不结冰。"
PAGES = "".join(
    f"<page><title>{title}</title><ns>0</ns><id>{id}</id><revision><id>9</id><text>{text}</text></revision></page>\n"
    for id, title, text in ((1, "桥", BRIDGE), (2, "井", WELL))
)


def read(source: RowFiles, path: Path) -> list[Document]:
    found = [one for shard in source.shards([path]) for one in source.read(shard)]
    assert all(isinstance(one, Document) for one in found), found
    return [one for one in found if isinstance(one, Document)]


@pytest.mark.parametrize(
    ("source", "name", "lines"),
    [
        (TextFiles(), "a.jsonl", [f'{{"text": "{BRIDGE}"}}', f'{{"text": "{WELL}"}}']),
        (TextFiles(txt="lines"), "a.txt", [BRIDGE, WELL]),
        (Wiki(), "wiki_00", [f'{{"title": "桥", "text": "{BRIDGE}"}}', f'{{"title": "井", "text": "{WELL}"}}']),
        (Baike(), "a.jsonl", [f'{{"title": "桥", "summary": "{BRIDGE}"}}', f'{{"title": "井", "summary": "{WELL}"}}']),
        (Papers(), "a.tsv", [f"桥\t{BRIDGE}\t石_船\t土木\t工学", f"井\t{WELL}\t水\t土木\t工学"]),
        (Conversations(), "a.tsv", [f"桥呢\t{BRIDGE}", f"井呢\t{WELL}"]),
        (Conversations(), "a.jsonl", [f'["桥呢", "{BRIDGE}"]', f'["井呢", "{WELL}"]']),
    ],
)
def test_a_line_is_where_it_says(tmp_path: Path, source: RowFiles, name: str, lines: list[str]) -> None:
    raw = "".join(f"{line}\n" for line in lines).encode()
    (tmp_path / name).write_bytes(raw)
    for number, (document, text) in enumerate(zip(read(source, tmp_path / name), (BRIDGE, WELL), strict=True), start=1):
        line, first, last = map(int, re.findall(r"\d+", document.place))
        assert (line, raw[first:last].decode()) == (number, lines[number - 1])
        assert text in document.text


def test_rows_without_lines_have_their_number(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(f'[{{"text": "{BRIDGE}"}}, {{"text": "{WELL}"}}]')
    (tmp_path / "b.csv").write_text(f"text\n{BRIDGE}\n{WELL}\n")
    assert [one.place for one in read(TextFiles(), tmp_path)] == ["row 1", "row 2", "line 2", "line 3"]


def test_bytes_of_utf_16_are_not_told(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_bytes(f'{{"text": "{BRIDGE}"}}\n'.encode("utf-16"))
    assert [one.place for one in read(TextFiles(), tmp_path)] == ["line 1"]


def test_a_block_of_turns_begins_there(tmp_path: Path) -> None:
    (tmp_path / "a.conv").write_text(f"E\nM 桥呢\nM {BRIDGE}\nE\nM 井呢\nM {WELL}\n")
    assert [one.place for one in read(Conversations(), tmp_path)] == ["line 2", "line 5"]


def test_a_page_of_a_dump(tmp_path: Path) -> None:
    raw = f"<mediawiki>\n{PAGES}</mediawiki>\n".encode()
    (tmp_path / "a-pages-articles.xml").write_bytes(raw)
    for document in read(Wiki(), tmp_path):
        place = re.fullmatch(r"byte (\d+)", document.place)
        assert place
        piece = raw[int(place[1]) :].decode()
        assert piece.startswith("<page>") and document.text in piece.partition("</page>")[0]


def test_a_page_of_a_stream(tmp_path: Path) -> None:
    streams = [bz2.compress(piece.encode()) for piece in ("<mediawiki>\n", PAGES, "</mediawiki>\n")]
    (tmp_path / "a-pages-articles-multistream.xml.bz2").write_bytes(b"".join(streams))
    for document in read(Wiki(groups=False), tmp_path):
        place = re.fullmatch(r"stream at byte (\d+), byte (\d+) of it", document.place)
        assert place and int(place[1]) == len(streams[0])
        assert (
            PAGES.encode()[int(place[2]) :]
            .decode()
            .partition("</page>")[0]
            .endswith(f"{document.text}</text></revision>")
        )
