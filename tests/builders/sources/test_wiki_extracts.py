"""Articles that others extracted: rows, CirrusSearch dumps, files of `<doc …>`, single pages."""

from __future__ import annotations

import gzip
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from builders.document import Document, Quarantined
from builders.sources.wiki import Wiki

TEXT = "渡口在两条河相会的地方。\n\n从前有船，后来有了桥。"


def read(path: Path, **settings: Any) -> list[Document | Quarantined]:
    source = Wiki(**settings)
    found = [found for shard in source.shards([path]) for found in source.read(shard)]
    assert len({piece.id for piece in found}) == len(found)
    return found


def reasons(path: Path, **settings: Any) -> list[str]:
    return [piece.reason for piece in read(path, **settings) if isinstance(piece, Quarantined)]


def lines(*rows: Any) -> bytes:
    return b"".join(
        row if isinstance(row, bytes) else json.dumps(row, ensure_ascii=False).encode() + b"\n" for row in rows
    )


ROW = {"id": "75", "url": "https://example.org/wiki?curid=75", "title": "渡口", "text": TEXT}


@pytest.mark.parametrize("name", ["wiki_00", "rows.jsonl", "rows.json", "wiki_00.gz", "rows.txt"])
def test_rows_of_an_extractor(tmp_path: Path, name: str) -> None:
    raw = lines(ROW, {"title": "桥", "text": TEXT, "form": "x", "ns": 4})
    (tmp_path / name).write_bytes(gzip.compress(raw) if name.endswith(".gz") else raw)
    first, second = read(tmp_path / name)
    meta = {"url": ROW["url"], "title": "渡口", "form": "extracted", "source": name}
    assert first == Document("75", TEXT, meta)
    assert second.meta == {"title": "桥", "form": "extracted", "source": name, "row_form": "x", "row_ns": 4}


def test_rows_that_are_no_articles(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_bytes(
        lines({"title": "甲"}, {"title": "乙", "text": " "}, {"text": ["x"]}, [], b"{\n", {"text": None}, ROW)
    )
    assert [reason.partition(": ")[0] for reason in reasons(path)] == [
        "no text column",
        "empty text",
        "text is not a string",
        "not a JSON object",
        "broken JSON",
        "empty text",
    ]
    assert read(path)[-1].id == "75"


def test_cirrus(tmp_path: Path) -> None:
    article = {"title": "渡口", "namespace": 0, "text": TEXT, "opening_text": "渡口", "template": ["Template:Disambig"]}
    article |= {"version": 17, "timestamp": "2024-01-02T03:04:05Z", "incoming_links": 3, "redirect": [{"title": "渡"}]}
    raw = lines({"index": {"_type": "_doc", "_id": "75"}}, article, {"index": {"_id": "76"}}, b"{broken\n")
    raw += lines(article, {"index": {"_id": "77"}}, article | {"page_id": 78, "namespace": 10})
    path = tmp_path / "wiki-20240101-cirrussearch-content.json.gz"
    path.write_bytes(gzip.compress(raw))
    first, broken, orphan, last = read(path)
    assert first == Document(
        "75",
        TEXT,
        {
            "title": "渡口",
            "timestamp": "2024-01-02T03:04:05Z",
            "revision": 17,
            "source": path.name,
            "form": "cirrus",
            "ns": 0,
            "templates": ["Template:Disambig"],
        },
    )
    assert isinstance(broken, Quarantined) and broken.reason.startswith("broken JSON: line 4")
    assert orphan.meta["form"] == "cirrus" and orphan.id not in ("75", "76")  # the line with its id was another's
    assert (last.id, last.meta["ns"]) == ("78", 10)


def test_pairs_of_lines_are_never_cut(tmp_path: Path) -> None:
    pairs = [({"index": {"_id": str(number)}}, {"text": TEXT * 2000, "namespace": 0}) for number in range(20)]
    path = tmp_path / "cirrus.jsonl"
    path.write_bytes(lines(*(row for pair in pairs for row in pair)))
    assert len(Wiki(shard_mb=1).shards([path])) == 1
    assert [piece.id for piece in read(path, shard_mb=1)] == [str(number) for number in range(20)]


def test_a_large_json_is_read_line_by_line(tmp_path: Path) -> None:
    path = tmp_path / "rows.json"
    path.write_bytes(lines(*({**ROW, "id": str(number), "text": TEXT * 4000} for number in range(12))))
    assert path.stat().st_size > 1 << 20
    assert [piece.id for piece in read(path, max_file_mb=1)] == [str(number) for number in range(12)]
    path.write_text(json.dumps([ROW], indent=1))
    assert [piece.id for piece in read(path)] == ["75"]


def test_files_of_docs(tmp_path: Path) -> None:
    head = '<doc id="{}" url="https://example.org/{}" title="{}">\n'
    whole = "".join(
        [
            head.format(1, 1, '“甲"乙') + f"甲\n\n{TEXT}\n\n</doc>\n",
            head.format(2, 2, "空") + "\n</doc>\n",
            "漏在外面\n",
            head.format(3, 3, "断") + "没有结尾\n",
            head.format(4, 4, "丁") + f"{TEXT}\r\n</doc>\r\n",
            head.format(5, 5, "末") + "文件到此为止\n",
        ]
    )
    (tmp_path / "AA").mkdir()
    (tmp_path / "AA/wiki_00").write_bytes(whole.encode())
    found = read(tmp_path)
    assert found[0] == Document(
        "1",
        f"甲\n\n{TEXT}",
        {"title": '“甲"乙', "url": "https://example.org/1", "form": "extracted", "source": "AA/wiki_00"},
    )
    assert [(piece.id, piece.text) for piece in found if isinstance(piece, Document)][1:] == [("4", TEXT)]
    assert [reason.partition(": ")[0] for reason in reasons(tmp_path)] == [
        "empty text",
        "text outside of articles",
        "article without an end",
        "article without an end",
    ]
    large = head.format(6, 6, "巨") + (f"{TEXT}\n" * 20_000) + "</doc>\n"
    (tmp_path / "AA/wiki_00").write_text(large + head.format(7, 7, "小") + f"{TEXT}\n</doc>\n")
    assert reasons(tmp_path, max_page_mb=1)[0].startswith("too large: ")
    assert [piece.id for piece in read(tmp_path, max_page_mb=1)][-1] == "7"


def test_single_pages(tmp_path: Path) -> None:
    (tmp_path / "石桥_(地名).wikitext").write_bytes("'''石桥'''是一座桥。".encode("gb18030"))
    (tmp_path / "渡口.wiki.gz").write_bytes(gzip.compress(b"[[a]]"))
    (tmp_path / "茶馆.txt").write_text("== 茶 ==")
    (tmp_path / "empty.wiki").write_text(" \n")
    (tmp_path / "LICENSE").write_text("text")
    (tmp_path / "binary.wiki").write_bytes(bytes(range(256)) * 40)
    found = {piece.meta["source"]: piece for piece in read(tmp_path)}
    titles = {name: (piece.meta["title"], piece.text) for name, piece in found.items() if isinstance(piece, Document)}
    assert titles == {
        "石桥_(地名).wikitext": ("石桥 (地名)", "'''石桥'''是一座桥。"),
        "渡口.wiki.gz": ("渡口", "[[a]]"),
        "茶馆.txt": ("茶馆", "== 茶 =="),
    }
    assert all(piece.meta["form"] == "wikitext" for piece in found.values() if isinstance(piece, Document))
    assert {name for name, piece in found.items() if isinstance(piece, Quarantined)} == {
        "empty.wiki",
        "LICENSE",
        "binary.wiki",
    }


def test_an_archive_of_all_kinds(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "wiki.zip", "w") as archive:
        archive.writestr("AA/wiki_00", lines(ROW))
        archive.writestr("AB/wiki_00", f'<doc id="9" url="" title="甲">\n{TEXT}\n</doc>\n')
        archive.writestr("石桥.wiki", "'''石桥'''")
    found = read(tmp_path)
    assert [piece.meta["source"] for piece in found] == [
        f"wiki.zip!{name}" for name in ("AA/wiki_00", "AB/wiki_00", "石桥.wiki")
    ]
    assert [piece.id for piece in found][:2] == ["75", "9"]


pieces = st.sampled_from(['<doc id="1" title="x">', "</doc>", "<doc ", "雪", "", "</doc", "\r", " "])


@settings(max_examples=60, deadline=None)
@given(words=st.lists(pieces, max_size=12))
def test_any_lines_of_docs(tmp_path_factory: pytest.TempPathFactory, words: list[str]) -> None:
    """Nothing of it is lost without a word."""
    path = tmp_path_factory.mktemp("docs") / "wiki_00"
    path.write_text("\n".join(['<doc id="0" title="x">', *words]), newline="")
    source = Wiki()
    found = [found for shard in source.shards([path]) for found in source.read(shard)]
    assert found
    wanted = "\n".join(words).count("雪")
    assert sum(piece.text.count("雪") for piece in found) == wanted
