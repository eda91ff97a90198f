"""A pull: whole, proved and in its place, or not there at all; it goes on with a half, and trusts no name it is given."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from builders.publish.hub.pull import check_manifest
from tests.builders.publish.hub.conftest import contents, files_of
from tests.running import Siku
from tests.servers.hub import Fault, Hub
from tests.servers.repositories import Blob, Repository
from validators.errors import SikuError

Begin = Callable[..., subprocess.Popen[str]]
DATA = r"^GET .*/resolve/.*\.parquet$"


@pytest.fixture
def pushed(run: Siku) -> Siku:
    run("push", "text-pretrain@1", "me/zh", "--yes")
    return run


def test_what_is_pulled_is_what_was_pushed_and_is_proved(pushed: Siku, hub: Hub, here: Path) -> None:
    told = pushed("pull", "me/zh", "--out", "back", "--json").json
    local = files_of(here / "out/text-pretrain/1")
    placed = {path: data for path, data in files_of(here / "back").items() if not path.startswith(".siku/locks/")}
    assert placed == {f"text-pretrain/1/{path}": data for path, data in local.items()}
    manifest = json.loads(local["manifest.json"])
    assert told.pop("seconds") > 0 and told == {
        "repo_id": "me/zh",
        "revision": "main",
        "commit": hub.repositories["me/zh"].head,
        "name": "text-pretrain",
        "version": "1",
        "path": "back/text-pretrain/1",
        "rows": manifest["rows"],
        "bytes": sum(file["bytes"] for file in manifest["files"].values()),
    }
    assert pushed("verify", "text-pretrain@1", "--out", "back", "--json").json["ok"]
    before = hub.counted(DATA)
    pushed("pull", "me/zh", "--out", "back", "--revision", "1")
    assert hub.counted(DATA) == before, "what is there is not fetched again"


def test_a_revision_of_the_hub_is_proved_without_keeping_it(pushed: Siku, hub: Hub, here: Path) -> None:
    before = files_of(here)
    found = pushed("verify", "hub:me/zh@1", "--json").json
    assert found["ok"] and [one["check"] for one in found["checks"]][:2] == ["files", "ledger"]
    assert files_of(here).keys() == before.keys()


def test_what_is_here_already_is_not_overwritten(pushed: Siku, here: Path) -> None:
    pushed("push", "text-pretrain@2", "me/zh", "--yes")
    pushed("pull", "me/zh", "--revision", "1", "--out", "back")
    (here / "back/text-pretrain/1").rename(here / "back/text-pretrain/2")
    assert "is here with other content" in pushed("pull", "me/zh", "--out", "back", code=3).err
    (here / "back/text-pretrain/2/manifest.json").unlink()
    before = files_of(here / "back/text-pretrain")
    assert "unfinished" in pushed("pull", "me/zh", "--out", "back", code=2).err
    assert files_of(here / "back/text-pretrain") == before
    (here / "out/text-pretrain/2/README.md").write_text("another")
    assert "the dataset here is damaged" in pushed("pull", "me/zh", code=3).err


def test_several_datasets_all_or_one(run: Siku, here: Path) -> None:
    run("push", "text-pretrain@1", "dialogue-sft", "me/both", "--yes")
    told = run("pull", "me/both", "--out", "one", "--only", "dialogue-sft", "--json").json
    assert told["name"] == "dialogue-sft" and [path.name for path in (here / "one").glob("[!.]*")] == ["dialogue-sft"]
    told = run("pull", "me/both", "--out", "all", "--json").json
    assert [(one["name"], one["version"]) for one in told] == [("dialogue-sft", "1"), ("text-pretrain", "1")]
    for name in ("dialogue-sft", "text-pretrain"):
        assert files_of(here / "all" / name / "1") == files_of(here / "out" / name / "1")
    checks = [one["check"] for one in run("verify", "hub:me/both", "--json").json["checks"]]
    assert "dialogue-sft: files" in checks and "text-pretrain: splits" in checks
    assert "did you mean dialogue-sft?" in run("pull", "me/both", "--only", "dialog-sft", code=2).err


def test_what_is_not_there(pushed: Siku, hub: Hub) -> None:
    assert "did you mean main?" in pushed("pull", "me/zh", "--revision", "mian", code=2).err
    assert "shows no dataset repository me/nothing" in pushed("pull", "me/nothing", code=4).err
    assert "the token may not see it" in pushed("pull", "me/zh", code=4, HF_TOKEN="").err
    hub.repositories["me/else"] = Repository(private=False)
    hub.repositories["me/else"].commit({"data.csv": Blob(b"a,b\n", large=False)})
    assert "holds no dataset of siku" in pushed("pull", "me/else", code=2).err
    hub.faults = [Fault(DATA, 403)]
    assert "does not allow it" in pushed("pull", "me/zh", "--out", "back", code=4).err


# ---------------------------------------------------------------- breaks, and lies


def test_breaks_within_and_before_a_file_are_mended(pushed: Siku, hub: Hub, here: Path) -> None:
    hub.faults = [Fault(DATA, times=1, half=True), Fault(DATA, 503, times=1)]
    assert "HTTP 503; try 2 of 5" in pushed("pull", "me/zh", "--out", "back").err
    assert files_of(here / "back/text-pretrain/1") == files_of(here / "out/text-pretrain/1")


def test_half_of_a_large_file_is_not_fetched_again(python: Callable[[str], str], hub: Hub, here: Path) -> None:
    data = os.urandom(24_000_000)  # the library writes down ten megabytes at a time
    hub.repositories["me/big"] = Repository(private=True)
    commit = hub.repositories["me/big"].commit({"train/x.parquet": Blob(data, large=True)})
    hub.faults = [Fault(DATA, times=1, half=True)]
    program = (
        "from pathlib import Path; from builders.publish.hub.remote import Remote\n"
        "remote = Remote('me/big', lambda count: None)\n"
        f"remote.download('train/x.parquet', '{commit}', Path('big')); print(remote.traffic.received)"
    )
    assert int(python(program)) < 24_000_000 + 2_100_000, "half, and then from ten megabytes on"
    assert (here / "big/train/x.parquet").read_bytes() == data
    assert [seen.is_range for seen in hub.seen if re.search(DATA, seen.what)] == [False, True]


@pytest.mark.slow
def test_what_breaks_or_is_killed_is_not_there_and_goes_on(pushed: Siku, begin: Begin, hub: Hub, here: Path) -> None:
    hub.faults = [Fault(DATA, skip=1)]
    done = pushed("pull", "me/zh", "--out", "back", "--tries", "2", code=4)
    assert "the Hub does not answer: fetching" in done.err and not (here / "back/text-pretrain").exists()
    assert "no dataset" in pushed("verify", "text-pretrain", "--out", "back", code=2).err
    for number, code in ((signal.SIGKILL, -9), (signal.SIGINT, 130)):
        fault = Fault(DATA, holds=True)
        hub.faults = [fault]
        process = begin("pull", "me/zh", "--out", "back")
        assert fault.reached.wait(20)
        time.sleep(0.2)
        process.send_signal(number)
        process.communicate(timeout=30)
        assert process.returncode == code and not (here / "back/text-pretrain").exists()
    hub.faults, before = [], hub.counted(DATA)
    pushed("pull", "me/zh", "--out", "back")
    local = files_of(here / "out/text-pretrain/1")
    assert files_of(here / "back/text-pretrain/1") == local
    assert hub.counted(DATA) - before == sum(path.endswith(".parquet") for path in local) - 1, "one was there"
    assert list((here / "back/.siku/pull").iterdir()) == []


def test_a_file_that_is_another_is_thrown_away(pushed: Siku, hub: Hub, here: Path) -> None:
    repository = hub.repositories["me/zh"]
    tree = repository.trees[repository.head]
    path = "train/part-00000.parquet"
    false = bytearray(tree[path].data)
    false[len(false) // 2] ^= 1
    repository.commit(tree | {path: Blob(bytes(false), large=True)})
    done = pushed("pull", "me/zh", "--out", "back", code=3)
    assert "what came is not what the manifest says" in done.err and path in done.err
    assert not (here / "back/text-pretrain").exists()
    repository.commit({name: blob for name, blob in tree.items() if name != path})
    assert f"{path} is missing or has another size" in pushed("pull", "me/zh", "--out", "back", code=3).err
    pushed("pull", "me/zh", "--out", "back", "--revision", "1")


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": "../x"},
        {"name": ".."},
        {"version": "/tmp"},
        {"version": 3},
        {"name": ".siku"},
        {"files": {"../../x": {}}},
        {"files": {"/etc/x": {}}},
        {"files": {"train/../../x": {}}},
        {"files": {".ssh/x": {}}},
        {"files": {"a\\..\\x": {}}},
        {"files": ["x"]},
    ],
)
def test_a_manifest_does_not_lead_out_of_the_folder(wrong: dict[str, Any]) -> None:
    good = {"name": "小说 x", "version": "1.0+a", "files": {"train/part-0.parquet": {}, "README.md": {}}}
    check_manifest(good, "")
    with pytest.raises(SikuError) as refused:
        check_manifest(good | wrong, "")
    assert refused.value.exit_code == 3


def test_nothing_is_written_for_such_a_manifest(pushed: Siku, hub: Hub, here: Path) -> None:
    repository = hub.repositories["me/zh"]
    manifest = json.loads(contents(hub, "me/zh")["manifest.json"]) | {"name": "../../spoilt"}
    repository.commit(
        repository.trees[repository.head] | {"manifest.json": Blob(json.dumps(manifest).encode(), large=False)}
    )
    pushed("pull", "me/zh", "--out", "a/b", code=3)
    assert not list(here.rglob("spoilt"))
