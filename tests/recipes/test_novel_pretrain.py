"""The whole way on the shipped examples: what goes in, what comes out, and what every step had to do."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from builders.engine.build import Built, build
from builders.engine.finish import Request
from recipes.novel_pretrain import recipe
from tests.running import HOME

Row = dict[str, Any]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    out = tmp_path_factory.mktemp("out")
    return build(Request(recipe=recipe, inputs=[HOME / "examples/novels"], out=out, workers=1))


def rows(folder: Path, name: str) -> list[Row]:
    found: list[Row] = pq.read_table(folder / name).to_pylist()
    return found


def test_every_encoding_comes_out_readable(built: Built) -> None:
    encodings = Counter(row["encoding"] for row in rows(built.folder, "train"))
    assert encodings.keys() == {"gb18030", "big5hkscs", "utf-16-le", "utf-8"}
    assert not [row["id"] for row in rows(built.folder, "train") if "\ufffd" in row["text"] or row["replaced"]]


def test_chapters_titles_and_authors(built: Built) -> None:
    chapters = {(row["title"], row["volume"], row["chapter"]) for row in rows(built.folder, "train")}
    assert {
        ("雪夜渡口", "", "第一章 渡口"),
        ("听雨楼", "", "第二回 旧井台夜半闻人语 新举子清晨失衣冠"),
        ("山城邮差", "", "楔子"),
        ("山城邮差", "第一卷 石阶", "第一章 错投的信"),
        ("山城邮差", "第二卷 江声", "第一章 十九号"),
        ("山城邮差", "第二卷 江声", "番外 豆花婆婆的账本"),
        ("星港来信", "", "Chapter 1 来信"),
    } <= chapters
    authors = {row["title"]: row["author"] for row in rows(built.folder, "train")}
    assert authors["雪夜渡口"] == "顾南舟"
    assert authors["听雨楼"] == "白石溪"
    assert authors["星港来信"] == "陆地鱼"


def test_advertisements_are_gone_and_kept_as_evidence(built: Built) -> None:
    text = "\n".join(row["text"] for row in rows(built.folder, "train"))
    for word in ("example", "本章完", "月票", "下一页", "更新时间", "笔趣阁"):
        assert word not in text
    cuts = [row["text"] for row in rows(built.folder, "evidence") if row["step"] == "SiteAds"]
    assert sum("example" in cut for cut in cuts) >= 8
    assert any("本章完" in cut for cut in cuts)


def test_wrapped_lines_are_paragraphs_again(built: Built) -> None:
    first = next(row for row in rows(built.folder, "train") if row["chapter"] == "第一章 渡口")
    assert first["text"].split("\n")[0] == (
        "腊月二十三那天，雪从早晨一直下到天黑。渡口的船都拴在木桩上，船篷积了厚厚一层白，远远看去，像一排睡着了的牛。"
    )
    star = next(row for row in rows(built.folder, "train") if row["chapter"] == "Chapter 3 雨")
    assert len(star["text"].split("\n")) == 3


def test_the_doubled_chapter_and_the_other_edition_go_as_copies(built: Built) -> None:
    kept = {row["id"]: row for row in rows(built.folder, "train")}
    copies = [row for row in rows(built.folder, "dropped") if row["duplicate_of"]]
    assert len(copies) == 5
    assert all(kept[row["duplicate_of"]]["title"] == "雪夜渡口" and row["jaccard"] > 0.9 for row in copies)


def test_the_books_balance(built: Built) -> None:
    manifest = built.manifest
    gone = sum(step["characters_dropped"] for step in manifest["ledger"]["steps"])
    cut = sum(step["characters_removed"] for step in manifest["ledger"]["steps"])
    assert manifest["characters"]["in"] == manifest["characters"]["kept"] + gone + cut
