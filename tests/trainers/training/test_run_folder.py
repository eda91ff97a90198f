"""The folder of a run: whole checkpoints, what is refused, what is the same run."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.running import digests
from trainers.training.run_folder import RunFolder

COMMAND = ["siku", "train", "pretrain"]
RUN = {"task": "pretrain", "settings": {"seed": 1, "max_steps": 3}}


def saved(folder: RunFolder, step: int) -> None:
    """A checkpoint as it lies there before it is whole."""
    made = folder.unfinished / f"checkpoint-{step}"
    made.mkdir(parents=True)
    (made / "model.safetensors").write_text(f"weights {step}")
    (made / "training_args.bin").write_text("a pickle")


def kept(folder: RunFolder) -> list[int]:
    return [one.step for one in folder.checkpoints()]


def begun(path: Path, *steps: int) -> RunFolder:
    folder = RunFolder(path)
    folder.begin(RUN)
    for step in steps:
        saved(folder, step)
        folder.keep(step, {"step": step})
    return folder


def test_a_checkpoint_is_there_when_it_is_whole(tmp_path: Path) -> None:
    folder = begun(tmp_path / "out", 2, 10)
    saved(folder, 12)
    assert kept(folder) == [2, 10]
    (tmp_path / "out" / "checkpoint-14").mkdir()  # of another program: it has no figures
    last = folder.last_checkpoint()
    assert last is not None
    assert (last.step, last.state) == (10, {"step": 10})
    assert digests(last.folder).keys() == {"model.safetensors", "siku.json"}


def test_the_oldest_checkpoints_go(tmp_path: Path) -> None:
    folder = begun(tmp_path / "out", 1, 2, 3, 4)
    folder.drop_old(None, good=None)
    assert kept(folder) == [1, 2, 3, 4]
    folder.drop_old(2, good=None)
    assert kept(folder) == [3, 4]


@pytest.mark.parametrize(("limit", "left"), [(3, [2, 4, 5]), (2, [2, 5]), (1, [2, 5])])
def test_the_last_good_checkpoint_stays_while_the_loss_is_bad(tmp_path: Path, limit: int, left: list[int]) -> None:
    folder = begun(tmp_path / "out", 1, 2, 3, 4, 5)
    folder.drop_old(limit, good=2)
    assert kept(folder) == left


def test_a_folder_in_use_is_refused_with_the_command_that_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "my out"
    assert RunFolder(path).problems(resume=False, command=COMMAND) == []
    folder = begun(path)
    assert folder.problems(resume=False, command=COMMAND) == []  # nothing would be lost
    saved(folder, 4)
    folder.keep(4, {})
    (problem,) = folder.problems(resume=False, command=COMMAND)
    assert problem.why == "it holds a run with a checkpoint at step 4"
    assert problem.next == "siku train pretrain --resume goes on with it; or --out with a new folder"
    assert folder.problems(resume=True, command=COMMAND) == []
    folder.finish({"steps": 4})
    (problem,) = folder.problems(resume=False, command=COMMAND)
    assert problem.why == "it holds a finished run"


def test_a_model_of_someone_else_is_not_written_over(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}")
    for resume in (False, True):
        (problem,) = RunFolder(tmp_path).problems(resume=resume, command=COMMAND)
        assert problem.why == "config.json would be written over"
    (problem,) = RunFolder(tmp_path / "config.json").problems(resume=False, command=COMMAND)
    assert problem.what == "--out is a file"


def test_differences_are_told_field_by_field(tmp_path: Path) -> None:
    folder = begun(tmp_path / "out")
    other = {"task": "sft", "settings": {"seed": 1, "max_steps": 5, "lora_r": 8}}
    assert folder.differences(RUN) == []
    assert folder.differences(other) == [
        "task was pretrain, is sft",
        "settings.max_steps was 3, is 5",
        "settings.lora_r was absent, is 8",
    ]
    folder.begin(other)
    assert folder.differences(other) == []


def test_what_a_kill_left_half_written_goes(tmp_path: Path) -> None:
    folder = begun(tmp_path / "out", 3)
    saved(folder, 6)
    folder.begin(RUN)
    assert list(folder.unfinished.iterdir()) == []
    assert kept(folder) == [3]
    saved(folder, 3)
    folder.keep(3, {"again": True})  # a checkpoint that is there already is replaced
    last = folder.last_checkpoint()
    assert last is not None and last.state == {"again": True}


def test_the_final_files_come_into_the_folder_whole(tmp_path: Path) -> None:
    folder = begun(tmp_path / "out")
    final = folder.unfinished / "final"
    (final / "merged").mkdir(parents=True)
    (final / "merged" / "model.safetensors").write_text("merged")
    for name in ("model.safetensors", "training_args.bin"):
        (final / name).write_text(name)
    (tmp_path / "out" / "merged").mkdir()
    (tmp_path / "out" / "merged" / "old").touch()  # of a run that was killed here
    folder.take_final()
    folder.finish({"steps": 1})
    assert digests(tmp_path / "out").keys() == {
        "merged/model.safetensors",
        "model.safetensors",
        "run.json",
        "training.json",
    }
    assert folder.result() == {"steps": 1}
