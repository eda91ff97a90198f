"""`siku evaluate` and `siku generate` as people type them: a process, its words, its exit code."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.corpora import passage
from tests.running import Ran, Siku
from tests.trainers.conftest import Build
from tests.trainers.small_datasets import texts, write_dataset

ALWAYS = ["model", "data", "split", "rows"]
LIKELIHOOD = ["tokens", "characters", "loss", "perplexity", "perplexity_char"]


@pytest.fixture
def run(siku: Siku) -> Siku:
    """One thread: two wait for each other on a busy machine. No name is looked for on the Hub."""
    return partial(siku, OMP_NUM_THREADS="1", HF_HUB_OFFLINE="1")


@pytest.fixture
def data(tmp_path: Path) -> Path:
    rows = texts(*(passage(f"cli {number}", 150) for number in range(4)))
    return write_dataset(tmp_path / "data", train=rows, valid=rows[:3])


def told(ran: Ran) -> list[str]:
    """The lines of an error; there is nothing else on standard error."""
    lines = ran.err.splitlines()
    assert lines[0].startswith("error: ")
    return lines


def test_the_likelihood_is_what_is_asked_for(run: Siku, tiny_qwen2: Path, built: Build, tmp_path: Path) -> None:
    words = ("evaluate", "--model", tiny_qwen2, "--data", built("novel-pretrain"), "--split", "train")
    ran = run(*words, "--set", "limit=4", "--json")
    assert list(ran.json) == [*ALWAYS, *LIKELIHOOD, "seconds"]
    assert ran.json["model"] == str(tiny_qwen2)
    assert ran.json["data"].keys() == {"name", "version", "fingerprint"}
    assert ran.json["rows"] == 4
    assert run(*words, "--set", "limit=4", "-q").out == ""
    assert not [path for path in tmp_path.iterdir() if path.name != "cache"]


def test_everything_is_written_to_a_folder(run: Siku, tiny_qwen2: Path, built: Build, tmp_path: Path) -> None:
    words = ("evaluate", "--model", tiny_qwen2, "--data", built("instruct-sft"), "--split", "train")
    found = run(*words, "--set", "limit=3", "--set", "max_new_tokens=5", "--out", "judged", "--json").json
    assert list(found) == [
        *ALWAYS,
        *LIKELIHOOD,
        *("rouge1", "rouge2", "rougeL", "bleu", "repetition", "repetition_by_length"),
        *("distinct1", "distinct2", "predictions", "seconds"),
    ]
    rows = [json.loads(line) for line in (tmp_path / found["predictions"]).read_text(encoding="utf-8").splitlines()]
    assert len(rows) == 3
    kept = json.loads((tmp_path / "judged/evaluation.json").read_bytes())
    assert {name: kept[name] for name in found} == found


def test_only_what_is_named(run: Siku, tiny_qwen2: Path, data: Path) -> None:
    words = ("evaluate", "--model", tiny_qwen2, "--data", data, "--set", "max_new_tokens=4")
    assert list(run(*words, "--metrics", "bleu", "rougeL", "--json").json) == [
        *ALWAYS,
        *("rouge1", "rouge2", "rougeL", "bleu", "seconds"),
    ]


@pytest.mark.slow
def test_several_models_are_compared(run: Siku, tiny_qwen2: Path, data: Path, tmp_path: Path) -> None:
    (tmp_path / "other").symlink_to(tiny_qwen2)
    words = ("evaluate", "--model", tiny_qwen2, "--model", "other", "--data", data, "--out", "table")
    found = run(*words, "--set", "max_new_tokens=4", "--json").json
    assert [one["model"] for one in found["models"]] == [str(tiny_qwen2), "other"]
    assert found["models"][0]["loss"] == found["models"][1]["loss"]
    assert found["comparison"] == "table/comparison.md"
    assert (tmp_path / "table/comparison.svg").exists()
    assert (tmp_path / "table/other/predictions.jsonl").exists()
    shown = run(*words[:-2], "--metrics", "perplexity").out
    assert "tiny-qwen2" in shown
    assert "other" in shown


def test_all_mistakes_at_once(run: Siku, data: Path, tmp_path: Path) -> None:
    words = ("evaluate", "--model", "./gone", "--data", data, "--set", "max_lenght=3", "--set", "limit=0")
    ran = run(*words, "--metrics", "rogue", "--out", "nothing", "-q", code=2)
    lines = told(ran)
    assert lines[0] == "error: 4 things are wrong"
    said = ran.err
    assert "did you mean max_length?" in said
    assert "limit=0: it must be at least 1" in said
    assert "did you mean rouge?" in said
    assert "there is no model './gone'" in said
    assert not (tmp_path / "nothing").exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--data", "nothing@1"), "there is no dataset 'nothing@1'"),
        (("--split", "valid", "--data", "empty"), "has no rows in valid"),
        (("--metrics", ""), "--metrics names none"),
        (("--set", "max_length=9000"), "beyond the 2048 positions"),
        (("--set", "bf16"), "it must read key=value"),
    ],
)
def test_one_mistake_is_an_error_of_four_lines(
    run: Siku, tiny_qwen2: Path, data: Path, tmp_path: Path, words: tuple[str, ...], said: str
) -> None:
    write_dataset(tmp_path / "empty", train=texts("雪停了。天亮了。"))
    ran = run("evaluate", "--model", tiny_qwen2, "--data", data, *words, "-q", code=2)
    assert said in ran.err
    assert [line.partition(":")[0] for line in told(ran)] == ["error", "where", "why", "next"]


def test_a_changed_file_is_found_before_the_model_is_loaded(run: Siku, data: Path, tmp_path: Path) -> None:
    file = next((data / "valid").iterdir())
    file.write_bytes(file.read_bytes() + b"x")
    (tmp_path / "model").mkdir()
    ran = run("evaluate", "--model", "./model", "--data", data, "-q", code=2)
    assert str(file) in ran.err


def test_an_unfinished_dataset(run: Siku, tiny_qwen2: Path, data: Path) -> None:
    (data / "manifest.json").unlink()
    assert "is not finished" in told(run("evaluate", "--model", tiny_qwen2, "--data", data, "-q", code=2))[0]


@pytest.mark.slow
def test_a_sweep(run: Siku, tiny_qwen2: Path, tmp_path: Path) -> None:
    (tmp_path / "p.txt").write_text("雪停了。\n开船吗？\n", encoding="utf-8")
    words: tuple[Any, ...] = ("generate", "--model", tiny_qwen2, "--prompts", "p.txt", "--set", "max_new_tokens=4")
    sweep = ("--sweep", "temperature=0.1,0.7", "top_p=0.5,0.9")
    found = run(*words, *sweep, "--out", "said", "--json").json
    assert list(found) == ["model", "prompts", "sweep", "samples", "failed", "path", "seconds"]
    assert [one["label"] for one in found["sweep"]] == [
        *("temperature=0.1 top_p=0.5", "temperature=0.1 top_p=0.9"),
        *("temperature=0.7 top_p=0.5", "temperature=0.7 top_p=0.9"),
    ]
    assert len((tmp_path / "said/generations.jsonl").read_text(encoding="utf-8").splitlines()) == 8
    assert "**temperature=0.7 top_p=0.9**" in (tmp_path / "said/generations.md").read_text(encoding="utf-8")
    assert "greedy" in run(*words).out


def test_a_sweep_over_an_endpoint(run: Siku, tmp_path: Path) -> None:
    (tmp_path / "p.jsonl").write_text('{"question": "你好"}\n', encoding="utf-8")
    words = ("generate", "--prompts", "p.jsonl", "--endpoint")
    found = run(*words, "demo", "--sweep", "temperature=0,1", "--json").json
    assert found["model"] == "siku-demo-rules"
    assert [len(one["texts"]) for one in found["samples"]] == [2]
    assert "does not answer" in told(run(*words, "http://127.0.0.1:9/v1", "-q", code=4))[0]


def test_mistakes_of_a_sweep(run: Siku, tmp_path: Path) -> None:
    (tmp_path / "p.txt").write_text("雪停了。\n", encoding="utf-8")
    ran = run("generate", "--prompts", "gone.txt", "--sweep", "temprature=1", "top_k=a", "-q", code=2)
    assert told(ran)[0] == "error: 4 things are wrong"
    assert "did you mean temperature?" in ran.err
    assert "--model MODEL, or --endpoint URL" in ran.err
    ran = run("generate", "--prompts", "p.txt", "--endpoint", "demo", "--set", "num_beams=2", "-q", code=2)
    assert "an endpoint has no beams" in ran.err
