"""What the Hub and the network may do to a push: it waits a bounded time, says one clear thing, and goes on later."""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.builders.publish.hub.conftest import contents, files_of
from tests.running import Ran, Siku
from tests.servers.hub import READER, TOKEN, Fault, Hub
from tests.servers.repositories import Blob

Begin = Callable[..., subprocess.Popen[str]]
PUSH = ("push", "text-pretrain@1", "me/zh", "--yes")
PUT = r"^PUT /storage/"
COMMIT = r"^POST .*/commit/main"
TAG = r"^POST .*/tag/"


def assert_whole(hub: Hub, here: Path, commits: int = 2) -> None:
    """The dataset at main and at its tag, in as many commits as there should be."""
    local = files_of(here / "out/text-pretrain/1")
    assert contents(hub, "me/zh", "1") == contents(hub, "me/zh") == local
    assert len(hub.repositories["me/zh"].trees) == commits


def assert_clear(done: Ran, *said: str) -> None:
    """Four short lines, whatever notes come before them."""
    lines = [line for line in done.err.splitlines() if not line.startswith(("note:", "to ", "send ", "tag ", "seen "))]
    assert [line.partition(":")[0] for line in lines] == ["error", "where", "why", "next"], done.err
    assert all(len(line) < 400 for line in lines)
    for one in said:
        assert one in done.err


@pytest.mark.slow
def test_one_500_of_each_is_nothing(run: Siku, hub: Hub, here: Path) -> None:
    steps = [r"/create$", PUT, COMMIT, TAG, r"/refs$", r"/preupload/", r"/objects/batch$", r"/tree/"]
    hub.faults = [Fault(when, 500, times=1) for when in steps]
    told = run(*PUSH).err
    assert told.count("HTTP 500; try 2 of 5") + told.count("HTTP 500; try 3 of 5") == len(steps)
    assert_whole(hub, here)


@pytest.mark.parametrize(
    ("when", "status"), [(COMMIT, 500), (PUT, 503), (PUT, 0), (r"/create$", 502), (r"/datasets/me/zh$", 0)]
)
def test_a_fault_that_stays_ends_with_4_and_the_same_command_goes_on(
    run: Siku, hub: Hub, here: Path, when: str, status: int
) -> None:
    hub.faults = [Fault(when, status)]
    done = run(*PUSH, "--tries", "2", code=4)
    assert_clear(done, "the Hub does not answer", "2 tries", "the same command goes on")
    repository = hub.repositories.get("me/zh")
    assert repository is None or not repository.tags
    assert hub.counted(when) <= 4 + 2, "two tries of each of at most three files"
    there = len(hub.objects)
    hub.faults, before = [], hub.counted(PUT)
    run(*PUSH)
    assert_whole(hub, here)
    large = [path for path in files_of(here / "out/text-pretrain/1") if path.endswith(".parquet")]
    assert hub.counted(PUT) - before == len(large) - there


@pytest.mark.slow
@pytest.mark.parametrize("when", [COMMIT, PUT])
def test_who_says_nothing_is_asked_again_after_a_minute(run: Siku, hub: Hub, here: Path, when: str) -> None:
    hub.faults = [Fault(when, times=1, holds=True)]
    assert "no sign of life for 60 s; try 2 of 5" in run(*PUSH).err
    assert_whole(hub, here)


def test_silence_is_told_as_long_as_it_was(run: Siku, hub: Hub) -> None:
    run(*PUSH)
    hub.faults = [Fault(r"^GET .*/resolve/", times=1, holds=True)]
    told = run("pull", "me/zh", "--out", "back", HF_HUB_DOWNLOAD_TIMEOUT="2").err
    assert "no sign of life for 2 s; try 2 of 5" in told


def test_what_is_no_answer_of_a_hub(run: Siku, hub: Hub) -> None:
    hub.faults = [Fault(r"/datasets/me/zh$", status=200)]
    assert_clear(run(*PUSH, code=4), "what came is no answer of a Hub: looking at it", "HF_ENDPOINT")


@pytest.mark.parametrize("when", [COMMIT, TAG, PUT, r"/create$"])
def test_an_answer_that_is_lost_is_no_second_commit(run: Siku, hub: Hub, here: Path, when: str) -> None:
    hub.faults = [Fault(when, times=1, is_done=True)]
    told = run(*PUSH, "--json").json
    assert_whole(hub, here)
    assert told["files_sent"] == len(files_of(here / "out/text-pretrain/1"))


def test_a_tag_that_fails_is_put_by_the_same_command(run: Siku, hub: Hub, here: Path) -> None:
    hub.faults = [Fault(TAG, 500)]
    assert_clear(run(*PUSH, "--tries", "1", code=4), "putting the tag 1")
    assert hub.repositories["me/zh"].tags == {} and len(hub.repositories["me/zh"].trees) == 2
    hub.faults, before = [], hub.counted(PUT)
    told = run(*PUSH, "--json").json
    assert_whole(hub, here)
    assert (told["files_sent"], told["bytes_sent"], hub.counted(PUT)) == (0, 0, before)


@pytest.mark.parametrize(("storage", "said"), [("", "has no Xet"), ("http://127.0.0.1:9", "is out of reach")])
def test_without_xet_files_go_by_lfs_and_that_is_said(run: Siku, hub: Hub, here: Path, storage: str, said: str) -> None:
    pytest.importorskip("hf_xet")
    hub.xet_storage = storage
    told = run(*PUSH).err
    assert said in told and told.count("files go by LFS") == 1
    assert_whole(hub, here)
    assert "Xet" not in run("push", "text-pretrain@2", "me/zh", "--yes", HF_HUB_DISABLE_XET="1").err


# ---------------------------------------------------------------- who may, and how fast


@pytest.mark.parametrize(
    ("token", "said"),
    [
        ("hf_NobodyKnowsThisOne", "the Hub does not accept the token"),
        (READER, "the Hub does not allow it"),
        ("", "nobody has logged in here"),
    ],
)
def test_a_token_that_may_not_ends_it_at_once(run: Siku, hub: Hub, token: str, said: str) -> None:
    done = run(*PUSH, code=4, HF_TOKEN=token)
    assert_clear(done, said, "HF_TOKEN")
    assert token == "" or token not in done.err
    assert hub.counted("") <= 3 and "try 2" not in done.err


def test_too_many_requests_are_fewer_for_a_while(run: Siku, hub: Hub, here: Path) -> None:
    hub.faults = [Fault(COMMIT, 429, times=1, headers={"Retry-After": "3"})]
    done = run(*PUSH, "--json")
    assert "HTTP 429; try 2 of 5 in 3 s" in done.err and done.json["seconds"] >= 3
    assert_whole(hub, here)


def test_who_asks_for_an_hour_is_not_waited_for(run: Siku, hub: Hub) -> None:
    hub.faults = [Fault(PUT, 429, headers={"Retry-After": "3600"})]
    assert_clear(run(*PUSH, code=4), "HTTP 429, and it asks to be left alone for 3,600 s")
    assert hub.counted(PUT) <= 2


def test_what_the_hub_says_is_told_without_the_token(run: Siku, begin: Begin, hub: Hub) -> None:
    words = f"no, {TOKEN} of https://me:{TOKEN}@mirror.example/x?sign={TOKEN} is not good"
    hub.faults = [Fault(COMMIT, 400, message=words)]
    assert_clear(run(*PUSH, code=4), "HTTP 400: no, *** of https://***@mirror.example/x is not good")
    out, err = begin(*PUSH, "-v").communicate(timeout=60)
    assert "Traceback" in err and TOKEN not in out + err


def test_nobody_there(run: Siku, hub: Hub) -> None:
    done = run(*PUSH, "--tries", "1", code=4, HF_ENDPOINT="http://127.0.0.1:9")
    assert_clear(done, "the Hub does not answer", "no connection")
    assert_clear(run(*PUSH, code=4, HF_HUB_OFFLINE="1"), "HF_HUB_OFFLINE is set")
    assert hub.seen == []


# ---------------------------------------------------------------- others, and kills


def test_somebody_commits_in_between(run: Siku, hub: Hub, here: Path) -> None:
    def other() -> None:
        repository = hub.repositories["me/zh"]
        repository.commit(repository.trees[repository.head] | {f"note-{len(repository.trees)}": Blob(b"", large=False)})

    hub.faults = [Fault(COMMIT, times=1, first=other)]
    assert "has changed meanwhile" in run(*PUSH).err
    there = contents(hub, "me/zh", "1")
    assert {path: there[path] for path in there if not path.startswith("note")} == files_of(
        here / "out/text-pretrain/1"
    )
    assert len([path for path in there if path.startswith("note")]) == 1
    hub.faults = [Fault(COMMIT, first=other)]
    done = run("push", "text-pretrain@2", "me/zh", "--yes", code=4)
    assert_clear(
        Ran(done.code, done.out, done.err.replace("remove", "note:")), "others change the repository all the time"
    )
    assert list(hub.repositories["me/zh"].tags) == ["1"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("when", "skip", "number"),
    [
        (PUT, 0, signal.SIGINT),
        (PUT, 1, signal.SIGKILL),
        (COMMIT, 0, signal.SIGINT),
        (COMMIT, 0, signal.SIGKILL),
        (TAG, 0, signal.SIGKILL),
    ],
)
def test_killed_at_any_point_the_same_command_goes_on(
    run: Siku, begin: Begin, hub: Hub, here: Path, when: str, skip: int, number: signal.Signals
) -> None:
    fault = Fault(when, holds=True, skip=skip, times=1)
    hub.faults = [fault]
    process = begin(*PUSH)
    assert fault.reached.wait(20)
    time.sleep(0.2)
    process.send_signal(number)
    _, told = process.communicate(timeout=30)
    assert process.returncode == (-9 if number == signal.SIGKILL else 130), told
    assert hub.repositories["me/zh"].tags == {} and "Traceback" not in told
    hub.faults, kept, before = [], len(hub.objects), hub.counted(PUT)
    run(*PUSH)
    assert_whole(hub, here)
    assert hub.counted(PUT) - before == 2 - kept, "what was there is not sent again"
