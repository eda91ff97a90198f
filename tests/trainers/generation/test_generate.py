"""Sweeps from a model in this process and behind real servers on loopback."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from builders.engine.progress import Progress
from generators.commands import addresses
from generators.demo.chat import Answered, ChatRequest, Raw
from generators.demo.chat import Said as DemoSaid
from generators.demo.server import Endpoint
from trainers.evaluation.metrics import repetition
from trainers.evaluation.trained import describe, open_model
from trainers.generation.generate import GENERATIONS, ModelHere, Said, generate
from trainers.generation.model_behind import ModelBehind, check_ways
from trainers.generation.prompts import Asked
from trainers.generation.side_by_side import PAGE, write_page
from trainers.generation.ways import Way, read_ways
from validators.errors import SikuError

PROMPTS = [Asked("雪", "雪停了。"), Asked("船", "", ({"role": "user", "content": "开船吗？"},), "不开。")]
QUIET = Progress(quiet=True)


class Echo:
    """Says the prompt again, as often as the way has tokens; to `none` nothing comes."""

    name = "echo"

    def say(self, prompts: Sequence[Asked], way: Way) -> Iterator[Said]:
        for one in prompts:
            said = one.conversation[-1]["content"] * way.decoding.max_new_tokens
            yield Said("", stopped=False, error="status 500") if one.id == "none" else Said(said, stopped=True)


def read(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_every_prompt_in_every_way(tmp_path: Path) -> None:
    _, ways, _ = read_ways([], ["max_new_tokens=1,3"])
    made = generate(Echo(), PROMPTS, ways, tmp_path / "out", QUIET)
    assert [one["label"] for one in made.ways] == ["max_new_tokens=1", "max_new_tokens=3"]
    assert [one["characters"] for one in made.ways] == [4, 12]
    assert made.ways[1]["repetition"] == pytest.approx((repetition("雪停了。" * 3) + repetition("开船吗？" * 3)) / 2)
    assert "rouge1" not in made.ways[0], "one of the prompts has no reference"
    assert [(one.id, one.texts) for one in made.samples] == [
        ("雪", ["雪停了。", "雪停了。" * 3]),
        ("船", ["开船吗？", "开船吗？" * 3]),
    ]
    rows = read(tmp_path / "out" / GENERATIONS)
    assert [(row["id"], row["settings"]["max_new_tokens"]) for row in rows] == [
        *(("雪", 1), ("船", 1)),
        *(("雪", 3), ("船", 3)),
    ]
    assert rows[0] == {
        "id": "雪",
        "prompt": "雪停了。",
        "settings": rows[0]["settings"],
        "prediction": "雪停了。",
        "stopped": True,
    }
    assert rows[1]["prompt"] == [{"role": "user", "content": "开船吗？"}]
    assert rows[1]["reference"] == "不开。"


def test_references_are_compared_with() -> None:
    _, ways, _ = read_ways([], ["max_new_tokens=1"])
    made = generate(Echo(), [Asked("1", "不开。", (), "不开。")], ways, None, QUIET)
    assert made.ways[0]["rougeL"] == 1
    assert made.path is None


def test_what_failed_is_counted_and_not_scored(tmp_path: Path) -> None:
    _, ways, _ = read_ways([], [])
    made = generate(Echo(), [Asked("none", "雪"), PROMPTS[0]], ways, tmp_path, QUIET)
    assert made.failed == made.ways[0]["failed"] == 1
    assert made.ways[0]["stopped"] == 1
    assert made.samples[0].texts == ["(status 500)"]
    assert read(tmp_path / GENERATIONS)[0]["error"] == "status 500"


def test_a_page_that_no_text_can_break(tmp_path: Path) -> None:
    _, ways, _ = read_ways([], ["max_new_tokens=1"])
    made = generate(Echo(), [Asked("1", "```\n# 标题\n````")], ways, tmp_path, QUIET)
    page = write_page(made, tmp_path).read_text(encoding="utf-8")
    assert (tmp_path / PAGE).exists()
    assert "`````text\n```\n# 标题\n````\n`````" in page
    assert "| max_new_tokens=1 |" in page


def test_a_model_here(tiny_qwen2: Path) -> None:
    import torch

    torch.set_num_threads(1)
    settings, ways, _ = read_ways(["max_new_tokens=6"], ["temperature=0,1.5"])
    speaker = ModelHere(open_model(describe(str(tiny_qwen2))), settings)
    first, again = (generate(speaker, PROMPTS, ways, None, QUIET) for _ in range(2))
    assert [one.texts for one in first.samples] == [one.texts for one in again.samples]
    assert first.samples[0].texts[0] != first.samples[0].texts[1]
    assert first.model == str(tiny_qwen2)
    assert first.ways[0]["stopped"] == 0


def test_an_endpoint_is_asked_with_the_settings_of_each_way() -> None:
    asked: list[dict[str, Any]] = []

    def answer(request: ChatRequest) -> Answered:
        asked.append(dict(request.body))
        if request.max_tokens == 1:
            return DemoSaid("雪", finish_reason="length")
        return f"答：{request.texts('user')[-1]}"

    settings, ways, _ = read_ways(["repetition_penalty=1.1", "seed=7"], ["temperature=0,0.7", "max_new_tokens=1,9"])
    with Endpoint(answer).running() as url:
        made = generate(ModelBehind([url], "", settings), PROMPTS, ways, None, QUIET)
    assert made.model == "siku-demo-rules"
    assert [one.texts for one in made.samples] == [["雪", "答：雪停了。"] * 2, ["雪", "答：开船吗？"] * 2]
    assert [one["stopped"] for one in made.ways] == [0, 1, 0, 1]
    assert len(asked) == 8
    assert (
        asked[0]["messages"] == [{"role": "user", "content": "雪停了。"}] or asked[0]["messages"][0]["role"] == "user"
    )
    assert {body["temperature"] for body in asked} == {0, 0.7}
    assert all(body["repetition_penalty"] == body["repeat_penalty"] == 1.1 for body in asked)
    assert all(("seed" in body) == (body["temperature"] > 0) for body in asked)
    assert not any("top_k" in body for body in asked)


def test_a_request_that_is_refused_costs_that_text_alone() -> None:
    def answer(request: ChatRequest) -> Answered:
        return Raw(400, b'{"error": {"message": "too long"}}') if "开船" in request.texts("user")[0] else "好。"

    settings, ways, _ = read_ways([], [])
    with Endpoint(answer).running() as url:
        made = generate(ModelBehind([url], "", settings), PROMPTS, ways, None, QUIET)
    assert made.failed == 1
    assert made.samples[0].texts == ["好。"]
    assert made.samples[1].texts == ["(status 400: too long)"]


def test_an_endpoint_that_is_not_there() -> None:
    settings, *_ = read_ways([], [])
    with Endpoint().running() as url:
        pass
    with pytest.raises(SikuError, match="the endpoint does not answer") as told:
        ModelBehind([url], "", settings)
    assert told.value.exit_code == 4
    with pytest.raises(SikuError, match="cannot be reached") as told:
        list(ModelBehind([url], "named", settings).say(PROMPTS, read_ways([], [])[1][0]))
    assert told.value.exit_code == 4
    assert "kept" not in told.value.next


def test_the_demo_endpoint_is_started() -> None:
    settings, ways, _ = read_ways([], [])
    with addresses(["demo"]) as urls:
        made = generate(ModelBehind(urls, "", settings), PROMPTS, ways, None, QUIET)
    assert made.failed == 0
    assert all(text for one in made.samples for text in one.texts)


def test_what_an_endpoint_cannot_do() -> None:
    settings, ways, _ = read_ways(["as_text=true"], ["num_beams=1,4"])
    assert [problem.what.partition(":")[0] for problem in check_ways(ways, settings)] == ["num_beams", "as_text"]
