"""`siku list`: what is told of versions, of unfinished ones, of models; readable on any terminal and in a pipe."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import re
import struct
import subprocess
import termios
from pathlib import Path
from typing import Any

import pytest

from builders.engine.build import build
from builders.engine.finish import Request, remember_inputs
from builders.engine.recipe import Recipe
from builders.engine.store import WorkStore
from builders.publish.versions.listing import unfinished_versions
from builders.publish.versions.sampling import SampleOrder
from builders.sources.text_files import TextFiles
from tests.corpora import passage
from tests.running import Siku, command

RECIPE = Recipe(name="texts", version="1", summary="", source=TextFiles(), steps=())


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """`texts@1` of eight rows, a sample of three, `texts@2` that was stopped, and a model of the sample."""
    source = tmp_path / "rows.jsonl"
    source.write_text("".join(json.dumps({"id": str(n), "text": passage(str(n), 50)}) + "\n" for n in range(8)))
    whole = build(Request(recipe=RECIPE, inputs=[source], out=tmp_path / "out", workers=1))
    sample = build(SampleOrder(dataset=whole.folder, rows=3, out=tmp_path / "out").request())
    remember_inputs(Request(recipe=RECIPE, inputs=[source], out=tmp_path / "out", version="2"))
    trained(tmp_path / "runs" / "sft-1", sample.manifest)
    return tmp_path / "out"


def trained(folder: Path, manifest: dict[str, Any]) -> None:
    data = {key: manifest[key] for key in ("name", "version", "fingerprint")}
    folder.mkdir(parents=True)
    (folder / "training.json").write_text(json.dumps({"task": "pretrain", "model": "tiny", "data": data}))


def on_terminal(folder: Path, columns: int, *words: str) -> str:
    """What a command prints on a terminal of so many columns."""
    leader, follower = pty.openpty()
    fcntl.ioctl(follower, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
    environment = {name: value for name, value in os.environ.items() if name != "COLUMNS"} | {"TERM": "xterm"}
    process = subprocess.Popen(command(*words), stdout=follower, stderr=follower, cwd=folder, env=environment)
    os.close(follower)
    printed = b""
    while True:
        try:
            piece = os.read(leader, 65536)
        except OSError:  # the other end is closed
            break
        if not piece:
            break
        printed += piece
    os.close(leader)
    assert process.wait() == 0, printed.decode()
    return re.sub(r"\x1b\[[\d;?]*[A-Za-z]", "", printed.decode()).replace("\r\n", "\n")


def versions_in(printed: str) -> str:
    """What comes after the recipes, with sizes and dates that are always the same, without blanks at the ends."""
    told = printed[printed.index("dataset") :]
    told = re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d", "2026-01-01 12:00", told)
    told = re.sub(r"\d\d\.\d kB", "00.0 kB", told)
    lines = (line.strip() for line in told.splitlines())
    return "\n".join(line for line in lines if line and set(line) != {"─"})


WIDE = """\
dataset            train   valid   size      built              made from
texts@1                8       0   00.0 kB   2026-01-01 12:00
texts-sample@1-3       3       0   00.0 kB   2026-01-01 12:00   texts@1
model        task       trained on         finished
runs/sft-1   pretrain   texts-sample@1-3   2026-01-01 12:00
unfinished   begun              now
texts@2      2026-01-01 12:00   stopped; the command that began it goes on"""

NARROW = """\
dataset: texts@1
train: 8
valid: 0
size: 00.0 kB
built: 2026-01-01 12:00
made from:
dataset: texts-sample@1-3
train: 3
valid: 0
size: 00.0 kB
built: 2026-01-01 12:00
made from: texts@1"""


def test_in_a_pipe_and_on_eighty_columns(siku: Siku, out: Path) -> None:
    assert versions_in(siku("list").out) == WIDE
    assert versions_in(on_terminal(out.parent, 80, "list")) == WIDE


def test_on_forty_columns(out: Path) -> None:
    printed = on_terminal(out.parent, 40, "list")
    assert versions_in(printed).startswith(NARROW)
    table = [line for line in printed[printed.index("dataset") :].splitlines() if "─" in line]
    assert all(len(line) <= 40 for line in table)


def test_json_has_all_of_it(siku: Siku, out: Path) -> None:
    listed = siku("list", "--json").json
    assert [one["name"] for one in listed["recipes"]][:2] == ["baike-knowledge", "chat-stage1"]
    whole, sample = listed["versions"]
    manifest = json.loads((out / "texts/1/manifest.json").read_text())
    assert (whole["train"], whole["fingerprint"], whole["models"]) == (8, manifest["fingerprint"], [])
    assert whole["bytes"] == sum(file["bytes"] for file in manifest["files"].values())
    assert [(one["name"], one["fingerprint"]) for one in sample["parents"]] == [("texts", manifest["fingerprint"])]
    assert sample["models"] == [str(out.parent / "runs/sft-1")]
    assert [(one["name"], one["version"], one["running"]) for one in listed["unfinished"]] == [("texts", "2", False)]
    assert listed["models"][0]["data"]["version"] == "1-3"


def test_an_empty_folder(siku: Siku) -> None:
    assert "nothing built in out yet" in siku("list").out
    assert siku("list", "--json").json["versions"] == []


def test_a_version_that_is_being_built(out: Path) -> None:
    with WorkStore(out / ".siku").lock("texts@2"):
        one = unfinished_versions(out)[0]
    assert one["running"] and one["now"] == f"being built by process {os.getpid()}"


def test_a_folder_without_a_manifest_and_a_removed_version(out: Path) -> None:
    (out / "texts/3/train").mkdir(parents=True)
    for file in (out / "texts-sample/1-3").iterdir():
        if file.name == "manifest.json":
            file.unlink()
    found = [f"{one['name']}@{one['version']}" for one in unfinished_versions(out)]
    assert found == ["texts-sample@1-3", "texts@2", "texts@3"], "the sample lost its manifest; @3 was never begun here"


def test_a_finished_version_that_was_removed_is_not_unfinished(out: Path) -> None:
    for path in sorted((out / "texts/1").rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    (out / "texts/1").rmdir()
    assert [one["version"] for one in unfinished_versions(out)] == ["2"]


def test_a_manifest_that_cannot_be_read(siku: Siku, out: Path) -> None:
    (out / "texts/1/manifest.json").write_text("{")
    listed = siku("list", "--json").json
    assert [one["name"] for one in listed["versions"]] == ["texts-sample"]
    assert listed["unfinished"][0]["now"] == "its manifest cannot be read"
    assert "texts-sample@1-3" in siku("inspect", "texts-sample").out
    error = siku("verify", "texts@1", code=2).err
    assert "the manifest cannot be read" in error and "build or pull it again" in error


def test_runs_that_are_none(siku: Siku, out: Path) -> None:
    for name, content in (("broken", "{"), ("other", '{"loss": 1}'), ("list", "[]")):
        (out.parent / "runs" / name).mkdir()
        (out.parent / "runs" / name / "training.json").write_text(content)
    assert len(siku("list", "--json").json["models"]) == 1


def test_inspect_shows_the_family(siku: Siku, out: Path) -> None:
    told = siku("inspect", "texts@1", "--rows", "0").out
    assert "texts@1\n└─ into texts-sample@1-3\n   └─ into the model runs/sft-1 (pretrain)\n" in told
    mark = json.loads((out / "texts/1/manifest.json").read_text())["fingerprint"]
    told = siku("inspect", "texts-sample", "--rows", "0").out
    assert f"texts-sample@1-3\n├─ from texts@1, {mark[:12]}\n└─ into the model runs/sft-1 (pretrain)\n" in told
    lineage = siku("inspect", "texts@1", "--json").json["lineage"]
    assert lineage["parents"] == [] and lineage["datasets"][0]["models"][0]["task"] == "pretrain"
