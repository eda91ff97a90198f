"""Files of curricula: what stands in them, and every mistake at once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.running import HOME
from trainers.training.curriculum_file import Stage, read_curriculum
from trainers.training.train_settings import read_train_settings
from validators.errors import SikuError


def read(folder: Path, text: str, **given: Any) -> tuple[list[Stage], list[str]]:
    file = folder / "file.toml"
    file.write_text(text, encoding="utf-8")
    stages, problems = read_curriculum(file, given)
    return stages, [" | ".join(filter(None, (one.what, one.where, one.why))) for one in problems]


def test_the_example_has_the_three_stages_of_the_chat_model() -> None:
    stages, problems = read_curriculum(HOME / "examples" / "curriculum" / "chat.toml", {})
    assert problems == []
    assert [stage.folder for stage in stages] == ["1-dialogue", "2-knowledge", "3-instruct"]
    read = [read_train_settings(stage.task, stage.values) for stage in stages]
    assert [one.problems for one in read] == [[], [], []]
    settings = [one.settings for one in read]
    assert [(one.num_train_epochs, one.learning_rate) for one in settings] == [(2, 1e-4), (5, 1e-4), (10, 2e-5)]
    assert {(one.per_device_train_batch_size, one.seed) for one in settings} == {(62, 42)}
    assert {(one.max_source_length, one.max_target_length) for one in settings} == {(256, 256)}


def test_the_nearer_setting_counts_and_the_command_line_most(tmp_path: Path) -> None:
    text = """
task = "sft"
[set]
seed = 1
max_steps = 5
use_cpu = true
[[stage]]
name = "a"
data = "one"
[[stage]]
name = "b"
data = "two@1"
set = { max_steps = 6, seed = 2, lora_target_modules = ["q", "v"] }
"""
    stages, problems = read(tmp_path, text, seed="3")
    assert problems == []
    assert stages[0].values == {"seed": "3", "max_steps": "5", "use_cpu": "true"}
    assert stages[1].values == {"seed": "3", "max_steps": "6", "use_cpu": "true", "lora_target_modules": "q,v"}
    assert [stage.data for stage in stages] == ["one", "two@1"]


def test_data_is_a_folder_beside_the_file_or_a_name(tmp_path: Path) -> None:
    (tmp_path / "sets" / "1").mkdir(parents=True)
    text = 'task = "sft"\n[[stage]]\nname = "a"\ndata = "sets/1"\n[[stage]]\nname = "b"\ndata = "sets@1"\n'
    stages, _ = read(tmp_path, text)
    assert [stage.data for stage in stages] == [str(tmp_path / "sets" / "1"), "sets@1"]


def test_shared_settings_are_for_the_stages_whose_task_has_them(tmp_path: Path) -> None:
    text = """
[set]
too_long = "skip"
max_length = 64
no_such_key = 1
[[stage]]
name = "read"
task = "pretrain"
data = "x"
[[stage]]
name = "talk"
task = "sft"
data = "y"
"""
    stages, _ = read(tmp_path, text, chat_template_path="t.jinja")
    assert stages[0].values == {"max_length": "64", "no_such_key": "1"}  # which is then refused
    assert stages[1].values == {
        "too_long": "skip",
        "max_length": "64",
        "no_such_key": "1",
        "chat_template_path": "t.jinja",
    }


def test_a_stage_with_a_key_of_another_task_keeps_it(tmp_path: Path) -> None:
    text = 'task = "pretrain"\n[[stage]]\nname = "a"\ndata = "x"\nset = { max_target_length = 9 }\n'
    stages, _ = read(tmp_path, text)
    assert stages[0].values == {"max_target_length": "9"}
    (problem,) = read_train_settings("pretrain", stages[0].values).problems
    assert "for seq2seq" in problem.what


def test_every_mistake_is_told_at_once(tmp_path: Path) -> None:
    text = """
tusk = "sft"
[[stage]]
name = "a"
data = "x"
[[stage]]
name = "a"
dat = "x"
task = "stf"
[[stage]]
name = "b/c"
task = "sft"
data = "x"
set = 3
"""
    stages, problems = read(tmp_path, text)
    file = tmp_path / "file.toml"
    assert stages == []
    assert problems == [
        f"tusk: there is no such key | {file} | did you mean task?",
        f"the stage has no task | {file}, stage 1 (a) | nor has the file",
        f"dat: there is no such key | {file}, stage 2 (a) | did you mean data?",
        f"the stage has no data | {file}, stage 2 (a) | every stage has one",
        f"there is no task 'stf' | {file}, stage 2 (a) | did you mean sft?",
        f"the stage cannot be called 'b/c' | {file}, stage 3 (b/c) | it becomes part of a folder's name: letters, digits, _, . and -",
        f"set must be a table | {file}, stage 3 (b/c) | it holds settings",
        f"2 stages are called 'a' | {file} | a name stands for one stage",
    ]


@pytest.mark.parametrize("text", ["", "stage = 3", "stage = []", 'task = "sft"'])
def test_without_stages_there_is_nothing_to_train(tmp_path: Path, text: str) -> None:
    said = f"the curriculum has no [[stage]] | {tmp_path / 'file.toml'} | there is nothing to train"
    assert read(tmp_path, text) == ([], [said])


@pytest.mark.parametrize("content", [b"task = ", b"\xff\xfe", None])
def test_what_is_no_toml_is_an_error_of_four_lines(tmp_path: Path, content: bytes | None) -> None:
    file = tmp_path / "file.toml"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(SikuError) as caught:
        read_curriculum(file, {})
    assert caught.value.exit_code == 2
    assert caught.value.where == str(file)
