"""Encyclopedia entries from saved pages, archives, dumps and tables, and what is refused of them."""

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
from builders.sources.baike import Baike
from builders.sources.baike_rows import clean, read_row, table_rows
from builders.text.entries import Entry, Section, entry_of
from tests.builders.sources.encyclopedia import new_fact, new_heading, new_page, new_paragraph, old_page, old_paragraph
from validators.errors import SikuError

WILLOW = new_page(
    "柳",
    sense="河边的树",
    summary=new_paragraph("柳是树。"),
    info=new_fact("科", "杨柳科"),
    body=new_heading("形态") + new_paragraph("枝条细长。"),
)


def read(*inputs: Path, source: Baike | None = None) -> list[Document | Quarantined]:
    source = source or Baike()
    return [piece for shard in source.shards(inputs) for piece in source.read(shard)]


def only_document(path: Path) -> Document:
    (piece,) = read(path)
    assert isinstance(piece, Document), piece
    return piece


def reasons(*inputs: Path) -> list[str]:
    return [piece.reason.partition(":")[0] for piece in read(*inputs) if isinstance(piece, Quarantined)]


def test_a_saved_page(tmp_path: Path) -> None:
    path = tmp_path / "柳.html"
    path.write_text(WILLOW, "utf-8")
    entry = only_document(path)
    assert entry.text == "柳是树。\n枝条细长。"
    assert entry.meta == {
        "title": "柳",
        "sense": "河边的树",
        "url": "https://baike.example/item/x/77",
        "info": {"科": "杨柳科"},
        "summary_lines": 1,
        "sections": [{"heading": "形态", "level": 1, "lines": 1}],
        "source": "柳.html",
        "encoding": "utf-8",
        "replaced": 0,
    }


@pytest.mark.parametrize("encoding", ["gb18030", "utf-16", "utf-8-sig"])
def test_pages_in_other_encodings(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "page.htm"
    path.write_bytes(old_page("柳树", summary=old_paragraph("柳树是一种树，长在河边，春天发芽。")).encode(encoding))
    assert only_document(path).text == "柳树是一种树，长在河边，春天发芽。"


def test_what_a_crawl_leaves_is_read_in_few_units_of_work(tmp_path: Path) -> None:
    for number in range(60):
        path = tmp_path / f"pages/{number % 7:02x}/页{number}-{number:012x}.html"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(old_page(f"柳{number}", summary=f"第{number}种柳树。"), "utf-8")
    (tmp_path / ".crawl").mkdir()
    (tmp_path / ".crawl/journal.jsonl").write_text('{"url": "https://baike.example/"}\n')
    source = Baike(pages_together=10)
    shards = source.shards([tmp_path])
    assert 2 <= len(shards) <= 20
    entries = read(tmp_path, source=source)
    assert {piece.meta["title"] for piece in entries} == {f"柳{number}" for number in range(60)}
    assert len({piece.id for piece in entries}) == 60
    one_by_one = read(tmp_path, source=Baike(pages_together=1))
    assert sorted(piece.id for piece in one_by_one) == sorted(piece.id for piece in entries)


def test_one_page_more_leaves_the_other_units_alone(tmp_path: Path) -> None:
    for number in range(80):
        (tmp_path / f"{number:03d}.html").write_text(old_page("柳", summary=f"第{number}种柳树。"), "utf-8")
    source = Baike(pages_together=8)
    before = {shard.digest for shard in source.shards([tmp_path])}
    (tmp_path / "0405.html").write_text(WILLOW, "utf-8")
    after = {shard.digest for shard in source.shards([tmp_path])}
    assert len(before) > 3
    assert len(before - after) == 1


def test_pages_of_one_name_in_two_inputs(tmp_path: Path) -> None:
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "柳.html").write_text(WILLOW.replace("柳是树", f"柳是树，{folder}"), "utf-8")
    shards = Baike().shards([tmp_path / "one", tmp_path / "two"])
    pieces = read(tmp_path / "one", tmp_path / "two")
    assert sorted(piece.meta["source"] for piece in pieces) == ["one/柳.html", "two/柳.html"]
    assert len({piece.id for piece in pieces}) == 2
    held = [[shard.holds({"source": f"{folder}/柳.html"}) for folder in ("one", "two", "three")] for shard in shards]
    assert held == [[True, False, False], [False, True, False]]


def test_archives_and_compressed_pages(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "pages.zip", "w") as archive:
        archive.writestr("a/柳.html", WILLOW)
        archive.writestr("a/杨.html", old_page("杨", summary="杨是树。"))
    (tmp_path / "松.html.gz").write_bytes(gzip.compress(old_page("松", summary="松是树。").encode()))
    assert sorted(piece.meta["title"] for piece in read(tmp_path)) == ["杨", "松", "柳"]


def test_what_is_no_entry_is_quarantined_with_its_reason(tmp_path: Path) -> None:
    pages = {
        "1.html": "<title>百度安全验证</title><p>请完成验证。</p>",
        "2.html": '<p class="sorryCont">抱歉，没有收录。</p>',
        "3.html": "<html><body><div id=app></div></body></html>",
        "4.html": '<h1 class="J-lemma-title">柳</h1>',
        "5.html": '<h1 class="J-lemma-title">柳</h1><div class="lemmaWgt-subLemmaListTitle">多义词</div>'
        '<ul class="para-list"><li><div class="para"><a href="/item/x">柳：树</a></div></li></ul>',
        "6.html": "",
        "7.html": "\x00\x01\x02" * 500,
        "words.txt": "柳\n杨\n",
        "words.scel": "\x40\x15\x00\x00DCS",
        "picture.png": "x",
    }
    for name, html in pages.items():
        (tmp_path / name).write_text(html, "utf-8")
    assert sorted(reasons(tmp_path)) == sorted(
        [
            "blocked page",
            "missing entry",
            "no entry in the page",
            "no text",
            "list of senses",
            "empty file",
            "not text",
            "not an entry",
            "not an entry",
            "not a text",
        ]
    )


def test_a_page_over_the_limit_is_refused(tmp_path: Path) -> None:
    (tmp_path / "1.html").write_text(WILLOW + "<!--" + "x" * (1 << 20) + "-->", "utf-8")
    (piece,) = read(tmp_path, source=Baike(max_page_mb=1))
    assert isinstance(piece, Quarantined) and piece.reason.startswith("too large: ")
    with pytest.raises(SikuError, match="max_page_mb is 0"):
        Baike(max_page_mb=0)


ROWS: list[tuple[dict[str, Any], Entry]] = [
    (
        {"itemTitle": "柳", "itemSummary": "柳是树[1]\xa0\n，在河边。", "itemUrls": "https://baike.example/item/x"},
        Entry("柳", None, "柳是树，在河边。"),
    ),
    (
        {"name": "柳（树）", "desc": "柳是树。", "basic_info": {"科": ["杨柳科", "柳科"], "高": 8, "空": ""}},
        Entry("柳", "树", "柳是树。", {"科": "杨柳科、柳科", "高": "8"}),
    ),
    (
        {"title": "柳", "desc": "河边的树", "abstract": "柳是<b>树</b>。", "card": [{"key": "m_1", "name": "科", "value": ["杨柳"]}]},
        Entry("柳", "河边的树", "柳是树。", {"科": "杨柳"}),
    ),
    (
        {"词条": "柳", "摘要": "柳是树。", "属性": '{"科": "杨柳科"}', "正文": {"形态": "枝条细长。\n叶子窄。", "用途": ""}},
        Entry("柳", None, "柳是树。", {"科": "杨柳科"}, [Section("形态", 1, ["枝条细长。", "叶子窄。"]), Section("用途")]),
    ),
    (
        {"Title": "柳", "content": ["开头。", {"title": "形态", "content": ["细长。"]}, "结尾。"]},
        Entry("柳", None, "", {}, [Section("", 1, ["开头。"]), Section("形态", 1, ["细长。"]), Section("", 1, ["结尾。"])]),
    ),
    (
        {"title": "柳", "sections": ["形态", "用途"], "paragraphs": ["枝条细长，叶子很窄。", "可以编筐。"]},
        Entry("柳", None, "", {}, [Section("", 1, ["枝条细长，叶子很窄。", "可以编筐。"])]),
    ),
    ({"title": "柳", "text": "柳是树。\n在河边。"}, Entry("柳", None, "", {}, [Section("", 1, ["柳是树。", "在河边。"])])),
    ({"url": "https://baike.example/item/%E6%9F%B3/3", "summary": "柳是树。"}, Entry("柳", None, "柳是树。")),
    ({"title": "柳", "info": [["科", "杨柳科"], ["种 类", None], 7]}, Entry("柳", None, "", {"科": "杨柳科"})),
    ({"title": "柳", "info": "科：杨柳科\n高: 8米"}, Entry("柳", None, "", {"科": "杨柳科", "高": "8米"})),
]  # fmt: skip


@pytest.mark.parametrize(("row", "expected"), ROWS)
def test_rows_of_many_crawlers(row: dict[str, Any], expected: Entry) -> None:
    found = read_row(row)
    assert Entry(found.title, found.sense, found.summary, found.info, found.parts) == expected


def test_json_lines_keep_ids_and_other_columns(tmp_path: Path) -> None:
    rows: list[dict[str, Any]] = [
        {"id": "w1", "title": "柳", "summary": "柳是树。", "tags": ["树", "河"], "info": {"科": "杨柳"}},
        {"title": "杨", "html": old_page("杨", summary="杨是树。"), "url": "https://baike.example/item/y"},
        {"title": "松"},
        {"summary": "没有名字。"},
        {"title": "captcha", "html": "<title>百度安全验证</title>"},
    ]
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows) + "{broken\n", "utf-8")
    first, second, *others = read(path)
    assert isinstance(first, Document) and isinstance(second, Document)
    assert (first.id, first.text, first.meta["tags"]) == ("w1", "柳是树。", ["树", "河"])
    assert "summary" not in first.meta and first.meta["url"] is None
    assert (second.text, second.meta["url"]) == ("杨是树。", "https://baike.example/item/y")
    assert "html" not in second.meta
    assert [piece.reason.partition(":")[0] for piece in others if isinstance(piece, Quarantined)] == [
        "no text",
        "no title",
        "blocked page",
        "broken JSON",
    ]


def test_a_csv_of_titles_links_and_summaries(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text('title,link,summary\n柳,https://baike.example/item/x,"柳是树。[1]"\n', "utf-8")
    entry = only_document(path)
    assert (entry.meta["title"], entry.text, entry.meta["url"]) == ("柳", "柳是树。", "https://baike.example/item/x")


def test_html_tables_that_a_crawler_wrote(tmp_path: Path) -> None:
    path = tmp_path / "out.html"
    cell = "<td>\n柳是树[1]&nbsp;\n，在河边。\n</td>"
    path.write_text(
        f"<html><body><table><tr><td>https://baike.example/item/x</td><td>柳</td>{cell}</tr>"
        "<tr><td>https://baike.example/item/y</td><td>杨</td><td></td></tr></table></body></html>",
        "utf-8",
    )
    first, second = read(path)
    assert isinstance(first, Document) and isinstance(second, Quarantined)
    assert (first.meta["title"], first.text) == ("柳", "柳是树，在河边。")
    assert second.reason.startswith("no text: row 2")
    with_header = "<table><tr><th>标题</th><th>简介</th></tr><tr><td>柳</td><td>柳是树。</td></tr></table>"
    assert list(table_rows(with_header)) == [{"标题": "柳", "简介": "柳是树。"}]
    assert list(table_rows("<table><tr><td>甲</td><td>乙</td></tr></table>" + "<div>" * 9000)) == []


def test_the_summary_of_a_document_is_told_from_its_body(tmp_path: Path) -> None:
    path = tmp_path / "柳.html"
    path.write_text(WILLOW, "utf-8")
    entry = entry_of(only_document(path))
    assert (entry.summary, entry.parts) == ("柳是树。", [Section("形态", 1, ["枝条细长。"])])


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=8,
)
KEYS = st.sampled_from(["title", "desc", "summary", "info", "content", "html", "url", "sections", "card", "标题", "x"])


@settings(max_examples=150, deadline=None)
@given(st.dictionaries(KEYS, JSON, max_size=6), st.text(max_size=60))
def test_any_row_and_any_text(row: dict[str, Any], text: str) -> None:
    entry = read_row(row)
    assert all(isinstance(part, str) for part in (entry.title, entry.summary, *entry.info.values(), *entry.paragraphs))
    assert "\xa0" not in clean(text) and "\0" not in clean(text)
