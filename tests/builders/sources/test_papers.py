"""Papers out of tables with and without names, and out of the files of CSL."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from builders.document import Document, Quarantined
from builders.sources.papers import Papers

TITLE, ABSTRACT = "渡口的夜间照明", "本文比较了三种灯具对候鸟停歇的影响,结果表明遮罩有效."
Found = Document | Quarantined


def read(path: Path, **settings: Any) -> list[Found]:
    source = Papers(**settings)
    return [found for shard in source.shards([path]) for found in source.read(shard)]


def lines(tmp_path: Path, *cells: str, name: str = "papers.tsv") -> list[Found]:
    path = tmp_path / name
    path.write_text("".join(f"{line}\n" for line in cells), encoding="utf-8")
    return read(path)


def rows(tmp_path: Path, *found: object, **settings: Any) -> list[Found]:
    path = tmp_path / "papers.jsonl"
    path.write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in found), encoding="utf-8")
    return read(path, **settings)


def known(found: Found) -> dict[str, Any]:
    """Text and metadata of a document, without what is empty."""
    assert isinstance(found, Document), found
    meta = {name: value for name, value in found.meta.items() if value and name not in ("source", "title")}
    return {"text": found.text, **meta}


def reasons(found: list[Found]) -> list[str]:
    return [piece.reason if isinstance(piece, Quarantined) else "" for piece in found]


BOTH = f"{TITLE}\n{ABSTRACT}"


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (f"{TITLE}\t{ABSTRACT}\t候鸟_照明\t生态学\t理学", {"text": BOTH, "keywords": "候鸟；照明", "discipline": "生态学", "category": "理学"}),
        (f"{TITLE}\t{ABSTRACT}\t候鸟_照明\t理学\t生态学", {"text": BOTH, "keywords": "候鸟；照明", "discipline": "生态学", "category": "理学"}),
        (f"{TITLE}\t{ABSTRACT}", {"text": BOTH}),
        (f"{ABSTRACT}\t{TITLE}", {"text": BOTH}),  # of two cells the longer one is the abstract
        (f"to title\t {ABSTRACT}\t{TITLE}", {"text": BOTH}),
        (f"to keywords\t{ABSTRACT} {TITLE}\t候鸟_照明", {"text": BOTH, "keywords": "候鸟；照明"}),
        (f"to keywords\t{ABSTRACT} 渡口: 灯 与 鸟\t候鸟", {"text": f"渡口: 灯 与 鸟\n{ABSTRACT}", "keywords": "候鸟"}),
        (f"to discipline\t{ABSTRACT}\t生态学", {"text": ABSTRACT, "discipline": "生态学"}),
    ],
)  # fmt: skip
def test_lines_without_a_header(tmp_path: Path, line: str, expected: dict[str, Any]) -> None:
    for name in ("papers.tsv", "papers.txt"):
        (found,) = lines(tmp_path, line, name=name)
        assert known(found) == expected


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (f"to category\t{TITLE}\t理学", "no abstract: line 1: there is title, category"),
        (f"to author\t{ABSTRACT}\t某人", "unknown task: line 1"),
        (f"to keywords\t三种灯具的比较如下 {TITLE}\t候鸟", "title not found: line 1"),
        (TITLE, "no abstract: line 1: the line has no tab"),
        (f"{TITLE}\t", "empty abstract: line 1"),
    ],
)
def test_lines_that_are_no_paper(tmp_path: Path, line: str, reason: str) -> None:
    (found,) = reasons(lines(tmp_path, line))
    assert found.startswith(reason)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_a_table_with_a_header_is_told_by_its_names(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "papers.tsv"
    path.write_text(f"题目\t年份\t摘要\n{TITLE}\t2021\t{ABSTRACT}\n", encoding=encoding)
    (found,) = read(path)
    assert known(found) == {"text": BOTH, "年份": "2021"}


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
def test_a_large_table_is_read_in_parts(tmp_path: Path, encoding: str) -> None:
    """The rows, their ids and their places are those of the file read as a whole; one with a header stays whole."""
    rows = [f"第{number}篇论文\t{ABSTRACT * 16}" for number in range(1500)]
    path = tmp_path / "papers.tsv"
    path.write_text("\n".join(rows), encoding=encoding)
    found = {}
    for megabytes in (1, 8):
        source = Papers(shard_mb=megabytes)
        shards = source.shards([path])
        assert (len(shards) > 1) == (megabytes == 1)
        found[megabytes] = [(piece.id, known(piece)["text"]) for shard in shards for piece in source.read(shard)]
    assert found[1] == found[8]
    assert len(found[1]) == len({name for name, _ in found[1]}) == 1500
    path.write_text("\n".join(["title\tabstract", *rows]), encoding=encoding)
    assert len(Papers(shard_mb=1).shards([path])) == 1


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ({"id": 7, "abst": ABSTRACT, "keyword": ["候鸟", "照明"], "label": "1"}, {"text": ABSTRACT, "keywords": "候鸟；照明", "label": "1"}),
        ({"abst": ABSTRACT, "keyword": ["候鸟", "洗衣机"], "label": "0"}, {"text": ABSTRACT, "label": "0"}),  # not its keywords
        ({"论文标题": TITLE, "摘要": ABSTRACT, "关键词": "候鸟，照明"}, {"text": BOTH, "keywords": "候鸟；照明"}),
        ({"title": " 渡口的\n夜间<br/>照明 ", "abstract": ABSTRACT}, {"text": f"渡口的 夜间 照明\n{ABSTRACT}"}),
        ({"title": None, "abstract": ABSTRACT, "category": 5}, {"text": ABSTRACT, "row_category": 5}),
        ({"Title": TITLE, "ABSTRACT": ABSTRACT, "parents": ["x"]}, {"text": BOTH, "row_parents": ["x"]}),
    ],
)  # fmt: skip
def test_rows_with_names(tmp_path: Path, row: dict[str, Any], expected: dict[str, Any]) -> None:
    (found,) = rows(tmp_path, row)
    assert known(found) == expected


def test_columns_named_by_the_user(tmp_path: Path) -> None:
    row = {"name": TITLE, "brief": ABSTRACT, "title": "期刊", "abstract": 5}
    (found,) = rows(tmp_path, row, title_column="name", abstract_column="brief")
    assert known(found) == {"text": BOTH, "row_title": "期刊", "row_abstract": 5}
    assert reasons(rows(tmp_path, {"abstract": ABSTRACT}, abstract_column="brief"))[0].startswith("no abstract")


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ({"title": TITLE}, "no abstract: line 1: there is title (--set source.abstract_column"),
        ({"title": TITLE, "abstract": "  "}, "empty abstract"),
        ({"title": [TITLE], "abstract": ABSTRACT}, "not text: line 1: title is a list"),
        ({"title": TITLE, "abstract": {"a": None}}, "not text: line 1: abstract is an object"),
        ([1], "not a JSON object"),
        ({}, "no abstract"),
    ],
)
def test_rows_that_are_no_paper(tmp_path: Path, row: object, reason: str) -> None:
    (found,) = reasons(rows(tmp_path, row))
    assert found.startswith(reason)


def test_a_bad_row_costs_itself(tmp_path: Path) -> None:
    found = lines(tmp_path, f"{TITLE}\t{ABSTRACT}", TITLE, f"第二篇论文\t{ABSTRACT}")
    assert [bool(reason) for reason in reasons(found)] == [False, True, False]
    assert len({piece.id for piece in found}) == 3


cells = st.lists(
    st.sampled_from(["to title", "to keywords", TITLE, ABSTRACT, f"{ABSTRACT} {TITLE}", "", "理学", "a_b", "\x00"]),
    max_size=7,
)


@given(st.lists(cells, max_size=4))
@settings(max_examples=60, deadline=None)
def test_any_table_is_read_or_refused(tmp_path_factory: pytest.TempPathFactory, table: list[list[str]]) -> None:
    path = tmp_path_factory.mktemp("papers") / "papers.tsv"
    path.write_text("".join("\t".join(row) + "\n" for row in table) + f"{TITLE}\t{ABSTRACT}\n", encoding="utf-8")
    found = read(path)
    assert known(found[-1])["text"] == BOTH
    for piece in found:
        if isinstance(piece, Document):
            title = piece.meta["title"]
            assert piece.text.startswith(f"{title}\n" if title else "")
            assert "\n" not in title
