"""Criticism judged by points that are known: hits, winners and figures are what the texts make them."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from collections.abc import Mapping
from contextlib import ExitStack, nullcontext
from pathlib import Path
from typing import Any

import pytest

from generators.demo.log import read_log
from generators.demo.server import Endpoint
from generators.progress import SynthesisProgress
from tests.running import Siku, command, digests
from tests.trainers.judging.scripted_points import PointScript, drawn, reviews
from tests.trainers.judging.test_judge_cli import GRACE_NS, LATENCY_S, stop
from trainers.judging.asking import JudgeOrder
from trainers.judging.judges import judges_at
from trainers.judging.pairs import join
from trainers.judging.points.judge import judge_points
from trainers.judging.points.matching import HIT

Figures = dict[str, Any]


def judged(
    files: tuple[Path, Path], out: Path, scripts: Mapping[str, PointScript], least: int = HIT, **order: Any
) -> tuple[Figures, int]:
    """The figures, and how many requests all servers saw. A model for each script."""
    with ExitStack() as stack:
        servers = [Endpoint(script, model=model) for model, script in scripts.items()]
        urls = [stack.enter_context(server.running()) for server in servers]
        judges = stack.enter_context(judges_at(urls, (), (), out / ".siku" / "journals"))
        given = JudgeOrder(joined=join(*files), judges=judges, out=out, **order)
        figures, _ = judge_points(given, least, lambda one, what: nullcontext(SynthesisProgress(quiet=True)))
    return figures, sum(server.requests for server in servers)


def rows(out: Path, name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (out / name).read_text().splitlines()]


def results(out: Path) -> dict[str, str]:
    return {name: digest for name, digest in digests(out).items() if not name.startswith(".siku")}


def test_more_hits_win_and_the_figures_are_those_of_the_texts(tmp_path: Path) -> None:
    """A makes 2, 1 and 0 of the reference's points, B 1, 1 and 1."""
    files = reviews(tmp_path, [("数据代", "数图", "数据写"), ("数", "写", "数写"), ("图", "数", "数")])
    figures, requests = judged(files, tmp_path / "out", {"judge": PointScript()})
    one = figures["judges"][0]
    assert (one["pairs"], one["wins_a"], one["wins_b"], one["ties"]) == (3, 1, 1, 1)
    assert (one["a"]["hits"], one["a"]["points"], one["b"]["hits"], one["b"]["points"]) == (3, 5, 3, 4)
    assert one["a"]["precision"]["value"] == pytest.approx(3 / 5)
    assert one["a"]["recall"]["value"] == pytest.approx(3 / 6)
    assert one["a"]["f1"]["value"] == pytest.approx(6 / 11)
    assert one["f1_difference"]["value"] == pytest.approx(6 / 11 - 6 / 10)
    assert one["reference_points"] == 6
    assert (one["shared"]["hits"], one["shared"]["points_a"], one["shared"]["points_b"]) == (1, 5, 4)
    assert (one["orders"]["alike"], one["orders"]["disagreed"]) == (7, 0)
    assert figures["with_reference"] == 3
    matches = rows(tmp_path / "out", "matches.jsonl")
    assert [(row["sides"], row["hits"]) for row in matches[:2]] == [
        (["a", "reference"], [[1, 1, 9], [2, 2, 9]]),
        (["b", "reference"], [[1, 1, 9]]),
    ]
    assert rows(tmp_path / "out", "points.jsonl")[0]["points"] == ["数，甲", "据，甲", "代，甲"]
    texts, lists = 9, 9
    assert requests <= texts + 2 * lists  # equal questions are one


def test_a_point_is_matched_once(tmp_path: Path) -> None:
    """Three points of A about one topic of the reference are one hit."""
    files = reviews(tmp_path, [("数", "图", "数")])
    a = json.loads(files[0].read_text())
    a["prediction"] = "数，一\n数，二\n数，三"
    files[0].write_text(json.dumps(a) + "\n")
    figures, _ = judged(files, tmp_path / "out", {"judge": PointScript()})
    assert figures["judges"][0]["a"]["hits"] == 1
    assert figures["judges"][0]["a"]["points"] == 3


def test_hits_begin_at_7_or_where_one_says_and_that_asks_nothing(tmp_path: Path) -> None:
    files = reviews(tmp_path, [("数", "图", "数图")])
    for path, side in zip(files, ("数6，甲", "图7，乙"), strict=True):
        path.write_text(json.dumps(json.loads(path.read_text()) | {"prediction": side}) + "\n")
    figures, asked = judged(files, tmp_path / "out", {"judge": PointScript()})
    assert (figures["judges"][0]["wins_a"], figures["judges"][0]["wins_b"], figures["hit"]) == (0, 1, 7)
    lower, again = judged(files, tmp_path / "out", {"judge": PointScript()}, least=6)
    assert (lower["judges"][0]["ties"], lower["hit"]) == (1, 6)
    assert (asked > 0, again) == (True, 0)


def test_what_only_one_order_finds_alike_is_no_hit(tmp_path: Path) -> None:
    figures, _ = judged(reviews(tmp_path, drawn(40)), tmp_path / "out", {"judge": PointScript(deaf=0.5)})
    whole, _ = judged(reviews(tmp_path, drawn(40)), tmp_path / "whole", {"judge": PointScript()})
    one, all_of_it = figures["judges"][0], whole["judges"][0]
    assert 0.3 < one["orders"]["share"]["value"] < 0.7
    assert one["orders"]["alike"] == all_of_it["orders"]["alike"]
    assert one["a"]["hits"] < all_of_it["a"]["hits"]
    low, high = all_of_it["a"]["recall"]["interval"]
    assert low <= 0.6 <= high  # as the texts were drawn
    assert all_of_it["f1_difference"]["interval"][0] > 0


def test_without_reference_there_is_no_winner(tmp_path: Path) -> None:
    figures, requests = judged(
        reviews(tmp_path, [("数据", "数", ""), ("图", "", "")]), tmp_path / "out", {"j": PointScript()}
    )
    one = figures["judges"][0]
    assert (one["pairs"], one["win_rate"]["value"], one["better"], figures["with_reference"]) == (0, None, None, 0)
    assert (one["shared"]["pairs"], one["shared"]["hits"], one["shared"]["points_a"]) == (2, 1, 3)
    assert requests == 3 + 2  # of an empty text nothing is asked
    assert "no row has a reference" in (tmp_path / "out" / "judge-points.md").read_text()


def test_replies_that_are_none_are_repaired_and_two_judges_compared(tmp_path: Path) -> None:
    files = reviews(tmp_path, drawn(25))
    scripts = {"own/M-7B": PointScript(deaf=0.3), "other": PointScript(garbage=0.5, seed="1")}
    figures, _ = judged(files, tmp_path / "out", scripts, a_model="m-7b")
    clean, _ = judged(files, tmp_path / "clean", {"other": PointScript()})
    strip = ("agreement", "panel", "judges", "a")
    assert figures["judges"][1] == clean["judges"][0]
    assert {key: value for key, value in figures.items() if key not in strip} == {
        key: value for key, value in clean.items() if key not in strip
    }
    assert figures["agreement"][0]["judges"] == ["own/M-7B", "other"]
    assert figures["panel"]["pairs"] == 25
    own = figures["judges"][0]["self_preference"]
    assert own["compared_with"] == ["other"]
    assert own["own_win_rate"]["value"] == pytest.approx(figures["judges"][0]["win_rate"]["value"])
    attempts = {row["attempts"] for row in rows(tmp_path / "out", "points.jsonl") if row["judge"] == "other"}
    assert attempts == {1, 2}


class Mute(PointScript):
    """Extracts points, and says nothing of how alike they are."""

    def __call__(self, request: Any) -> str:
        return super().__call__(request) if "<意见>" in request.texts("user")[0] else "不好说"


def test_questions_without_a_valid_reply_are_dead_and_counted(tmp_path: Path) -> None:
    files = reviews(tmp_path, [("数", "图", "数图")])
    figures, _ = judged(files, tmp_path / "out", {"judge": Mute()}, max_failed=1.0)
    one = figures["judges"][0]
    assert (one["dead"], one["pairs"], one["win_rate"]["value"]) == (6, 0, None)
    assert all(row["dead"] and "hits" not in row for row in rows(tmp_path / "out", "matches.jsonl"))


def test_in_words_and_in_json(tmp_path: Path, siku: Siku) -> None:
    reviews(tmp_path, drawn(6))
    with Endpoint(PointScript(), model="judge").running() as url:
        words = ("judge", "--a", "A.jsonl", "--b", "B.jsonl", "--endpoint", url, "--points", "--out", "res")
        told = siku(*words)
        again = siku(*words, "--json", "-q").json
    assert "win rate of A" in told.out
    assert "table  res/judge-points.md" in told.out
    assert (again["requests"], again["pairs"], again["path"]) == (0, 6, "res")
    assert {path.name for path in (tmp_path / "res").iterdir()} == {
        ".siku",
        "judge-points.json",
        "judge-points.md",
        "matches.jsonl",
        "points.jsonl",
    }


def test_the_demo_endpoint_has_an_answer(tmp_path: Path, siku: Siku) -> None:
    reviews(tmp_path, drawn(2))
    words = ("judge", "--a", "A.jsonl", "--b", "B.jsonl", "--endpoint", "demo", "--points", "--max-failed", "1")
    assert siku(*words, "--json", "-q", code=None).code in (0, 1)


@pytest.mark.slow
def test_kill_and_the_same_command_again_repays_nothing(tmp_path: Path) -> None:
    """What the server had delivered well before a kill, by its own log, is never asked for again."""
    reviews(tmp_path, drawn(20))

    def words(out: str, url: str) -> list[str]:
        given = ("--a", "A.jsonl", "--b", "B.jsonl", "--endpoint", url, "--points", "--out", out, "-q", "--json")
        return command("judge", *given, "--concurrency", "4")

    with Endpoint(PointScript(garbage=0.2)).running() as url:
        subprocess.run(words("whole", url), check=True, capture_output=True, cwd=tmp_path)
    server = Endpoint(PointScript(garbage=0.2), latency_s=LATENCY_S, log=tmp_path / "log")
    kills: list[int] = []
    with server.running() as url:
        for upto in (25, 90, 130):
            process = subprocess.Popen(words("out", url), stdout=subprocess.PIPE, cwd=tmp_path)
            assert stop(process, server, upto, signal.SIGKILL) == -signal.SIGKILL
            kills.append(time.monotonic_ns())
        subprocess.run(words("out", url), check=True, capture_output=True, cwd=tmp_path)
    assert results(tmp_path / "out") == results(tmp_path / "whole")
    delivered = [(one.digest, one.delivered_ns) for one in read_log(tmp_path / "log") if one.delivered_ns]
    for killed_ns in kills:
        before = {digest for digest, moment in delivered if moment < killed_ns - GRACE_NS}
        after = {one.digest for one in read_log(tmp_path / "log") if one.asked_ns > killed_ns}
        assert before
        assert not before & after
