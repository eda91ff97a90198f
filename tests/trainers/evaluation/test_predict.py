"""What a model writes in batches is what it writes to each prompt alone."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.servers.tiny_qwen2 import CONTEXT_TOKENS, Lesson, in_child, overfit
from trainers.evaluation.held_out import prompt_of
from trainers.evaluation.predict import Decoding, Prediction, Prompt, predict
from trainers.evaluation.trained import Trained, describe, open_model

LESSONS = [
    Lesson([{"role": "user", "content": "雪停了吗？"}], "停了，天也亮了。"),
    Lesson([{"role": "user", "content": "渡口在哪里，怎么走，要走多久，路上有没有茶馆？"}], "在河边。"),
    Lesson([{"role": "system", "content": "你是船工。"}, {"role": "user", "content": "开船吗"}], "不开。" * 8),
]


@pytest.fixture(scope="module")
def taught(tiny_qwen2: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model that knows LESSONS by heart."""
    folder = tmp_path_factory.mktemp("taught") / "model"
    in_child(overfit, tiny_qwen2, folder, LESSONS)
    return folder


@pytest.fixture(scope="module")
def model(taught: Path) -> Trained:
    import torch

    torch.set_num_threads(1)  # two wait for each other on a busy machine
    return open_model(describe(str(taught)))


@pytest.fixture(scope="module")
def prompts(model: Trained) -> list[Prompt]:
    tokenizer = model.described.tokenizer
    return [Prompt(str(place), prompt_of(tokenizer, list(one.messages))) for place, one in enumerate(LESSONS)]  # type: ignore[arg-type]


def said(model: Trained, prompts: Sequence[Prompt], batch_size: int = 4, **decoding: Any) -> list[Prediction]:
    return [one for _, some in predict(model, prompts, Decoding(**decoding), batch_size) for one in some]


def test_what_was_learnt_is_said_up_to_the_stop_token(model: Trained, prompts: list[Prompt]) -> None:
    assert said(model, prompts) == [Prediction(lesson.reply, stopped=True) for lesson in LESSONS]


@pytest.mark.parametrize("batch_size", [1, 2, 3])
def test_batches_change_nothing(model: Trained, prompts: list[Prompt], batch_size: int) -> None:
    many = prompts * 3 + [Prompt("text", "腊月里的一个早晨，"), Prompt("short", "雪")]
    alone = [said(model, [one], max_new_tokens=12)[0] for one in many]
    assert said(model, many, batch_size, max_new_tokens=12) == alone


def test_what_is_cut_off_has_not_stopped(model: Trained, prompts: list[Prompt]) -> None:
    (cut,) = said(model, prompts[:1], max_new_tokens=2)
    assert not cut.stopped
    assert LESSONS[0].reply.startswith(cut.text)


def test_half_a_character_is_not_shown(model: Trained) -> None:
    """A byte-level tokenizer writes a rare character in several tokens."""
    tokenizer = model.described.tokenizer
    from trainers.evaluation.predict import _said

    ids = tokenizer.encode("雪龘", add_special_tokens=False)
    assert len(ids) > 2
    assert _said(ids[:-1], model) == Prediction("雪", stopped=False)


def test_a_model_that_would_draw_by_chance_is_judged_by_its_likeliest_tokens(
    taught: Path, prompts: list[Prompt], tmp_path: Path
) -> None:
    shutil.copytree(taught, tmp_path / "model")
    settings = {"do_sample": True, "temperature": 5.0, "top_k": 3, "repetition_penalty": 3.0, "max_length": 30}
    (tmp_path / "model/generation_config.json").write_text(json.dumps(settings))
    other = open_model(describe(str(tmp_path / "model")))
    assert [one.text for one in said(other, prompts)] == [lesson.reply for lesson in LESSONS]


def test_chance_is_the_same_for_the_same_seed(model: Trained) -> None:
    prompts = [Prompt("a", "雪停了。"), Prompt("b", "天亮了，")]
    drawn = [said(model, prompts, temperature=1.5, seed=seed, max_new_tokens=16) for seed in (1, 1, 2)]
    assert drawn[0] == drawn[1] != drawn[2]


def test_a_penalty_ends_repetition(model: Trained, prompts: list[Prompt]) -> None:
    (plain,), (penalised,) = (said(model, prompts[2:], repetition_penalty=value) for value in (1.0, 8.0))
    assert plain.text == LESSONS[2].reply != penalised.text


def test_beams_find_what_is_known_by_heart(model: Trained, prompts: list[Prompt]) -> None:
    assert [one.text for one in said(model, prompts, num_beams=3)] == [lesson.reply for lesson in LESSONS]


def test_nothing_goes_beyond_the_positions_of_the_model(model: Trained, prompts: list[Prompt]) -> None:
    encode = model.described.tokenizer.encode
    one = next(char for char in "船的一山水了人，" if len(encode(char * 9, add_special_tokens=False)) == 9)
    full, longer = one * (CONTEXT_TOKENS - 3), one * (CONTEXT_TOKENS + 50)
    rows = [Prompt("full", full), *prompts[:1], Prompt("longer", longer)]
    found = said(model, rows, max_new_tokens=8)
    assert found[1].text == LESSONS[0].reply
    assert len(encode(found[0].text, add_special_tokens=False)) <= 3
    assert found[2] == said(model, [Prompt("end", one * (CONTEXT_TOKENS - 8))], max_new_tokens=8)[0]


def test_an_empty_prompt_is_no_crash(model: Trained) -> None:
    assert len(said(model, [Prompt("empty", "")], max_new_tokens=3)) == 1
