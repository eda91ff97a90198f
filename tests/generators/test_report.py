"""The report and the card of what a model wrote: true in every figure, the same on every build, safe with any reply."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pyarrow.parquet as pq
import pytest

from builders.engine.manifest import read_manifest
from builders.publish.page import STYLE
from builders.publish.report import render_report
from builders.publish.written import STYLE as WRITTEN_STYLE
from builders.publish.written import mark_spans
from generators.demo.chat import ChatRequest, Said
from generators.demo.faults import Faults
from generators.demo.server import Endpoint
from generators.figures import AT_ONCE, TROUBLE
from tests.builders.publish.test_report import Reader
from tests.running import Siku, command

HOSTILE = "<script>alert(1)</script>"
CITIES = ("青州", "云州", "沧州", "朔州", "霍州", "泸州", "温州", "苏州", "徐州", "兖州")
DEAD = "朔州"
CORRECTED = ("沧州", "苏州")
POISONED = "兖州"


def text_of(number: int, city: str) -> str:
    return f"{city}城里有{number + 3}座石桥。{city}的茶在每年三月采摘。城北的{city}书院建于宋代，藏书甚多。"


def pairs_about(city: str, number: int) -> list[dict[str, str]]:
    return [
        {"question": f"{city}有多少座石桥？", "answer": f"{city}城里有{number + 3}座石桥。"},
        {"question": f"{city}的茶何时采摘？", "answer": f"{city}的茶在每年三月采摘。"},
        {"question": f"{city}书院建于何时？", "answer": f"{city}书院建于宋代。"},
    ]


def answer(request: ChatRequest) -> Said:
    """Good pairs; about some cities only once it was told what is wrong, about one of them never."""
    asked = request.texts("user")
    number, city = next((number, city) for number, city in enumerate(CITIES) if city in asked[0])
    pairs = pairs_about(city, number)
    if city == DEAD or (city in CORRECTED and len(asked) == 1):
        pairs = [{"question": f"它有多少{HOSTILE}？", "answer": pair["answer"]} for pair in pairs]
    return Said(f"好的：\n```json\n{orjson.dumps({'pairs': pairs}).decode()}\n```")


def synthesise(folder: Path, faults: Faults) -> Path:
    """Build the dataset in `folder`; the last of the inputs holds what kills the server."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, cities in (("a", CITIES[:4]), ("b", CITIES[4:])):
        rows = [{"id": city, "title": city, "text": text_of(CITIES.index(city), city)} for city in cities]
        content = "\n".join(json.dumps(row, ensure_ascii=False) for row in rows)
        (folder / f"{name}.jsonl").write_text(content + "\n", encoding="utf-8")
    words = ["synth-qa", "--input", "a.jsonl", "--input", "b.jsonl", "--max-failed", "1"]
    with Endpoint(answer, faults).running() as url:
        words += ["--endpoint", url]
        done = subprocess.run(command(*words), cwd=folder, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 1, done.stderr
    return folder / "out" / "synth-qa" / "1"


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    yield synthesise(tmp_path_factory.mktemp("made"), Faults(poison=POISONED))


@pytest.fixture(scope="module")
def page(dataset: Path) -> Reader:
    return Reader((dataset / "report.html").read_bytes())


def rows(dataset: Path, kind: str) -> list[dict[str, Any]]:
    return [row for path in sorted((dataset / kind).glob("*.parquet")) for row in pq.read_table(path).to_pylist()]


def cells(dataset: Path, caption: str) -> dict[str, list[str]]:
    """The rows of a table by their first cells, without bars."""
    whole = (dataset / "report.html").read_text(encoding="utf-8")
    table = whole.partition(f"<caption>{caption}</caption>")[2].partition("</table>")[0]
    lines = re.findall(r"<tr>(.*?)</tr>", table.partition("<tbody>")[2])
    texts = [[re.sub(r"<[^>]*>", "", cell) for cell in re.findall(r"<t[hd].*?</t[hd]>", line)] for line in lines]
    return {line[0]: [cell for cell in line[1:] if cell] for line in texts}


def test_it_has_all_sections_in_order(page: Reader) -> None:
    mine = ["Written by a model ", "Questions and answers ", "The best and the worst ", "Dead letters "]
    headings = [heading for heading in page.headings if heading.endswith(" ")]
    assert [heading for heading in headings if heading in mine] == mine
    assert "siku-demo-rules was asked about 10 passages under the prompt QuestionAnswers/1" in page.text
    assert "8 were answered, in 10 replies; 2 passages after the model had been told" in page.text
    assert "(dead letters): 2." in page.text
    assert "Characters by attempts" not in page.text, "what the new sections tell is not told twice"


def test_it_is_sound_html_that_asks_for_nothing(dataset: Path, page: Reader) -> None:
    raw = (dataset / "report.html").read_bytes()
    assert page.open == [] and max(page.ids.values()) == 1
    assert page.elements["script"] == page.elements["img"] == 0 and page.elements["style"] == 1
    assert {link.removeprefix("#") for link in page.links} <= page.ids.keys()
    assert b"http://" not in raw and b"https://" not in raw and b"url(" not in raw
    assert page.text.count(HOSTILE) > 3, "a reply is shown, and is no markup"


def test_acceptance_is_what_the_evidence_says(dataset: Path) -> None:
    refused = Counter(row["kind"] for row in rows(dataset, "evidence") if row["kind"].startswith("refused: "))
    assert refused.total() > 12
    made = len(rows(dataset, "train")) + sum(row["step"] == "NearDuplicates" for row in rows(dataset, "dropped"))
    shown = cells(dataset, "Rows and refused samples")
    assert shown.pop("rows made")[0] == f"{made}"
    names = {name.removeprefix("refused: ").replace("_", " "): f"{count}" for name, count in refused.items()}
    assert {name: line[0] for name, line in shown.items()} == names


def test_attempts_and_dead_letters_add_up(dataset: Path, page: Reader) -> None:
    assert "Answered passages by the replies that they took: 8" in page.text
    assert "Dead letters: 1 after 4 replies." in page.text
    dead = {row["id"]: row["reason"] for row in rows(dataset, "dropped") if row["step"] == "QuestionAnswers"}
    assert dead.keys() == {DEAD, POISONED}
    shown = cells(dataset, "Dead letters by reason")
    assert sum(int(line[0]) for line in shown.values()) == len(dead)
    assert {"no reply: status 500"} < shown.keys()
    assert all(text in page.text for text in (text_of(CITIES.index(DEAD), DEAD), text_of(9, POISONED)))


def test_questions_are_counted_by_type_and_length(dataset: Path) -> None:
    kept = rows(dataset, "train")
    types = Counter(row["question_type"] for row in kept)
    assert {name: int(line[0]) for name, line in cells(dataset, "Types").items()} == types
    whole = (dataset / "report.html").read_text(encoding="utf-8")
    assert f"Where in the passage the answer stands: {len(kept)} rows" in whole
    assert f"Questions 问题, by characters: {len(kept)}" in whole
    assert (
        cells(dataset, "Questions: Ends with")["座石桥"][0]
        == f"{sum('石桥' in row['messages'][0]['content'] for row in kept)}"
    )


def test_the_best_and_the_worst_stand_beside_their_passages(dataset: Path, page: Reader) -> None:
    manifest = read_manifest(dataset) or {}
    tally = next(step for step in manifest["ledger"]["steps"] if step["name"] == "QuestionAnswers")
    kinds = Counter(one[0] for one in tally["specimens"])
    assert kinds == {AT_ONCE: 5, TROUBLE: 2}
    assert {one[2] for one in tally["specimens"] if one[0] == TROUBLE} == set(CORRECTED)
    assert page.elements["mark"] >= 2 * len(tally["specimens"]), "most answers are found in their passage"


def test_troubles_on_the_way_do_not_change_a_byte(dataset: Path, tmp_path: Path) -> None:
    """Another address, other failed tries, other times: the same replies, so the same dataset."""
    faults = Faults(poison=POISONED, error_500=0.2, error_429=0.1, retry_after_s=0.01, seed=3)
    other = synthesise(tmp_path / "elsewhere", faults)
    assert (other / "report.html").read_bytes() == (dataset / "report.html").read_bytes()
    assert (other / "README.md").read_bytes() == (dataset / "README.md").read_bytes()


def test_it_can_be_written_anew(siku: Siku, dataset: Path, tmp_path: Path) -> None:
    siku("report", dataset, "--to", tmp_path / "again")
    assert (tmp_path / "again" / "report.html").read_bytes() == (dataset / "report.html").read_bytes()


def test_it_needs_nothing_but_the_dataset(dataset: Path, tmp_path: Path) -> None:
    shutil.copytree(dataset, tmp_path / "moved")
    manifest = read_manifest(tmp_path / "moved") or {}
    assert render_report(tmp_path / "moved", manifest) == (dataset / "report.html").read_bytes()


def test_the_style_is_only_where_it_is_needed(siku: Siku, dataset: Path, tmp_path: Path) -> None:
    further = WRITTEN_STYLE.read_text(encoding="utf-8")
    assert further in (dataset / "report.html").read_text(encoding="utf-8")
    siku("build", "text-pretrain", "-q")
    plain = (tmp_path / "out" / "text-pretrain" / "1" / "report.html").read_text(encoding="utf-8")
    assert STYLE.read_text(encoding="utf-8") in plain and further not in plain


def test_the_card_says_that_a_model_wrote_it(dataset: Path) -> None:
    card = (dataset / "README.md").read_text(encoding="utf-8")
    assert "\n- synthetic\n" in card.partition("\n---\n")[0]
    assert "written by the model `siku-demo-rules`, asked under the prompt `QuestionAnswers/1`" in card
    assert "8 were answered; 2 dead letters" in card
    assert "```\nsiku synth-qa --endpoint URL --as 1 --input PATH\n```" in card
    assert "**A model wrote it, and rules checked it.**" in card


def test_verify_proves_it(siku: Siku, dataset: Path) -> None:
    assert siku("verify", dataset, "--json").json["ok"]


@pytest.mark.parametrize(
    ("spans", "marked"),
    [
        ([(1, (0, 2))], '<mark>山水</mark><sup class="number">1</sup>风雪夜'),
        ([(2, (1, 3))], '山<mark>水风</mark><sup class="number">2</sup>雪夜'),
        ([(1, (0, 3)), (2, (1, 3)), (2, (1, 3))], '<mark>山</mark><mark>水风</mark><sup class="number">1 2</sup>雪夜'),
        ([], "山水风雪夜"),
        ([(1, (0, 5))], '<mark>山水风雪夜</mark><sup class="number">1</sup>'),
    ],
)
def test_spans_are_marked_with_their_numbers(spans: list[tuple[int, tuple[int, int]]], marked: str) -> None:
    assert mark_spans("山水风雪夜", spans) == marked
