"""Dumps of a wiki: the same pages however they are packed and cut, and what damage costs."""

from __future__ import annotations

import bz2
import gzip
import lzma
import random
import zipfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from builders.document import Document, Quarantined
from builders.sources.inputs import file_digest
from builders.sources.wiki import Wiki
from builders.sources.wiki_xml import Page, PageCutter, Piece
from tests.corpora import passage
from tests.dumps import END, HEAD, WikiPage, streams_of, write_multistream, xml_of
from validators.errors import SikuError

PAGES = [WikiPage(f"条目{number}", passage(f"wiki {number}", 300), number) for number in range(1, 13)]
GROUP = WikiPage(
    "Module:CGroup/天文",
    "return { name = '天文', content = { { type = 'item', original = 'x', rule = 'zh-cn:激光;zh-tw:雷射' } } }",
    99,
    828,
    model="Scribunto",
)


def read(*paths: Path, **settings: Any) -> list[Document | Quarantined]:
    source = Wiki(**settings)
    return [found for shard in source.shards(paths) for found in source.read(shard)]


def rows(*paths: Path, **settings: Any) -> list[tuple[str, str]]:
    """Id and text of a document, id and reason of what was refused."""
    found = read(*paths, **settings)
    assert len({piece.id for piece in found}) == len(found)
    return [(piece.id, piece.text if isinstance(piece, Document) else f"! {piece.reason}") for piece in found]


def reasons(*paths: Path, **settings: Any) -> list[str]:
    return [text[2:] for _, text in rows(*paths, **settings) if text.startswith("! ")]


def ids(*paths: Path, **settings: Any) -> list[int]:
    return [int(id) for id, text in rows(*paths, **settings) if not text.startswith("! ")]


def written(path: Path, raw: bytes | str) -> Path:
    path.write_bytes(raw if isinstance(raw, bytes) else raw.encode())
    return path


MANY_STREAMS = b"".join(streams_of(PAGES, 2))
WANTED = [(str(page.id), page.text) for page in PAGES]


def test_a_page_and_what_is_known_of_it(tmp_path: Path) -> None:
    assert Wiki.version == 1
    page = WikiPage("雪夜 <甲> & 乙", "'''雪夜'''是<b>一</b>&amp;二。", 7, redirect="雪")
    assert read(written(tmp_path / "dump.xml", xml_of([page]))) == [
        Document(
            "7",
            "'''雪夜'''是<b>一</b>&amp;二。",
            {
                "title": "雪夜 <甲> & 乙",
                "ns": 0,
                "redirect": "雪",
                "model": "wikitext",
                "revision": 1007,
                "timestamp": "2024-03-08T08:00:00Z",
                "form": "wikitext",
                "source": "dump.xml",
            },
        )
    ]


def test_the_same_pages_however_they_are_packed(tmp_path: Path) -> None:
    xml = xml_of(PAGES)
    files = {
        "a.xml": xml,
        "b.xml.bz2": bz2.compress(xml),
        "c.xml.gz": gzip.compress(xml),
        "d.xml.xz": lzma.compress(xml),
        "zhwiki-20240401-pages-articles1.xml-p1p12.bz2": bz2.compress(xml),
        "e.xml.bz2": b"".join(streams_of(PAGES, 1)),
        "f.xml.bz2": b"".join(bz2.compress(xml[at : at + 1000]) for at in range(0, len(xml), 1000)),  # as pbzip2 does
    }
    for name, raw in files.items():
        assert rows(written(tmp_path / name, raw)) == WANTED, name
    with zipfile.ZipFile(tmp_path / "dump.zip", "w") as archive:
        archive.writestr("a/dump.xml", xml)
    assert rows(tmp_path / "dump.zip") == WANTED


@pytest.mark.parametrize("per_stream", [1, 5, 100])
def test_with_or_without_an_index_in_one_shard_or_many(tmp_path: Path, per_stream: int) -> None:
    many = [WikiPage(page.title, page.text * 120, page.id) for page in PAGES] + [GROUP]
    wanted = [(str(page.id), page.text) for page in many]
    write_multistream(tmp_path / "with", many, per_stream)
    write_multistream(tmp_path / "without", many, per_stream, index=False)
    written(tmp_path / "dump.xml", xml_of(many))
    found = read(tmp_path / "with")
    assert [(piece.id, piece.text) for piece in found] == wanted
    assert found == read(tmp_path / "without")
    assert len(Wiki(shard_mb=1).shards([tmp_path / "dump.xml"])) > 1
    assert rows(tmp_path / "dump.xml", shard_mb=1) == rows(tmp_path / "dump.xml") == wanted
    shards = {name: Wiki().shards([tmp_path / name]) for name in ("with", "without")}
    assert [(shard.name, shard.digest) for shard in shards["with"]] == [
        (shard.name, shard.digest) for shard in shards["without"]
    ]


def test_many_shards_of_streams(tmp_path: Path) -> None:
    """Noise, which no compression makes small."""
    rng = random.Random(1)
    texts = ["".join(map(chr, rng.choices(range(0x4E00, 0x9FA5), k=30_000))) for _ in range(40)]
    pages = [WikiPage(f"甲{number}", text, number + 1) for number, text in enumerate(texts)]
    dump = write_multistream(tmp_path, pages, per_stream=1)
    source = Wiki(shard_mb=1)
    shards = source.shards([tmp_path])
    assert len(shards) > 1
    assert [shard.name for shard in shards] == [f"{dump.name}#{shard.start:012d}" for shard in shards]  # type: ignore[attr-defined]
    assert [piece.text for shard in shards for piece in source.read(shard)] == texts
    appended = [*pages, WikiPage("乙", "雪" * 100, 500)]
    write_multistream(tmp_path, appended, per_stream=1)
    again = source.shards([tmp_path])
    assert [shard.digest for shard in again[:-1]] == [shard.digest for shard in shards[:-1]]
    assert again[-1].digest != shards[-1].digest


def test_a_flipped_byte_costs_its_stream(tmp_path: Path) -> None:
    streams = streams_of(PAGES, 2)
    start = sum(map(len, streams[:3]))
    raw = bytearray(b"".join(streams))
    raw[start + 60] ^= 0xFF
    path = written(tmp_path / "dump.xml.bz2", bytes(raw))
    assert ids(path) == [1, 2, 3, 4, 7, 8, 9, 10, 11, 12]
    assert reasons(path) == [f"broken bz2: stream at byte {start:,}: Invalid data stream"]
    raw[start : start + 2] = b"XX"  # the mark where the stream begins
    path.write_bytes(bytes(raw))
    assert ids(path) == [1, 2, 3, 4, 7, 8, 9, 10, 11, 12]
    assert len(reasons(path)) == 1


def test_a_damaged_head_costs_no_page(tmp_path: Path) -> None:
    raw = bytearray(b"".join(streams_of(PAGES, 2)))
    raw[20] ^= 0xFF
    path = written(tmp_path / "dump.xml.bz2", bytes(raw))
    assert ids(path) == list(range(1, 13))
    assert reasons(path) == ["broken bz2: Invalid data stream"]


@pytest.mark.parametrize("form", ["many streams", "one stream", "gz", "plain"])
def test_cut_short_all_whole_pages_come(tmp_path: Path, form: str) -> None:
    pages = [WikiPage(page.title, page.text * 20, page.id) for page in PAGES]
    xml = xml_of(pages)
    name, raw = {
        "many streams": ("dump.xml.bz2", b"".join(streams_of(pages, 2))),
        "one stream": ("dump.xml.bz2", bz2.compress(xml, 1)),
        "gz": ("dump.xml.gz", gzip.compress(xml)),
        "plain": ("dump.xml", xml),
    }[form]
    path = written(tmp_path / name, raw[: len(raw) * 3 // 4])
    found = ids(path)
    assert found == list(range(1, len(found) + 1)) and len(found) >= 6
    (reason,) = reasons(path)
    wanted = {"plain": "page without an end", "gz": "breaks off"}.get(form, "broken bz2")
    assert reason.startswith(wanted)


def test_broken_xml_costs_its_page(tmp_path: Path) -> None:
    xml = xml_of(PAGES)
    path = tmp_path / "dump.xml"
    for old, new, reason in (
        (b"<title>\xe6\x9d\xa1\xe7\x9b\xae5<", b"<title>\xe6\x9d\xa1\xe7\x9b\xae5<<", "broken XML: byte "),
        (b"<id>5</id>", b"<id>5</di>", "broken XML: byte "),
        (b"<id>5</id>", b"&lol;", "broken XML: byte "),
        (b"<id>5</id>", b"\x01", "broken XML: byte "),
        (b"<title>\xe6\x9d\xa1\xe7\x9b\xae5</title>", b"", "not a page: byte "),
    ):
        path.write_bytes(xml.replace(old, new))
        assert ids(path) == [number for number in range(1, 13) if number != 5]
        assert [found[: len(reason)] for found in reasons(path)] == [reason]
    before, after = xml.split(b"    <ns>0</ns>\n    <id>6</id>")
    path.write_bytes(before + b"    <id>6</id>" + after.replace(b"</page>", b"</pagf>", 1))
    assert ids(path) == [number for number in range(1, 13) if number != 6]
    assert reasons(path)[0].startswith("page without an end: byte ")
    page = PAGES[5].xml()
    path.write_bytes(xml.replace(page.encode(), page.replace("<page>", "<pagX>").encode()))
    assert ids(path) == [number for number in range(1, 13) if number != 6]
    assert reasons(path)[0].startswith("XML outside of pages: byte ")


def test_a_bad_byte_costs_a_character(tmp_path: Path) -> None:
    raw = xml_of([WikiPage("雪", "雪落无声。" * 20, 1)]).replace("落".encode(), b"\xff", 1)
    (found,) = read(written(tmp_path / "dump.xml", raw))
    assert isinstance(found, Document) and found.meta["replaced"] == 1 and found.text.count("雪落无声。") == 19


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"<rss><channel>x</channel></rss>", "XML outside of pages: byte 0: 31 bytes"),
        (HEAD + END, "empty file: there is no page in it"),
        (b"", "empty file"),
        (b'<?xml version="1.0"?><!DOCTYPE m [<!ENTITY a "x">]><mediawiki></mediawiki>', "document type in the XML: byte 0: "),
        (HEAD + "<page><title>雪</title></page>" + END, "not a page: byte "),
        (xml_of([WikiPage("雪", " \n", 1)]), "empty page"),
    ],
)  # fmt: skip
def test_what_is_no_dump(tmp_path: Path, raw: bytes | str, reason: str) -> None:
    for name in ("dump.xml", "dump.xml.bz2"):
        text = raw.encode() if isinstance(raw, str) else raw
        path = written(tmp_path / name, text if name == "dump.xml" or not text else bz2.compress(text))
        assert [found[: len(reason)] for found in reasons(path)] == [reason]
        assert not ids(path)


def test_entities_of_a_document_type_are_never_expanded(tmp_path: Path) -> None:
    bomb = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10 if n else "x" * 100}">' for n in range(10))
    page = PAGES[0].xml().replace("条目1", "&a9;")
    path = written(tmp_path / "dump.xml", f"<!DOCTYPE m [{bomb}]>{HEAD}{page}{PAGES[1].xml()}{END}")
    assert ids(path) == [2]
    first, second = reasons(path)
    assert first.startswith("document type in the XML") and second.startswith("broken XML: ")


def test_a_page_that_is_too_large(tmp_path: Path) -> None:
    pages = [PAGES[0], WikiPage("巨", "雪" * 2_000_000, 2), PAGES[2]]
    for name, raw in (("dump.xml", xml_of(pages)), ("dump.xml.bz2", b"".join(streams_of(pages, 1)))):
        path = written(tmp_path / name, raw)
        assert ids(path, max_page_mb=1) == [1, 3]
        (reason,) = reasons(path, max_page_mb=1)
        assert reason.startswith("too large: ") and "5.7 MB, max_page_mb is 1 " in reason
        assert ids(path) == [1, 2, 3]


def test_a_stream_that_unfolds_without_end(tmp_path: Path) -> None:
    streams = streams_of(PAGES, 6)
    path = written(tmp_path / "dump.xml.bz2", b"".join([*streams[:2], bz2.compress(bytes(80 << 20)), *streams[2:]]))
    zeros, bomb = reasons(path)
    assert zeros.startswith("XML outside of pages: ") and bomb.startswith("zip bomb: stream at byte ")
    assert ids(path) == list(range(1, 13))


def test_the_newest_revision_counts(tmp_path: Path) -> None:
    xml = PAGES[0].xml().replace("</revision>", "</revision><revision><id>9</id><text>新</text></revision>")
    (found,) = read(written(tmp_path / "dump.xml", HEAD + xml + END))
    assert found.text == "新" and found.meta["revision"] == 9


def test_groups_are_part_of_the_digest_wherever_they_come_from(tmp_path: Path) -> None:
    dump = written(tmp_path / "dump.xml", xml_of(PAGES))
    (tmp_path / "cgroups").mkdir()
    group = written(
        tmp_path / "cgroups/天文.json", '{"name": "天文", "rules": [{"original": "x", "conv": "zh-cn:激光"}]}'
    )
    (alone,) = Wiki().shards([dump])
    (shard,) = Wiki().shards([tmp_path])
    assert shard.name == alone.name and shard.digest != alone.digest
    found = next(iter(Wiki().read(shard)))
    assert isinstance(found, Document) and found.meta["groups"] == shard.groups.digest  # type: ignore[attr-defined]
    group.write_text(group.read_text().replace("激光", "镭射"))
    (changed,) = Wiki().shards([tmp_path])
    assert changed.digest not in (shard.digest, alone.digest)
    group.unlink()
    written(tmp_path / "cgroups/天文.lua", GROUP.text)
    (lua,) = Wiki().shards([tmp_path])
    (tmp_path / "cgroups/天文.lua").unlink()
    dump.write_bytes(xml_of([*PAGES, GROUP]))
    (inside,) = Wiki().shards([tmp_path])
    assert inside.groups == lua.groups != None  # type: ignore[attr-defined]  # noqa: E711
    assert "groups" not in next(iter(Wiki().read(alone))).meta
    assert [shard.digest for shard in Wiki(groups=False).shards([tmp_path])] == [file_digest(dump)]


def test_only_groups_or_an_index_alone(tmp_path: Path) -> None:
    written(tmp_path / "天文.json", '{"name": "天文", "rules": []}')
    with pytest.raises(SikuError, match="there is nothing to read"):
        Wiki().shards([tmp_path])
    dump = write_multistream(tmp_path / "dump", PAGES)
    dump.unlink()
    assert reasons(tmp_path / "dump") == ["index without its dump"]


def test_an_index_that_is_not_the_one_of_the_dump(tmp_path: Path) -> None:
    pages = [*PAGES, GROUP]
    wanted = Wiki().shards([write_multistream(tmp_path / "good", pages).parent])
    dump = write_multistream(tmp_path / "bad", pages)
    index = next((tmp_path / "bad").glob("*index*"))
    good = bz2.decompress(index.read_bytes())
    for raw in (good[: len(good) // 2], b"7:1:x\n", b"", good.replace(b":", b";")):
        index.write_bytes(bz2.compress(raw))
        assert [shard.digest for shard in Wiki().shards([dump.parent])] == [shard.digest for shard in wanted]
    index.write_bytes(b"no bz2")
    assert [shard.digest for shard in Wiki().shards([dump.parent])] == [shard.digest for shard in wanted]


def test_a_dump_with_an_index_is_not_unpacked_for_its_groups(tmp_path: Path) -> None:
    dump = write_multistream(tmp_path, [*PAGES, GROUP])
    (shard,) = Wiki().shards([tmp_path])
    assert shard.digest != file_digest(dump)
    index = next(tmp_path.glob("*index*"))
    index.write_bytes(bz2.compress(bz2.decompress(index.read_bytes()).replace(b"Module:CGroup/", b"Module:")))
    (shard,) = Wiki().shards([tmp_path])  # what the index says is believed
    assert shard.digest == file_digest(dump)


def test_what_vanished(tmp_path: Path) -> None:
    write_multistream(tmp_path, PAGES)
    written(tmp_path / "dump.xml", xml_of(PAGES))
    shards = Wiki().shards([tmp_path])
    for path in tmp_path.iterdir():
        path.unlink()
    found = [piece for shard in shards for piece in Wiki().read(shard)]
    assert [piece.reason for piece in found if isinstance(piece, Quarantined)] == [
        "cannot be read: No such file or directory"
    ] * 2


@pytest.mark.parametrize("wrong", [{"max_page_mb": 0}, {"shard_mb": 0}, {"text_column": ""}, {"title_column": ""}])
def test_wrong_settings(wrong: dict[str, Any]) -> None:
    with pytest.raises(SikuError, match=next(iter(wrong))):
        Wiki(**wrong)


tags = st.sampled_from(
    ["<page>", "</page>", "<title>雪</title>", "<revision><text>夜</text></revision>", "<", "a", "&", "\n"]
)


@settings(max_examples=200, deadline=None)
@given(st.lists(tags, max_size=40), st.lists(st.integers(1, 40), min_size=1, max_size=8))
def test_any_bytes_in_any_pieces(words: list[str], sizes: list[int]) -> None:
    """Every page is found however the bytes arrive, and every byte is in a page, outside of one, or refused."""
    raw = "".join(words).encode()
    whole = list(PageCutter(1000).pages([Piece(0, raw)]))
    at, pieces = 0, list[Piece]()
    while at < len(raw):
        size = sizes[len(pieces) % len(sizes)]
        pieces.append(Piece(0, raw[at : at + size]))
        at += size
    assert list(PageCutter(1000).pages(pieces)) == whole
    assert sum(isinstance(found, Page) for found in whole) <= raw.count(b"</page>")
    if raw.strip():
        assert whole


@settings(max_examples=60, deadline=None)
@given(place=st.floats(0, 1, exclude_max=True), flip=st.integers(1, 255), size=st.integers(1, 12))
def test_any_damage_costs_no_more_than_its_streams(
    tmp_path_factory: pytest.TempPathFactory, place: float, flip: int, size: int
) -> None:
    raw = bytearray(MANY_STREAMS)
    at = int(place * len(raw))
    raw[at : at + size] = bytes(byte ^ flip for byte in raw[at : at + size])
    path = tmp_path_factory.mktemp("damage") / "dump.xml.bz2"
    path.write_bytes(raw)
    found = read(path)
    texts = {piece.id: piece.text for piece in found if isinstance(piece, Document)}
    assert texts.items() <= dict(WANTED).items()
    assert len(texts) >= 8  # two streams of two pages each
    assert len(texts) == len(WANTED) or len(found) > len(texts)  # what was lost is said
