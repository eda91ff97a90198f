"""A push: one commit of what is missing, then the tag; asked for, private, and refused where it would do harm."""

from __future__ import annotations

import contextlib
import os
import pty
import subprocess
from pathlib import Path

import pytest

from tests.builders.publish.hub.conftest import contents, files_of, surroundings
from tests.running import Siku, command
from tests.servers.hub import Hub
from tests.servers.repositories import Blob, Repository

WRITES = r"^(PUT|POST .*/(commit|tag|create)\b)"


def test_one_commit_with_every_file_then_the_tag(run: Siku, hub: Hub, here: Path) -> None:
    told = run("push", "text-pretrain@1", "me/zh", "--yes", "--json").json
    local = files_of(here / "out/text-pretrain/1")
    assert contents(hub, "me/zh") == local
    repository = hub.repositories["me/zh"]
    assert repository.private and repository.tags == {"1": repository.head} and len(repository.trees) == 2
    order = [seen.what for seen in hub.seen if "/commit/" in seen.what or "/tag/" in seen.what]
    assert [what.split("/")[-2] for what in order] == ["commit", "tag"]
    seconds = told.pop("seconds")
    assert seconds > 0 and told == {
        "repo_id": "me/zh",
        "commit": repository.head,
        "tag": "1",
        "files_sent": len(local),
        "bytes_sent": sum(map(len, local.values())),
        "files_unchanged": 0,
        "url": f"{hub.url}/datasets/me/zh",
        "private": True,
    }


def test_an_unchanged_push_sends_nothing_and_commits_nothing(run: Siku, hub: Hub) -> None:
    run("push", "text-pretrain@1", "me/zh", "--yes")
    before, first = len(hub.seen), hub.repositories["me/zh"].head
    told = run("push", "text-pretrain@1", "me/zh", "--yes", "--json").json
    assert (told["files_sent"], told["bytes_sent"], told["commit"]) == (0, 0, first)
    assert told["files_unchanged"] == len(contents(hub, "me/zh"))
    assert [seen.what for seen in hub.seen[before:] if not seen.what.startswith("GET ")] == []


def test_the_next_version_sends_what_differs_and_the_first_stays_at_its_tag(run: Siku, hub: Hub, here: Path) -> None:
    run("push", "text-pretrain@1", "me/zh", "--yes")
    (here / "out/text-pretrain/1").rename(here / "one")
    told = run("push", "text-pretrain@2", "me/zh", "--yes", "--json").json
    one, two = files_of(here / "one"), files_of(here / "out/text-pretrain/2")
    differing = [path for path, content in two.items() if one.get(path) != content]
    assert 0 < len(differing) < len(two), "the two versions share a file, or nothing is tested"
    assert told["files_sent"] == len(differing) and told["files_unchanged"] == len(two) - len(differing)
    assert contents(hub, "me/zh", "1") == one and contents(hub, "me/zh") == contents(hub, "me/zh", "2") == two
    again = run("push", "one", "me/zh", "--yes", "--json").json
    assert (again["files_sent"], again["commit"]) == (0, hub.repositories["me/zh"].tags["1"])
    assert contents(hub, "me/zh") == two


def test_a_tag_with_other_content_is_refused(run: Siku, hub: Hub) -> None:
    run("push", "text-pretrain@1", "me/zh", "--yes")
    done = run("push", "text-pretrain@2", "me/zh", "--yes", "--tag", "1", code=3)
    assert "the tag 1 of me/zh holds other content" in done.err and "--tag" in done.err
    assert len(hub.repositories["me/zh"].trees) == 2


def test_from_one_dataset_to_two_and_back(run: Siku, hub: Hub, here: Path) -> None:
    run("push", "text-pretrain@2", "me/zh", "--yes")
    told = run("push", "text-pretrain@2", "dialogue-sft", "me/zh", "--yes", "--json")
    assert told.json["tag"] == "dialogue-sft-1_text-pretrain-2" and "remove" in told.err
    there = contents(hub, "me/zh")
    assert there.pop("README.md").startswith(b"---\n")
    parts = {name: files_of(here / "out" / name) for name in ("text-pretrain", "dialogue-sft")}
    expected = {f"dialogue-sft/{path.removeprefix('1/')}": data for path, data in parts["dialogue-sft"].items()}
    second = {path: data for path, data in parts["text-pretrain"].items() if path.startswith("2/")}
    expected |= {f"text-pretrain/{path.removeprefix('2/')}": data for path, data in second.items()}
    assert there == expected
    run("push", "dialogue-sft", "me/zh", "--yes")
    assert contents(hub, "me/zh") == files_of(here / "out/dialogue-sft/1")
    assert set(hub.repositories["me/zh"].tags) == {"2", "1", "dialogue-sft-1_text-pretrain-2"}


def test_a_common_version_is_the_tag_of_several(run: Siku) -> None:
    assert run("push", "text-pretrain@1", "dialogue-sft@1", "me/zh", "--yes", "--json").json["tag"] == "1"


def test_two_versions_of_one_dataset_are_no_two_configurations(run: Siku, hub: Hub) -> None:
    assert "given twice" in run("push", "text-pretrain@1", "text-pretrain@2", "me/zh", "--yes", code=2).err
    assert hub.seen == []


@pytest.mark.parametrize("spoil", ["flip", "remove", "more"])
def test_a_dataset_that_is_not_its_manifests_is_not_sent(run: Siku, hub: Hub, here: Path, spoil: str) -> None:
    path = here / "out/text-pretrain/1/train/part-00000.parquet"
    if spoil == "flip":
        content = bytearray(path.read_bytes())
        content[len(content) // 2] ^= 1
        path.write_bytes(content)
    elif spoil == "remove":
        path.unlink()
    else:
        path.with_name("part-00001.parquet").write_bytes(path.read_bytes())
    assert (
        "is not what its manifest says; nothing was sent"
        in run("push", "text-pretrain@1", "me/zh", "--yes", code=3).err
    )
    assert hub.seen == []


# ---------------------------------------------------------------- asking


def test_nobody_to_ask_and_no_yes(run: Siku, hub: Hub) -> None:
    assert "--yes" in run("push", "text-pretrain@1", "me/zh", code=2).err
    assert hub.seen == []


def on_terminal(hub: Hub, here: Path, answer: str, *words: str) -> tuple[int, str]:
    """Run `siku WORDS` on a terminal and type the answer: exit code, and what the terminal shows."""
    mine, theirs = pty.openpty()
    shown = b""
    env = surroundings(hub, here, TERM="xterm", COLUMNS="100")
    with subprocess.Popen(command(*words), stdin=theirs, stdout=theirs, stderr=theirs, cwd=here, env=env) as process:
        os.close(theirs)
        os.write(mine, f"{answer}\n".encode())
        with contextlib.suppress(OSError):  # the terminal is gone when the program is
            while piece := os.read(mine, 4096):
                shown += piece
    os.close(mine)
    return process.returncode, shown.decode()


@pytest.mark.parametrize(("answer", "code"), [("y", 0), ("n", 2), ("", 2)])
def test_a_person_is_asked(hub: Hub, here: Path, answer: str, code: int) -> None:
    ended, shown = on_terminal(hub, here, answer, "push", "text-pretrain@1", "me/zh")
    assert ended == code, shown
    for line in (f"to     {hub.url}/datasets/me/zh, which is new", "tag    1", "seen   private", "push? [y/N]"):
        assert line in shown
    assert f"send   {len(files_of(here / 'out/text-pretrain/1'))} files" in shown
    assert (hub.counted(WRITES) > 0) == (code == 0)


def test_bars_on_a_terminal(run: Siku, hub: Hub, here: Path) -> None:
    run("push", "text-pretrain@1", "me/zh", "--yes")
    for words in (
        ("pull", "me/zh", "--out", "back"),
        ("verify", "hub:me/zh"),
        ("push", "text-pretrain@2", "me/zh", "--yes"),
    ):
        ended, shown = on_terminal(hub, here, "", *words)
        assert ended == 0 and "error" not in shown, shown


# ---------------------------------------------------------------- who may see it


def test_public_is_said_or_refused(run: Siku, hub: Hub) -> None:
    done = run("push", "text-pretrain@1", "me/open", "--public", "--yes", "--json")
    assert not done.json["private"] and not hub.repositories["me/open"].private and "PUBLIC" in done.err
    for words in ((), ("--private",)):
        before = len(hub.repositories["me/open"].trees)
        done = run("push", "text-pretrain@2", "me/open", "--yes", *words, code=2)
        assert "me/open is public\n" in done.err and "everybody would see what is pushed" in done.err
        assert len(hub.repositories["me/open"].trees) == before
    run("push", "text-pretrain@2", "me/open", "--yes", "--public")


def test_push_makes_nothing_public_that_was_private(run: Siku, hub: Hub) -> None:
    run("push", "text-pretrain@1", "me/zh", "--yes")
    assert "is private" in run("push", "text-pretrain@2", "me/zh", "--yes", "--public", code=2).err
    assert hub.repositories["me/zh"].private and list(hub.repositories["me/zh"].tags) == ["1"]
    assert "cannot both be" in run("push", "text-pretrain@2", "me/zh", "--yes", "--public", "--private", code=2).err


# ---------------------------------------------------------------- names, and what others put there


def test_what_is_no_repository_or_tag_is_found_out_first(run: Siku, hub: Hub) -> None:
    address = "https://me:hf_SecretSecret@huggingface.co/datasets/me/zh"
    for words in (("push", "text-pretrain@1", address, "--yes"), ("pull", address), ("verify", f"hub:{address}")):
        done = run(*words, code=2)
        assert "is no repository" in done.err and "OWNER/NAME" in done.err and "hf_SecretSecret" not in done.err
    assert "cannot be a tag" in run("push", "text-pretrain@1", "me/zh", "--yes", "--tag", "main", code=2).err
    assert hub.seen == []


def test_all_mistakes_at_once(run: Siku, hub: Hub) -> None:
    words = ("push", "text-pretrian@1", "text-pretrian", "me", "--tag", "a b", "--private", "--public")
    error = run(*words, code=2).err
    assert [line.partition(":")[0] for line in error.splitlines()] == ["error", "where", "why", "next"]
    for part in ("6 things are wrong", "cannot both be", "nobody to ask", "'me' is no repository", "'a b' cannot be a"):
        assert part in error
    assert "did you mean text-pretrain@1?" in error or "did you mean text-pretrain@1 or" in error
    assert "'text-pretrian' (did you mean text-pretrain?)" in error
    assert hub.seen == []


def test_files_of_others_stay_and_data_of_others_is_not_mixed_in(run: Siku, hub: Hub, here: Path) -> None:
    hub.repositories["me/zh"] = Repository(private=True)
    hub.repositories["me/zh"].commit(
        {"LICENSE": Blob(b"mine", large=False), "web/manifest.json": Blob(b"{}", large=False)}
    )
    run("push", "text-pretrain@1", "me/zh", "--yes")
    assert contents(hub, "me/zh").keys() - files_of(here / "out/text-pretrain/1").keys() == {
        "LICENSE",
        "web/manifest.json",
    }
    hub.repositories["me/other"] = Repository(private=True)
    hub.repositories["me/other"].commit({"train/mine.parquet": Blob(b"PAR1", large=True)})
    done = run("push", "text-pretrain@1", "me/other", "--yes", code=3)
    assert "holds train/mine.parquet, which siku did not put there" in done.err
    assert contents(hub, "me/other") == {"train/mine.parquet": b"PAR1"}
