"""Judges whose bias is known: it is found within its interval, and the win rates are what the script makes them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import ExitStack, nullcontext
from pathlib import Path
from typing import Any

import pytest

from generators.demo.chat import ChatRequest, Raw
from generators.demo.server import Endpoint
from generators.progress import SynthesisProgress
from tests.running import digests
from tests.trainers.judging.scripted import BAD, GOOD, SAME, Script, row, two_files, write
from trainers.judging.asking import JudgeOrder
from trainers.judging.judge import judge
from trainers.judging.judges import judges_at
from trainers.judging.pairs import join
from trainers.judging.rubric import DEFAULT
from validators.errors import SikuError

PAIRS, TRUE_RATE = 400, 0.7
Figures = dict[str, Any]


def judged(
    files: tuple[Path, Path], out: Path, scripts: Mapping[str, Script], names: tuple[str, ...] = (), **order: Any
) -> tuple[Figures, int]:
    """The figures, and how many requests all servers saw. A model for each script."""
    with ExitStack() as stack:
        servers = [Endpoint(script, model=model) for model, script in scripts.items()]
        urls = [stack.enter_context(server.running()) for server in servers]
        judges = stack.enter_context(judges_at(urls, (), names, out / ".siku" / "journals"))
        given = JudgeOrder(joined=join(*files), judges=judges, out=out, **order)
        figures, _ = judge(given, lambda one, what: nullcontext(SynthesisProgress(quiet=True)))
    return figures, sum(server.requests for server in servers)


def holds(figure: Figures, value: float) -> bool:
    low, high = figure["interval"]
    return bool(low <= value <= high)


# With a bias b the first place wins in b of all verdicts whatever is there, and half of the others: 1/2 + b/2.
@pytest.mark.parametrize("follows_place", [0.2, 0.4])
def test_a_known_bias_is_found_and_the_win_rates_are_right(tmp_path: Path, follows_place: float) -> None:
    files = two_files(tmp_path, PAIRS, TRUE_RATE)
    figures, requests = judged(files, tmp_path / "out", {"judge": Script(follows_place)})
    one = figures["judges"][0]
    assert requests == 2 * PAIRS
    assert one["pairs"] == PAIRS == one["wins_a"] + one["wins_b"] + one["ties"]
    assert holds(one["position"]["follows_place"], follows_place)
    assert holds(one["position"]["bias"], follows_place / 2)
    assert not holds(one["position"]["bias"], 0)
    assert holds(one["win_rate"], TRUE_RATE * (1 - follows_place) + follows_place / 2)
    assert holds(one["win_rate_consistent"], TRUE_RATE)
    assert one["win_rate_a_first"]["value"] > TRUE_RATE  # what one order alone would have said
    assert not holds(one["win_rate_a_first"], TRUE_RATE)
    assert one["disagreed"] == one["ties"] == pytest.approx(follows_place * PAIRS, rel=0.3)
    assert one["better"] == "a"


def test_without_bias_the_figures_are_exact(tmp_path: Path) -> None:
    figures, _ = judged(two_files(tmp_path, 40, TRUE_RATE), tmp_path / "out", {"judge": Script()})
    one = figures["judges"][0]
    assert one["win_rate"]["value"] == one["win_rate_consistent"]["value"] == TRUE_RATE
    assert one["position"]["bias"]["value"] == 0
    assert one["disagreed"] == 0


def test_equal_texts_are_a_tie_and_nobody_is_asked(tmp_path: Path) -> None:
    a = write(tmp_path / "a.jsonl", [row(1, GOOD), row(2, SAME), row(3, f"{SAME}甲")])
    b = write(tmp_path / "b.jsonl", [row(1, BAD), row(2, f"{SAME}\n"), row(3, f"{SAME}乙")])
    figures, requests = judged((a, b), tmp_path / "out", {"judge": Script(0.0)})
    one = figures["judges"][0]
    assert (requests, figures["identical"]) == (4, 1)
    assert (one["wins_a"], one["wins_b"], one["ties"], one["disagreed"]) == (1, 0, 2, 0)
    assert one["position"]["tie"] == 2


def test_replies_that_are_no_verdict_are_repaired(tmp_path: Path) -> None:
    files = two_files(tmp_path, 60, TRUE_RATE)
    script = Script(garbage=0.4)
    figures, requests = judged(files, tmp_path / "out", {"judge": script})
    clean, _ = judged(files, tmp_path / "clean", {"judge": Script()})
    assert requests > 120
    assert figures == clean
    told = [json.loads(one)[-1]["content"] for one in script.asked if "重新评判" in one]
    assert len(told) == requests - 120
    rows = [json.loads(line) for line in (tmp_path / "out" / "judgements.jsonl").read_text().splitlines()]
    assert {one["attempts"] for one in rows} == {1, 2}
    assert [(one["id"], one["order"]) for one in rows] == [
        (f"q{number:04d}", order) for number in range(60) for order in ("ab", "ba")
    ]


def test_a_judge_without_verdicts_ends_above_the_limit(tmp_path: Path) -> None:
    files = two_files(tmp_path, 4, 0.5)
    mute = {"judge": Mute()}
    with pytest.raises(SikuError) as caught:
        judged(files, tmp_path / "out", mute)
    assert caught.value.exit_code == 3
    figures, _ = judged(files, tmp_path / "out", mute, max_failed=1.0)
    one = figures["judges"][0]
    assert (one["pairs"], one["dead"], one["win_rate"]["value"]) == (0, 8, None)
    rows = [json.loads(line) for line in (tmp_path / "out" / "judgements.jsonl").read_text().splitlines()]
    assert all(one["side"] is None and one["dead"] for one in rows)


def test_what_the_server_refuses_is_dead_and_counted(tmp_path: Path) -> None:
    files = two_files(tmp_path, 30, 0.7)
    figures, _ = judged(files, tmp_path / "out", {"judge": Filter()})
    one = figures["judges"][0]
    assert (one["pairs"], one["dead"]) == (29, 2)
    assert one["wins_a"] + one["wins_b"] == 29
    rows = [json.loads(line) for line in (tmp_path / "out" / "judgements.jsonl").read_text().splitlines()]
    assert [row["id"] for row in rows if "dead" in row] == ["q0007", "q0007"]
    before = results(tmp_path / "out")
    _, requests = judged(files, tmp_path / "out", {"judge": Filter()})
    assert requests == 0
    assert results(tmp_path / "out") == before


class Filter(Script):
    """Refuses one prompt, as filters of content do."""

    def __call__(self, request: ChatRequest) -> Any:
        if "第7题" in request.texts("user")[0]:
            return Raw(400, b'{"error": {"message": "content filter"}}')
        return super().__call__(request)


class Mute(Script):
    def __call__(self, request: ChatRequest) -> str:
        return "不好说。"


def test_several_judges_agreement_and_self_preference(tmp_path: Path) -> None:
    files = two_files(tmp_path, 200, 0.5)
    scripts = {"甲/Own-8B": Vain("甲"), "neutral": Script(seed="1"), "biased": Script(0.3, seed="2")}
    figures, _ = judged(files, tmp_path / "out", scripts, a_model="own-8b", b_model="another")
    own, neutral, biased = figures["judges"]
    assert [one["name"] for one in figures["judges"]] == list(scripts)
    assert "self_preference" not in neutral
    assert "self_preference" not in biased
    assert own["win_rate"]["value"] == 1.0
    preference = own["self_preference"]
    assert preference["compared_with"] == ["neutral", "biased"]
    assert preference["side"] == "a"
    assert holds(preference["difference"], 0.5)
    assert preference["own_win_rate"]["value"] == 1.0
    assert [one["judges"] for one in figures["agreement"]] == [
        ["甲/Own-8B", "neutral"],
        ["甲/Own-8B", "biased"],
        ["neutral", "biased"],
    ]
    first, _, last = figures["agreement"]
    assert first["share"]["value"] == 0.5
    assert first["kappa"]["value"] == 0
    assert holds(last["share"], 0.7)  # the biased one contradicts itself in 30 % of pairs
    assert last["kappa"]["value"] > 0.4
    assert figures["panel"]["pairs"] == 200


class Vain(Script):
    """Takes the answer with a name in it, wherever that stands."""

    def _winner(self, prompt: str) -> str:
        return "1" if self.follows_name in prompt.partition("<回答2>")[0] else "2"

    def __init__(self, name: str) -> None:
        super().__init__()
        self.follows_name = f"，{name}"


def test_the_rubric_scores_each_side_by_itself(tmp_path: Path) -> None:
    files = two_files(tmp_path, 20, 0.75)
    figures, requests = judged(files, tmp_path / "out", {"judge": Script()}, rubric=DEFAULT)
    axes = figures["judges"][0]["rubric"]["axes"]
    assert requests == 40 + 40
    assert axes["逻辑性"]["mean_a"]["value"] == pytest.approx(0.75 * 5 + 0.25 * 2)
    assert axes["逻辑性"]["difference"]["value"] == pytest.approx(1.5)
    assert axes["背景知识"]["difference"]["value"] == 0
    assert axes["all"]["difference"]["value"] == pytest.approx(0.5)
    scores = [json.loads(line) for line in (tmp_path / "out" / "scores.jsonl").read_text().splitlines()]
    assert [one["side"] for one in scores[:2]] == ["a", "b"]
    judged(files, tmp_path / "out", {"judge": Script()})
    assert not (tmp_path / "out" / "scores.jsonl").exists()  # of another command


def test_endpoints_of_one_model_are_one_judge_unless_they_are_named(tmp_path: Path) -> None:
    files = two_files(tmp_path, 10, 0.5)
    with Endpoint(Script()).running() as one, Endpoint(Script()).running() as two:
        with judges_at([one, two], (), (), tmp_path) as judges:
            assert [len(judge.endpoints) for judge in judges] == [2]
        with judges_at([one, two], (), ("左", "右"), tmp_path) as judges:
            assert [judge.name for judge in judges] == ["左", "右"]
            assert len({judge.recipe for judge in judges}) == 2
            order = JudgeOrder(joined=join(*files), judges=judges, out=tmp_path / "out")
            figures, cost = judge(order, lambda one, what: nullcontext(SynthesisProgress(quiet=True)))
    assert cost.requests == 40  # nobody's verdicts are another one's
    assert figures["agreement"][0]["share"]["value"] == 1.0


def test_the_same_command_again_asks_nothing_and_gives_the_same_bytes(tmp_path: Path) -> None:
    files = two_files(tmp_path, 30, TRUE_RATE)
    scripts = {"one": Script(0.2), "two/三": Script(0.1, garbage=0.3)}
    judged(files, tmp_path / "out", scripts, rubric=DEFAULT)
    before = results(tmp_path / "out")
    _, requests = judged(files, tmp_path / "out", scripts, rubric=DEFAULT)
    assert requests == 0
    assert results(tmp_path / "out") == before
    judged(files, tmp_path / "elsewhere", scripts, rubric=DEFAULT, concurrency=1)
    assert results(tmp_path / "elsewhere") == before


def results(out: Path) -> dict[str, str]:
    return {name: digest for name, digest in digests(out).items() if not name.startswith(".siku")}
