"""Several models side by side: names, the best of each column, table and picture."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from trainers.evaluation.comparison import as_markdown, as_svg, best_of, folders_of, labels_of, write_comparison

DATA = {"name": "novel-pretrain", "version": "1", "fingerprint": "0"}


def result(model: str, **figures: Any) -> dict[str, Any]:
    return {"model": model, "data": DATA, "split": "valid", "rows": 3, **figures}


@pytest.mark.parametrize(
    ("names", "labels"),
    [
        (["runs/a/model"], ["model"]),
        (["runs/a/model", "runs/b/model"], ["a-model", "b-model"]),
        (["qwen", "runs/qwen/merged", "Qwen/Qwen2.5-0.5B"], ["qwen", "merged", "Qwen2.5-0.5B"]),
        (["x/m", "m"], ["x-m", "m"]),
        (["m", "m"], ["m-1", "m-2"]),
        (["/", "."], ["model-1", "model-2"]),
    ],
)
def test_labels_tell_models_apart(names: list[str], labels: list[str]) -> None:
    assert labels_of(names) == labels


def test_each_of_several_models_has_a_folder_of_its_own(tmp_path: Path) -> None:
    assert folders_of(["a/m"], tmp_path) == [tmp_path]
    assert folders_of(["a/m", "b/m"], tmp_path) == [tmp_path / "a-m", tmp_path / "b-m"]
    assert folders_of(["a/m", "b/m"], None) == [None, None]


def test_the_best_is_the_lowest_loss_and_the_highest_likeness() -> None:
    both = [result("a", tokens=5, loss=2.0, rouge1=0.2), result("b", tokens=5, loss=1.0, rouge1=0.1)]
    assert best_of(both, "loss") == 1.0
    assert best_of(both, "rouge1") == 0.2
    assert best_of(both, "tokens") is None
    assert best_of(both[:1], "loss") is None


def test_losses_over_other_tokens_are_not_compared() -> None:
    both = [
        result("a", tokens=5, loss=2.0, perplexity=7.4, perplexity_char=3.0),
        result("b", tokens=9, loss=1.0, perplexity=2.7, perplexity_char=4.0),
    ]
    assert best_of(both, "loss") is best_of(both, "perplexity") is None
    assert best_of(both, "perplexity_char") == 3.0


def test_the_table() -> None:
    both = [result("runs/a|b", tokens=5, loss=2.0, bleu=None), result("c", tokens=5, loss=1.25, bleu=None, rouge1=0.5)]
    lines = as_markdown(both).splitlines()
    assert lines[:4] == [
        "| model | rows | tokens | loss | rouge1 | bleu |",
        "| --- | ---: | ---: | ---: | ---: | ---: |",
        "| a\\|b | 3 | 5 | 2 |  |  |",
        "| c | 3 | 5 | **1.25** | 0.5 |  |",
    ]
    assert "`valid` of novel-pretrain 1" in lines[5]
    assert lines[5].endswith("lower is better for loss.")


def test_the_picture_is_valid_and_has_a_bar_for_each_figure() -> None:
    both = [
        result("runs/a", loss=2.0, perplexity=7.4, rouge1=0.2, repetition=0.0),
        result("<b>&", loss=1.0, perplexity=None, rouge1=0.4, repetition=0.0),
    ]
    svg = ElementTree.fromstring(as_svg(both))
    space = "{http://www.w3.org/2000/svg}"
    words = [one.text for one in svg.iter(f"{space}text")]
    assert words.count("a") == words.count("<b>&") == 3
    assert "perplexity (lower is better)" in words
    bars = [float(one.get("width", "0")) for one in svg.iter(f"{space}rect")][1:]
    assert bars == [300, 0, 150, 300, 0, 0]


def test_what_is_written(tmp_path: Path) -> None:
    both = [result("a", loss=2.0), result("b", loss=1.0)]
    assert write_comparison(both, tmp_path / "out") == tmp_path / "out/comparison.md"
    assert {path.name for path in (tmp_path / "out").iterdir()} == {
        "comparison.md",
        "comparison.json",
        "comparison.svg",
    }
    assert json.loads((tmp_path / "out/comparison.json").read_bytes()) == {"models": both}
