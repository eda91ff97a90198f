"""Two datasets, the same model, as many tokens: what is compared, and what it says."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest

from tests.corpora import passage
from tests.running import Siku, digests
from tests.trainers.small_datasets import talks, texts, write_dataset
from trainers.evaluation.ablation_page import as_svg, lines_of, verdict, write_page
from trainers.evaluation.intervals import better_of, over_rows, over_seeds
from trainers.evaluation.overlap import known_shares

NOISE = "".join(chr(0x4E00 + number * 37 % 20_000) for number in range(4000))


def test_the_interval_over_seeds_is_students() -> None:
    assert over_seeds([1.0, 2.0, 3.0]) == pytest.approx((2 - 4.303 / 3**0.5, 2 + 4.303 / 3**0.5))
    assert over_seeds([0.5, 0.5]) == (0.5, 0.5)
    assert over_seeds([1.0]) is None


def test_the_interval_over_rows_holds_the_truth_as_often_as_it_says() -> None:
    dice = np.random.default_rng(1)
    hits = 0
    for _ in range(60):
        tokens = dice.integers(20, 200, 80).astype(float)
        differences = tokens * 0.3 + dice.normal(0, 12, 80)
        low, high = over_rows(differences, tokens) or (0, 0)
        hits += low < 0.3 < high
    assert hits >= 50, "of 60, at 95 %"
    assert over_rows(np.ones(1), np.ones(1)) is None


@pytest.mark.parametrize(
    ("intervals", "better"),
    [
        ([(0.1, 0.2), (0.05, 0.3)], "b"),
        ([(-0.2, -0.1), (-0.3, -0.05)], "a"),
        ([(0.1, 0.2), (-0.05, 0.3)], None),
        ([(0.1, 0.2), (-0.3, -0.1)], None),
        ([(0.1, 0.2), None], None),
        ([], None),
    ],
)
def test_one_is_better_where_both_intervals_say_so(intervals: Any, better: str | None) -> None:
    assert better_of(intervals) == better


def test_what_is_known_word_for_word() -> None:
    text = passage("held out", 300)
    others = [passage("other", 400), "开头" + text[40:220].replace("。", "\n　") + "结尾"]
    known, fresh, short = known_shares([text, passage("fresh", 300), "短文"], others)
    assert 0.3 < known < 0.6
    assert fresh < 0.05
    assert short == 0
    assert known_shares([text], ["他說：" + text]) == [1]
    assert known_shares([], others) == []
    assert known_shares([text], []) == [0]


def result(better: str | None) -> dict[str, Any]:
    data = {"version": "1", "fingerprint": "0"}
    runs = [
        {"data": arm, "seed": seed, "loss": loss + seed / 100, "tokens": 1000, "epochs": 0.5}
        for seed in (42, 43)
        for arm, loss in (("a", 3.0), ("b", 2.5))
    ]
    figures = {name: {"a": 3.0, "b": 2.5} for name in ("loss", "perplexity", "perplexity_char")}
    return {
        "a": data | {"name": "raw<&>"},
        "b": data | {"name": "built"},
        "data": data | {"name": "held"},
        "split": "valid",
        "rows": 3,
        "tokens": 100,
        "seeds": [42, 43],
        **figures,
        "difference": 0.5,
        "interval_seeds": [0.4, 0.6],
        "interval_rows": [0.3, 0.7],
        "better": better,
        "rows_known": {"a": 2, "b": 0},
        "runs": runs,
        "path": "out",
    }


def test_what_is_said() -> None:
    assert verdict(result("b")) == "built@1 teaches more than raw<&>@1: its loss is 0.5 lower."
    assert "does not tell" in verdict(result(None))
    lines = lines_of(result("b"))
    assert "over seeds [+0.4000, +0.6000] and over rows [+0.3000, +0.7000]" in lines[0]
    assert lines[2] == "half and more of 2 of these rows stands word for word in raw<&>@1"
    assert "(too few)" in lines_of(result("b") | {"interval_seeds": None, "seeds": [1]})[0]


def test_the_page_and_its_picture(tmp_path: Path) -> None:
    write_page(result("b"), tmp_path)
    assert "| b: built@1 | 2 | 1,000 | 0.5 | 2.5 |" in (tmp_path / "ablation.md").read_text(encoding="utf-8")
    svg = ElementTree.fromstring((tmp_path / "ablation.svg").read_text(encoding="utf-8"))
    dots = list(svg.iter("{http://www.w3.org/2000/svg}circle"))
    assert len(dots) == 4
    same = result("b") | {"runs": [one | {"loss": 1.0} for one in result("b")["runs"]]}
    ElementTree.fromstring(as_svg(same))


@pytest.fixture
def run(siku: Siku) -> Siku:
    return partial(siku, OMP_NUM_THREADS="1", HF_HUB_OFFLINE="1")


@pytest.mark.slow
def test_data_like_the_held_out_rows_teaches_more_than_noise(run: Siku, tiny_qwen2: Path, tmp_path: Path) -> None:
    held_out = texts(*(passage(f"held {number}", 150) for number in range(8)))
    write_dataset(tmp_path / "held", valid=held_out, name="held")
    noise = texts(*(NOISE[number * 40 : number * 40 + 160] for number in range(60)))
    write_dataset(tmp_path / "noise", train=noise, name="noise")
    prose = texts(*(passage(f"prose {number}", 160) for number in range(59)), held_out[0]["text"])
    write_dataset(tmp_path / "prose", train=prose, name="prose")
    words = (
        "evaluate",
        "--ablate",
        "noise",
        "prose",
        "--data",
        "held",
        "--model",
        tiny_qwen2,
        "--out",
        "both",
        "--json",
    )
    small = ("max_length=128", "tokens=2000", "seeds=2", "learning_rate=0.003", "per_device_train_batch_size=4")
    settings = [part for one in small for part in ("--set", one)]
    found = run(*words, *settings).json
    assert found["better"] == "b"
    assert found["loss"]["a"] - found["loss"]["b"] == pytest.approx(found["difference"])
    assert found["interval_seeds"][0] > 0
    assert found["rows_known"] == {"a": 0, "b": 1}
    assert found["seeds"] == [42, 43]
    tokens = [one["tokens"] for one in found["runs"]]
    assert max(tokens) / min(tokens) < 1.3
    rows = [json.loads(line) for line in (tmp_path / "both/rows.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [row["id"] for row in rows] == [row["id"] for row in held_out]
    weighed = sum(row["a"][0] * row["tokens"] for row in rows) / sum(row["tokens"] for row in rows)
    assert weighed == pytest.approx(found["runs"][0]["loss"])
    before = digests(tmp_path / "both/a-42")
    again = run(*words, *settings).json
    assert digests(tmp_path / "both/a-42") == before, "what is finished is not trained again"
    assert again["loss"] == found["loss"]


@pytest.mark.slow
def test_weights_are_drawn_afresh_and_conversations_compared(run: Siku, tiny_qwen2: Path, tmp_path: Path) -> None:
    rows = talks(*((f"第{number}天呢？", f"第{number}天开船。") for number in range(20)))
    for name, part in (("a", rows[:10]), ("b", rows[10:])):
        write_dataset(tmp_path / name, train=part, valid=rows[:4], name=name)
    words = ("evaluate", "--ablate", "a", "b", "--data", "a", "--model", tiny_qwen2, "--out", "both")
    ran = run(*words, "--set", "reset=true", "--set", "seeds=1", "--set", "tokens=100")
    assert "does not tell" in ran.out
    found = json.loads((tmp_path / "both/ablation.json").read_bytes())
    assert found["task"] == "sft"
    assert found["interval_seeds"] is None
    assert (tmp_path / "both/start-42/config.json").exists()


def test_mistakes(run: Siku, tiny_qwen2: Path, tmp_path: Path) -> None:
    write_dataset(tmp_path / "texts", train=texts("雪停了。"), valid=texts("雪停了。"))
    write_dataset(tmp_path / "talks", train=talks(("在吗", "在")), name="talks")
    words = ("evaluate", "--ablate", "texts", "talks", "--data", "texts", "--model", tiny_qwen2)
    ran = run(*words, "--metrics", "bleu", "--set", "seeds=99", "-q", code=2)
    assert ran.err.startswith("error: 4 things are wrong")
    for said in ("--ablate needs --out", "no column 'text'", "it must be at most 16", "--metrics has no say"):
        assert said in ran.err
    ran = run(*words[:3], "texts", *words[4:], "--out", "both", "--set", "max_lenght=4", "-q", code=2)
    assert "did you mean max_length?" in ran.err
