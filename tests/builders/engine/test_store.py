"""The work store: whole or not there, made once, locked."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from builders.engine.store import SEAL, WorkStore
from validators.errors import SikuError


def fill(folder: Path) -> dict[str, Any]:
    (folder / "rows").write_text("行")
    return {"rows": 1}


def refuse(folder: Path) -> dict[str, Any]:
    raise AssertionError("finished work was made again")


def test_work_is_done_once(tmp_path: Path) -> None:
    store = WorkStore(tmp_path)
    folder, result = store.make("ab12", fill)
    assert (result, (folder / "rows").read_text()) == ({"rows": 1}, "行")
    assert store.make("ab12", refuse) == (folder, result)
    assert list((tmp_path / "tmp").iterdir()) == []


def test_unfinished_work_is_not_there(tmp_path: Path) -> None:
    def fail(folder: Path) -> dict[str, Any]:
        fill(folder)
        raise OSError("disk full")

    store = WorkStore(tmp_path)
    with pytest.raises(OSError, match="disk full"):
        store.make("ab12", fail)
    assert store.get("ab12") is None
    assert store.make("ab12", fill)[1] == {"rows": 1}


@pytest.mark.parametrize("damage", ["shorten", "remove", "no seal", "half a seal"])
def test_damaged_work_is_made_again(tmp_path: Path, damage: str) -> None:
    store = WorkStore(tmp_path)
    folder, _ = store.make("ab12", fill)
    match damage:
        case "shorten":
            (folder / "rows").write_text("")
        case "remove":
            (folder / "rows").unlink()
        case "no seal":
            (folder / SEAL).unlink()
        case "half a seal":
            (folder / SEAL).write_bytes((folder / SEAL).read_bytes()[:9])
    assert store.get("ab12") is None
    assert store.make("ab12", fill)[1] == {"rows": 1}
    assert (folder / "rows").read_text() == "行"


def test_what_a_killed_process_left_is_swept(tmp_path: Path) -> None:
    store = WorkStore(tmp_path)
    (tmp_path / "tmp" / "99999999-ab12").mkdir(parents=True)
    mine = tmp_path / "tmp" / f"{os.getpid()}-cd34"
    mine.mkdir()
    store.sweep()
    assert list((tmp_path / "tmp").iterdir()) == [mine]


def test_one_writer_at_a_time(tmp_path: Path) -> None:
    store = WorkStore(tmp_path)
    with store.lock("novel@1"):
        with store.lock("novel@2"):
            pass
        with pytest.raises(SikuError, match=f"is being built by process {os.getpid()}"), store.lock("novel@1"):
            pass
    with store.lock("novel@1"):
        pass


def test_who_builds_is_told_while_it_builds(tmp_path: Path) -> None:
    store = WorkStore(tmp_path)
    assert store.owner("a@1") == ""
    with store.lock("a@1"):
        assert store.owner("a@1") == f"process {os.getpid()}"
        with pytest.raises(SikuError, match=f"being built by process {os.getpid()}"), WorkStore(tmp_path).lock("a@1"):
            pass
        with store.alone() as alone:
            assert not alone
    assert store.owner("a@1") == ""
    with store.alone() as alone:
        assert alone


def test_finished_work_knows_when_it_was_last_of_use(tmp_path: Path) -> None:
    store = WorkStore(tmp_path)
    folder, _ = store.make("ab12", fill)
    os.utime(folder, (0, 0))
    store.get("ab12")
    assert folder.stat().st_mtime > 1e9
