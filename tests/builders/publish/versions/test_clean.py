"""`siku clean`: what nothing needs goes, what a build or a finished dataset has stays, nobody is surprised."""

from __future__ import annotations

import fcntl
import json
import mmap
import os
import pty
import signal
import subprocess
import time
from pathlib import Path

import pytest

from builders.engine.store import WorkStore
from tests.corpora import write_books
from tests.running import Siku, command, digests

BUILD = ("build", "novel-pretrain", "--input", "books", "--workers", "1", "-q")


@pytest.fixture
def books(tmp_path: Path) -> Path:
    write_books(tmp_path / "books", 3)
    return tmp_path / "books"


def work(out: Path) -> set[str]:
    return {path.name for path in (out / ".siku/work").glob("*/*")}


def tokens(store: WorkStore, key: str = "ab" * 32, age_s: float = 3600) -> Path:
    """A token cache that was of use some time ago."""

    def fill(folder: Path) -> dict[str, int]:
        (folder / "ids.bin").write_bytes(b"12345678" * 1000)
        return {}

    folder = store.make(key, fill)[0]
    os.utime(folder, (time.time() - age_s,) * 2)
    return folder


def test_finished_datasets_need_no_work(tmp_path: Path, books: Path, siku: Siku) -> None:
    siku(*BUILD)
    whole = digests(tmp_path / "out/novel-pretrain")
    freed = siku("clean", "--yes", "--json").json
    assert freed["freed"]["stages"]["pieces"] == 3 and freed["freed"]["decisions"]["pieces"] == 1
    assert freed["bytes"] == sum(kind["bytes"] for kind in freed["freed"].values()) > 0
    assert [kept["why"] for kept in freed["kept"]] == ["a finished dataset has the same files"]
    assert digests(tmp_path / "out/novel-pretrain") == whole
    assert siku("verify", "novel-pretrain", "--json").json["ok"]
    assert siku("clean", "--yes", "--json").json["bytes"] == 0
    siku(*BUILD, "--fresh", "--out", "again")
    assert digests(tmp_path / "again/novel-pretrain") == whole
    books.joinpath("书000.txt").unlink()
    assert siku(*BUILD, "--as", "2", "--json").json["rows"]["train"] == 12, "after it builds go on as ever"


def test_a_removed_version_frees_its_parts(tmp_path: Path, books: Path, siku: Siku) -> None:
    siku(*BUILD)
    for path in sorted((tmp_path / "out/novel-pretrain").rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    freed = siku("clean", "--yes", "--json").json
    assert freed["freed"]["parts"]["bytes"] > 1000 and freed["kept"] == []
    assert work(tmp_path / "out") == set()


def test_an_unfinished_build_goes_on_from_its_work(tmp_path: Path, books: Path, siku: Siku) -> None:
    siku("build", "novel-pretrain", "-q", "--as", "old")  # of the shipped examples
    old = work(tmp_path / "out")
    time.sleep(0.05)
    siku(*BUILD, "--as", "2")
    mine = work(tmp_path / "out") - old
    (tmp_path / "out/novel-pretrain/2/manifest.json").unlink()  # as if it had been killed before the last file
    (tmp_path / "out/.siku/inputs/novel-pretrain@2.json").write_text('{"inputs": [], "recipe": ""}')
    began_s = (tmp_path / "out/.siku/inputs/novel-pretrain@old.json").stat().st_mtime
    os.utime(tmp_path / "out/.siku/inputs/novel-pretrain@2.json", (began_s + 0.02,) * 2)
    kept = siku("clean", "--yes", "--json").json["kept"]
    assert "needed to go on with novel-pretrain@2" in {one["why"] for one in kept}
    assert mine <= work(tmp_path / "out")
    stages = {path.name for path in tmp_path.glob("out/.siku/work/*/*") if (path / "names.bin").exists()}
    assert not stages & old, "what only the finished one was made from is gone"


def test_what_unfinished_builds_have_goes_on_demand(tmp_path: Path, books: Path, siku: Siku) -> None:
    siku(*BUILD)
    (tmp_path / "out/novel-pretrain/1/manifest.json").unlink()
    (tmp_path / "out/.siku/inputs/novel-pretrain@1.json").write_text('{"inputs": [], "recipe": ""}')
    os.utime(tmp_path / "out/.siku/inputs/novel-pretrain@1.json", (0, 0))
    assert siku("clean", "--yes", "--json").json["freed"] == {}
    assert siku("clean", "--yes", "--unfinished", "--json").json["freed"]["stages"]["pieces"] == 3
    assert siku(*BUILD, "--json").json["rows"]["train"] == 18


@pytest.mark.parametrize(("answer", "said"), [("n", "nothing was removed"), ("y", "freed")])
def test_on_a_terminal_it_asks(tmp_path: Path, books: Path, siku: Siku, answer: str, said: str) -> None:
    siku(*BUILD)
    leader, follower = pty.openpty()
    process = subprocess.Popen(
        command("clean"), cwd=tmp_path, stdin=follower, stdout=subprocess.PIPE, stderr=follower, text=True
    )
    os.write(leader, f"{answer}\n".encode())
    printed, _ = process.communicate(timeout=60)
    os.close(follower)
    asked = os.read(leader, 4096).decode()
    os.close(leader)
    assert process.returncode == 0 and said in printed and "remove it? [y/N]" in asked
    assert (len(work(tmp_path / "out")) > 1) == (answer == "n")


@pytest.mark.parametrize("words", [("--dry-run",), ("--dry-run", "--json")])
def test_a_dry_run_removes_nothing(tmp_path: Path, books: Path, siku: Siku, words: tuple[str, ...]) -> None:
    siku(*BUILD)
    before = work(tmp_path / "out")
    told = siku("clean", *words).out
    assert "would free" in told or json.loads(told)["bytes"] > 0
    assert work(tmp_path / "out") == before


def test_nobody_to_ask(tmp_path: Path, books: Path, siku: Siku) -> None:
    siku(*BUILD)
    before = work(tmp_path / "out")
    for words in ((), ("--json",)):
        assert "nobody can be asked here" in siku("clean", *words, code=2).err
    assert work(tmp_path / "out") == before
    assert "to free" in siku("clean", "-q", "--dry-run").out, "to tell is all it does"
    assert siku("clean", "--yes").out.count("freed") == 1
    siku(*BUILD, "--fresh", "--out", "more")
    assert siku("clean", "-q", "--yes", "--out", "more").out == ""
    assert "nothing to free" in siku("clean", "--out", "more").out
    assert "nothing to free" in siku("clean").out, "then there is nothing to ask"
    assert "there are no work files" in siku("clean", "--out", "nowhere").out


def test_token_caches_go_unless_they_are_read(tmp_path: Path, siku: Siku) -> None:
    store = WorkStore(tmp_path / "out/.siku")
    mapped, locked, recent, free = (tokens(store, letter * 64) for letter in "abcd")
    os.utime(recent)
    (store.root / "locks").mkdir(exist_ok=True)
    with (mapped / "ids.bin").open("r+b") as file, (store.root / f"locks/tokens-{'b' * 16}.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with mmap.mmap(file.fileno(), 0):
            freed = siku("clean", "--yes", "--json").json
    assert freed["freed"] == {"tokens": {"pieces": 1, "bytes": free_bytes(locked)}}
    assert mapped.exists() and locked.exists() and recent.exists() and not free.exists()
    assert siku("clean", "--yes", "--json").json["freed"]["tokens"]["pieces"] == 2


def free_bytes(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.iterdir())


def test_journals_only_on_demand(tmp_path: Path, siku: Siku) -> None:
    siku("synth-qa", "--endpoint", "demo", "--limit", "2", "-q")
    journal = tmp_path / "out/.siku/journals/synth-qa.journal"
    kept = siku("clean", "--yes", "--json").json["kept"]
    assert journal.exists() and "its replies were paid for; --journals removes it" in {one["why"] for one in kept}
    with journal.with_suffix(".lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        siku("clean", "--yes", "--journals")
    assert journal.exists(), "a model is being asked"
    assert siku("clean", "--yes", "--journals", "--json").json["freed"]["journals"]["pieces"] == 1
    assert not journal.exists()


def test_what_killed_runs_left(tmp_path: Path, siku: Siku) -> None:
    store = WorkStore(tmp_path / "out/.siku")
    dead = subprocess.Popen(["true"])
    dead.wait()
    for name in (f"{dead.pid}-aa", f"{os.getpid()}-bb"):
        (store.root / "tmp" / name).mkdir(parents=True)
        (store.root / "tmp" / name / "half").write_bytes(b"x" * 500)
    freed = siku("clean", "--yes", "--json").json
    assert freed["freed"] == {"left by killed runs": {"pieces": 1, "bytes": 500}}
    assert [path.name for path in (store.root / "tmp").iterdir()] == [f"{os.getpid()}-bb"]


def test_beside_a_running_build(tmp_path: Path, siku: Siku) -> None:
    """Cleaned again and again while it runs, killed and begun again, a build ends with the same bytes."""
    write_books(tmp_path / "books", 24, chapters=24, chars=1500)
    words = ("build", "novel-pretrain", "--input", "books", "--workers", "2", "-q", "--set", "output.part_mb=1")
    siku(*words, "--out", "undisturbed")
    cleaned = 0
    for kill_after in (2, None):
        process = subprocess.Popen(command(*words), cwd=tmp_path)
        while process.poll() is None and cleaned != kill_after:
            siku("clean", "--yes", "--json")
            cleaned += 1
        if process.poll() is None:
            process.send_signal(signal.SIGKILL)
        code = process.wait()
    assert cleaned > 2 and code == 0
    assert digests(tmp_path / "out/novel-pretrain") == digests(tmp_path / "undisturbed/novel-pretrain")


def test_while_a_version_is_built_its_work_stays(tmp_path: Path, books: Path, siku: Siku) -> None:
    siku(*BUILD)
    before = work(tmp_path / "out")
    folder = tokens(WorkStore(tmp_path / "out/.siku"))
    with WorkStore(tmp_path / "out/.siku").lock("novel-pretrain@2"):
        freed = siku("clean", "--yes", "--json").json
    assert work(tmp_path / "out") == before and not folder.exists()
    assert {one["why"] for one in freed["kept"]} == {"a build is running"}


def test_a_pull_that_did_not_end_goes_but_not_while_something_runs(tmp_path: Path, siku: Siku) -> None:
    store = WorkStore(tmp_path / "out/.siku")
    begun = store.root / "pull" / "0123456789abcdef"
    begun.mkdir(parents=True)
    (begun / "part-00000.parquet").write_bytes(b"12345678" * 1000)
    with store.lock("novel-pretrain@1"):
        assert siku("clean", "--yes", "--json").json["freed"] == {}
    assert begun.exists()
    assert siku("clean", "--yes", "--json").json["freed"] == {"unfinished pulls": {"pieces": 1, "bytes": 8000}}
    assert not begun.exists()
