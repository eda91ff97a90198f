"""Benchmarks of every form, and `Decontaminate`: what counts as knowing an item, and what does not."""

from __future__ import annotations

import csv
import gzip
import io
import json
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders.dedup.benchmarks import read_benchmarks
from builders.dedup.decontaminate import Decontaminate
from builders.dedup.ngram_table import NgramTable, Texts, window_hashes
from builders.dedup.shingles import Hashes, Units, fold_text, ngram_hashes
from builders.engine.plan import describe
from validators.characters import opencc_converter
from validators.errors import SikuError

QUESTION = "桥下的石碑是哪一年由守桥人从河底打捞上来的"
OPTIONS = ("大旱那年", "修桥的前一年", "渡口停摆以后", "没有人记得清楚")
CONTEXT = "河湾镇的老桥有九个孔，每个孔上都刻着一只石兽。守桥人说，石兽的眼睛原是铜的，后来被人撬走，换成了瓦片。"


def write_csv(path: Path, rows: list[tuple[str, ...]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([("", "Question", "A", "B", "C", "D", "Answer"), *rows])


@pytest.fixture
def bridge(tmp_path: Path) -> Path:
    """A benchmark of two files in a folder `bridge`, with a README beside them."""
    folder = tmp_path / "bridge"
    write_csv(
        folder / "test" / "stones.csv", [("0", QUESTION, *OPTIONS, "B"), ("1", "桥有几孔", "七", "八", "九", "十", "C")]
    )
    write_csv(
        folder / "dev" / "river.csv",
        [("0", "下列诗句里写到河水涨落的一句是", "潮来天地青又一年船过旧津头", "山空", "月落", "云起", "A")],
    )
    (folder / "README.md").write_text("桥的题目，仅供评测。", encoding="utf-8")
    return folder


def refused(step: Decontaminate, text: str) -> str:
    verdict = step(text)
    return str(verdict) if verdict else ""


# ---------------------------------------------------------------- reading


def places(*paths: Path) -> list[tuple[str, str, int]]:
    return [(item.benchmark, item.place, len(item.texts)) for item in read_benchmarks([str(path) for path in paths])]


def test_names_and_places_of_a_folder(bridge: Path) -> None:
    assert places(bridge) == [
        ("bridge/dev", "dev/river.csv, line 2", 7),
        ("bridge/test", "test/stones.csv, line 2", 7),
        ("bridge/test", "test/stones.csv, line 3", 7),
    ]
    (item, *_) = read_benchmarks([str(bridge / "test" / "stones.csv")])
    assert (item.benchmark, item.place) == ("stones", "stones.csv, line 2")
    assert item.texts == ["0", QUESTION, *OPTIONS, "B"]
    assert item.questions == [False, True, *[False] * 5]


def rows_as(kind: str, path: Path) -> None:
    rows = [
        {"question": QUESTION, "choices": {"text": list(OPTIONS)}},
        {"question": CONTEXT, "choices": {"text": ["有", "没有"]}},
    ]
    lines = "\n".join(json.dumps(row, ensure_ascii=False) for row in rows)
    match kind:
        case "jsonl" | "json of lines":
            path.write_text(lines, encoding="utf-8")
        case "jsonl.gz":
            path.write_bytes(gzip.compress(lines.encode()))
        case "json":
            path.write_text(json.dumps(rows), encoding="utf-8")
        case "wrapped json":
            path.write_text(json.dumps({"keywords": "bridge", "example": rows}), encoding="utf-8")
        case "nested json":
            nested = [
                [list(OPTIONS), [{"question": QUESTION}], "7-1"],
                [["有", "没有"], [{"question": CONTEXT}], "7-2"],
            ]
            path.write_text(json.dumps(nested), encoding="utf-8")
        case "parquet":
            pq.write_table(pa.Table.from_pylist(rows), path)
        case "tsv":
            cells = [f"{row['question']}\t有" for row in rows]
            path.write_text("\n".join(["question\tA", *cells]), encoding="utf-8")
        case "txt":
            path.write_text("\n".join(str(row["question"]) for row in rows), encoding="utf-8")
        case "zip":
            with zipfile.ZipFile(path, "w") as archive:
                archive.writestr("bridge/rows.jsonl", lines)
                archive.writestr("bridge/README.md", "桥")
        case "tar.gz":
            with tarfile.open(path, "w:gz") as archive:
                info = tarfile.TarInfo("bridge/rows.jsonl")
                info.size = len(lines.encode())
                archive.addfile(info, io.BytesIO(lines.encode()))


KINDS = [
    "jsonl",
    "json of lines",
    "jsonl.gz",
    "json",
    "wrapped json",
    "nested json",
    "parquet",
    "tsv",
    "txt",
    "zip",
    "tar.gz",
]


@pytest.mark.parametrize("kind", KINDS)
def test_every_form_of_file(kind: str, tmp_path: Path) -> None:
    path = tmp_path / f"bridge.{'json' if 'json ' in kind or kind.endswith(' json') else kind}"
    rows_as(kind, path)
    items = list(read_benchmarks([str(path)]))
    assert [item.benchmark for item in items] == ["bridge"] * 2
    assert [QUESTION in items[0].texts, CONTEXT in items[1].texts] == [True, True]
    step = Decontaminate(benchmarks=(str(path),))
    assert refused(step, f"他问道：{QUESTION}？没有人答。").startswith("in benchmark bridge: “")
    assert refused(step, f"导游词：{CONTEXT}").startswith("in benchmark bridge: “河湾镇")


def test_what_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(SikuError, match="input not found"):
        Decontaminate(benchmarks=(str(tmp_path / "nowhere"),)).check_reads()
    broken = tmp_path / "broken.jsonl"
    broken.write_text(json.dumps({"question": QUESTION}) + '\n{"question": "半', encoding="utf-8")
    with pytest.raises(SikuError) as error:
        Decontaminate(benchmarks=(str(broken),)).check_reads()
    assert "broken.jsonl" in str(error.value.where) and "line 2" in str(error.value.why)
    short = tmp_path / "short.txt"
    short.write_text("桥有几孔\n河有多宽", encoding="utf-8")
    with pytest.raises(SikuError, match="no item of the benchmarks has a text of 13 characters"):
        Decontaminate(benchmarks=(str(short),)).check_reads()
    Decontaminate(benchmarks=(str(short),), ngram_chars=5).benchmarks  # noqa: B018  # a setting, nothing is read


def test_where_benchmarks_lie_is_no_identity(bridge: Path, tmp_path: Path) -> None:
    before = describe(Decontaminate(benchmarks=(str(bridge),)))
    assert "benchmarks" not in before
    moved = tmp_path / "elsewhere" / "bridge"
    moved.parent.mkdir()
    bridge.rename(moved)
    assert describe(Decontaminate(benchmarks=(str(moved),))) == before
    other = moved.rename(tmp_path / "elsewhere" / "river")  # the name is in the reasons
    assert describe(Decontaminate(benchmarks=(str(other),))) != before


# ---------------------------------------------------------------- what counts


def test_golden(bridge: Path) -> None:
    assert Decontaminate.version == 1
    step = Decontaminate(benchmarks=(str(bridge),))
    text = f"请选择：{QUESTION}？\nA. {OPTIONS[0]}\nB. {OPTIONS[1]}\nC. {OPTIONS[2]}\nD. {OPTIONS[3]}"
    assert refused(step, text) == f"in benchmark bridge/test: “{QUESTION}” stands in test/stones.csv, line 2"
    assert refused(step, "桥下的石碑已经立了很多年，谁也说不清来历。") == ""


def test_without_benchmarks_nothing_is_looked_for() -> None:
    Decontaminate().check_reads()
    assert Decontaminate()(QUESTION) is None


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text,
        lambda text: opencc_converter("s2t").convert(text),
        lambda text: "，".join(text),
        lambda text: "\n".join(text[place : place + 4] for place in range(0, len(text), 4)),
        lambda text: f"第12题（3分）：{text}？（  ）",
        lambda text: "老人说起往事，声音很轻。" * 9000 + text + "众人散去。" * 500,
    ],
)
def test_a_question_in_any_dress(change: Callable[[str], str], bridge: Path) -> None:
    assert refused(Decontaminate(benchmarks=(str(bridge),)), change(QUESTION)).startswith("in benchmark bridge/test")


def test_half_of_a_text_or_fifty_characters(tmp_path: Path) -> None:
    (tmp_path / "bridge.txt").write_text(CONTEXT, encoding="utf-8")
    step = Decontaminate(benchmarks=(str(tmp_path / "bridge.txt"),))
    assert refused(step, f"书上写道：{CONTEXT[:30]}……后面的字看不清了。")
    assert refused(step, f"书上写道：{CONTEXT[:22]}……后面的字看不清了。") == ""
    assert refused(Decontaminate(benchmarks=step.benchmarks, min_share=0.9), CONTEXT[:30]) == ""
    story = "".join(
        f"{name}沿着{street}走到了{place}，"
        for name in "甲乙丙丁戊己庚"
        for street in ("长街", "短巷")
        for place in ("渡口", "井台", "磨坊")
    )
    (tmp_path / "story.txt").write_text(story, encoding="utf-8")
    assert refused(Decontaminate(benchmarks=(str(tmp_path / "story.txt"),)), story[100:165])


def test_a_saying_that_an_option_quotes_is_no_sign(bridge: Path) -> None:
    step = Decontaminate(benchmarks=(str(bridge),))
    verse = "潮来天地青，又一年船过旧津头"
    assert refused(step, f"他念道：“{verse}。”") == ""
    assert refused(Decontaminate(benchmarks=step.benchmarks, min_share=0.0), f"他念道：“{verse}。”").startswith(
        "in benchmark bridge/dev"
    )
    assert refused(step, f"下列诗句里写到河水涨落的一句是：{verse}；山空；月落；云起。").startswith(
        "in benchmark bridge/dev"
    )


def test_what_recurs_in_a_benchmark_does_not_count(tmp_path: Path) -> None:
    stem = "根据上面这段关于河湾镇的材料下列说法中正确的一项是"
    names = "赵钱孙李周吴郑王冯陈褚卫"
    write_csv(
        tmp_path / "reading.csv",
        [(str(place), f"{name}家{stem}", "甲", "乙", "丙", "丁", "A") for place, name in enumerate(names)],
    )
    benchmarks = (str(tmp_path / "reading.csv"),)
    assert refused(Decontaminate(benchmarks=benchmarks), f"阅读题的开头常写：{stem}。") == ""
    assert refused(Decontaminate(benchmarks=benchmarks, max_items=12), f"阅读题的开头常写：{stem}。")


def test_a_passage_may_have_many_questions_but_an_instruction_has_all(tmp_path: Path) -> None:
    instruction = "请认真阅读材料以后从四个选项中选出最恰当的一项作为回答"
    rows = [
        {"instruction": instruction, "passage": CONTEXT if place < 15 else f"另一段{place}", "query": f"第{place}问"}
        for place in range(40)
    ]
    (tmp_path / "reading.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    step = Decontaminate(benchmarks=(str(tmp_path / "reading.jsonl"),))
    assert refused(step, f"说明：{instruction}。") == ""
    assert refused(step, CONTEXT) == f"in benchmark reading: “{CONTEXT.rstrip('。')}” stands in reading.jsonl, line 1"


def test_numbers_weigh_nothing_and_letters_a_fifth(tmp_path: Path) -> None:
    number, english = (
        "3141592653589793238462643383279502884197",
        "The old bridge has nine arches and a stone beast on every one of them",
    )
    (tmp_path / "mixed.txt").write_text(f"{number}\n{english}", encoding="utf-8")
    step = Decontaminate(benchmarks=(str(tmp_path / "mixed.txt"),), min_share=0.0)
    assert refused(step, f"圆周率{number}") == ""
    assert refused(step, "They say the old bridge has nine arches now") == ""
    assert not Decontaminate(benchmarks=step.benchmarks)(english)  # under twenty Han characters, and no question
    long = " ".join([english, "and the keeper counts them every night before the lamps go out along the river"])
    (tmp_path / "long.txt").write_text(long, encoding="utf-8")
    assert refused(Decontaminate(benchmarks=(str(tmp_path / "long.txt"),)), long.upper())


def test_items_too_short_to_be_looked_for_are_counted(bridge: Path) -> None:
    passages = Decontaminate(benchmarks=(str(bridge),)).passages()
    assert dict(passages.too_short) == {"bridge/dev": 0, "bridge/test": 1}
    assert len(passages.items) == 3


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"ngram_chars": 4}, "ngram_chars is 4"),
        ({"min_share": 1.5}, "min_share is 1.5"),
        ({"max_items": 0}, "max_items is 0"),
    ],
)
def test_a_wrong_setting_is_named(settings: dict[str, float], said: str) -> None:
    with pytest.raises(SikuError, match=said):
        Decontaminate(**settings)  # type: ignore[arg-type]


# ---------------------------------------------------------------- the table

words = st.text(alphabet="河湾镇的桥有九个孔abc", max_size=60)


@given(words, st.integers(1, 20))
@pytest.mark.parametrize("hashes_of", [window_hashes, ngram_hashes])
def test_windows_have_the_same_hash_where_they_are_the_same(
    hashes_of: Callable[[Units, int], Hashes], text: str, width: int
) -> None:
    units = fold_text(2 * text)  # in any case some come twice
    hashes = hashes_of(units, width).tolist()
    windows = [units[start : start + width].tobytes() for start in range(len(units) - width + 1)]
    assert len(hashes) == len(windows)
    assert len(set(hashes)) == len(set(windows)) == len(set(zip(hashes, windows, strict=True)))


@given(st.lists(words, min_size=1, max_size=6), words)
def test_the_table_knows_its_ngrams_and_no_others(texts: list[str], text: str) -> None:
    folded = [fold_text(one).tobytes() for one in texts]
    units = np.frombuffer(b"\0\0".join([b"", *folded, b""]), dtype="<u2")
    count = len(texts)
    told = Texts(np.zeros(count, dtype=np.int64), np.ones(count), np.ones(count, dtype=np.bool_))
    table, recurring = NgramTable.of(units, np.ones(len(units), dtype=np.int64), 5, told, count)
    assert recurring.ngrams == 0
    wanted = fold_text(text)
    at, where = table.look_up(window_hashes(wanted, 5))
    found = {
        place
        for place, one in zip(at.tolist(), where.tolist(), strict=True)
        if np.array_equal(wanted[place : place + 5], units[one : one + 5])
    }
    known = {raw[place : place + 10] for raw in folded for place in range(0, len(raw) - 9, 2)}
    assert found == {place for place in range(len(wanted) - 4) if wanted[place : place + 5].tobytes() in known}
