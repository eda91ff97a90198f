"""`siku judge --human` as it is typed: mistakes, the table, people beside a model."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from generators.demo.server import Endpoint
from tests.running import Siku
from tests.trainers.judging.scripted import BAD, GOOD, Script, row, two_files, write
from trainers.judging.human.items import items_of
from trainers.judging.human.scores import HumanScores
from trainers.judging.rubric import CONTINUATION


def score(folder: Path, files: list[Path], who: str, better: int = 5, worse: int = 2) -> None:
    """Scores of a person who sees what is good, as the page would keep them."""
    human = HumanScores(folder, CONTINUATION)
    for item in items_of(files).items:
        value = better if item.text.startswith(GOOD) else worse
        human.add(item, who, dict.fromkeys(human.axes, value))


def test_people_beside_a_model_in_words_and_in_json(tmp_path: Path, siku: Siku) -> None:
    a, b = two_files(tmp_path, 12, 0.75)
    with Endpoint(Script(), model="judge").running() as url:
        siku("judge", "--a", a, "--b", b, "--endpoint", url, "--rubric", "continuation", "--out", "res", "-q")
    words = ("judge", "--human", "--a", a, "--b", b, "--out", "res", "--table")
    alone = siku(*words, "--json").json
    assert (alone["people"], alone["judges"]) == ([], [{"name": "judge", "texts": 24}])
    score(tmp_path / "res", [a, b], "王")
    one = siku(*words).out
    assert "one person agrees with nobody: alpha needs two" in one
    score(tmp_path / "res", [a, b], "li", worse=3)
    figures = siku(*words, "--json").json
    agreement = figures["agreement"]
    assert agreement["逻辑性"]["people"]["texts"] == 24
    assert agreement["逻辑性"]["people"]["value"] > 0.6
    assert agreement["文风"]["with"]["judge"]["value"] < agreement["文风"]["people"]["value"]
    assert figures["means"]["people"]["a"]["axes"]["all"]["value"] == pytest.approx(0.75 * 5 + 0.25 * 2.5)
    assert figures["means"]["people"]["a"]["file"] == a.name
    assert figures["verdicts"]["with"]["judge"]["value"] == 1.0
    assert figures["verdicts"]["by"]["li"] == {"rows": 12, "a": 9, "b": 3, "tie": 0}
    assert figures["verdicts"]["by"]["judge (pairs)"] == figures["verdicts"]["by"]["li"]
    assert figures["verdicts"]["with"]["judge (pairs)"]["value"] == 1.0
    told = siku(*words).out
    assert "people and judge" in told
    assert "li: A is better in 9 of 12 rows, B in 3" in told
    assert json.loads((tmp_path / "res" / "judge-human.json").read_text())["agreement"] == agreement
    swapped = siku("judge", "--human", "--a", b, "--b", a, "--out", "res", "--table", "--json").json
    assert swapped["means"]["people"]["b"]["axes"] != {}
    assert (
        swapped["means"]["people"]["b"]["axes"]["all"]["value"]
        == figures["means"]["people"]["a"]["axes"]["all"]["value"]
    )
    assert swapped["verdicts"]["by"]["judge (pairs)"]["b"] == figures["verdicts"]["by"]["judge"]["a"]
    assert swapped["verdicts"]["by"]["judge"]["b"] == figures["verdicts"]["by"]["judge"]["a"]


def test_scores_that_do_not_count_are_told(tmp_path: Path, siku: Siku) -> None:
    a = write(tmp_path / "a.jsonl", [row(1, GOOD), row(2, BAD), row(3, "", error="time-out")])
    score(tmp_path / "out" / "judge", [a], "王")
    write(a, [row(1, GOOD), row(2, f"{BAD}，改过")])
    found = siku("judge", "--human", "--a", a, "--table", "--json", code=1).json
    assert found["left_out"] == {"scores of other texts": 1}
    assert found["people"] == [{"name": "王", "texts": 1, "comments": 0}]
    rubric = tmp_path / "r.json"
    rubric.write_text('{"highest": 10, "axes": [{"name": "文风", "description": "顺"}]}')
    told = siku("judge", "--human", "--a", a, "--table", "--rubric", rubric, code=1).out
    assert "2 scores of another rubric" in told
    assert "scored by nobody yet" in told


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            ["--table", "--host", "0.0.0.0"],
            ["--table, --host need --human", "nothing to compare with --a", "nobody is there to judge"],
        ),
        (
            ["--human", "--endpoint", "demo", "--points", "--hit", "7"],
            ["--endpoint, --points, --hit do not go with --human"],
        ),
        (["--human", "--host", "0.0.0.0"], ["needs a password"]),
        (["--human", "--rubric", "没有.json", "--limit", "0"], ["the rubric cannot be read", "--limit 0 cannot be"]),
        (["--endpoint", "demo", "--b", "x", "--hit", "7"], ["--hit needs --points"]),
        (
            ["--endpoint", "demo", "--b", "x", "--b", "y", "--points", "--rubric", "--hit", "2"],
            ["more than one --b", "--rubric does not go with --points", "--hit 2 cannot be"],
        ),
    ],
)
def test_what_does_not_go_together_is_told_at_once(
    tmp_path: Path, siku: Siku, words: list[str], said: list[str]
) -> None:
    a = write(tmp_path / "a.jsonl", [row(1, GOOD)])
    ran = siku("judge", "--a", a, *words, code=2)
    assert [line.partition(":")[0] for line in ran.err.strip().splitlines()] == ["error", "where", "why", "next"]
    for one in said:
        assert one in ran.err
