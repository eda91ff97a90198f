"""The notebook loses nothing: not to a kill, not to another process, not to a torn line."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

from builders.publish.local_page.notebook import Notebook
from tests.running import HOME
from validators.errors import SikuError

WRITER = """
import sys
from pathlib import Path
from builders.publish.local_page.notebook import Notebook
notebook = Notebook(Path(sys.argv[1]))
number = 0
while sys.argv[3] == "forever" or number < int(sys.argv[3]):
    notebook.append(f"{sys.argv[2]}-{number}", sys.argv[2], decision="accept", comment="好" * 400)
    print(number, flush=True)
    number += 1
"""


def writer(path: Path, who: str, count: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", WRITER, str(path), who, count], stdout=subprocess.PIPE, text=True, cwd=HOME
    )


def test_the_newest_of_a_person_counts(tmp_path: Path) -> None:
    notebook, other = Notebook(tmp_path / "a" / "b.jsonl"), Notebook(tmp_path / "a" / "b.jsonl")
    assert notebook.newest() == {}
    notebook.append("1", "wang", decision="accept")
    other.append("1", "li", decision="reject", comment="乱码\n第二行")
    notebook.append("1", " wang ", decision="reject")
    notebook.append("2", "wang", decision="accept")
    for one in (notebook, other, Notebook(notebook.path)):
        assert [(key, entry.said["decision"]) for key, entry in one.newest().items()] == [
            (("1", "li"), "reject"),
            (("1", "wang"), "reject"),
            (("2", "wang"), "accept"),
        ]
    assert [entry.who for entry in other.of("1")] == ["li", "wang"]
    assert all(len(entry.when) == 20 and entry.when.endswith("Z") for entry in other.of("1"))
    assert len(notebook.path.read_bytes().splitlines()) == 4


def test_a_torn_line_is_skipped_counted_and_swallows_nothing(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    notebook = Notebook(path)
    notebook.append("1", "wang", decision="accept")
    with path.open("ab") as file:
        file.write(b'{"item":"2","who":"wa')
    assert len(notebook.newest()) == 1 and notebook.torn == 0  # it may be on its way still
    notebook.append("3", "wang", decision="accept")
    assert [item for item, _ in notebook.newest()] == ["1", "3"]
    assert notebook.torn == 1 == Notebook(path).torn + 1  # read when asked for
    with path.open("ab") as file:
        file.write(b'[1]\n"x"\n{"item": 4}\n\xff\n\n')
    assert len(notebook.newest()) == 2 and notebook.torn == 5


def test_a_nameless_person_and_a_place_that_cannot_be_written_are_told(tmp_path: Path) -> None:
    with pytest.raises(SikuError, match="name"):
        Notebook(tmp_path / "a.jsonl").append("1", "  ", decision="accept")
    (tmp_path / "file").write_text("")
    with pytest.raises(SikuError, match="cannot be kept"):
        Notebook(tmp_path / "file" / "a.jsonl").append("1", "wang", decision="accept")


def test_two_processes_at_once_lose_nothing(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    both = [writer(path, who, "60") for who in ("wang", "li")]
    for one in both:
        one.communicate(timeout=60)
        assert one.returncode == 0
    notebook = Notebook(path)
    assert set(notebook.newest()) == {(f"{who}-{n}", who) for who in ("wang", "li") for n in range(60)}
    assert notebook.torn == 0


def test_what_was_said_is_there_after_kill_9(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    process = writer(path, "wang", "forever")
    deadline = time.monotonic() + 30
    while (not path.exists() or path.stat().st_size < 20_000) and time.monotonic() < deadline:
        time.sleep(0.01)
    process.kill()
    said = [int(line) for line in process.communicate()[0].split()]
    assert said
    kept = {item for item, _ in Notebook(path).newest()}
    assert {f"wang-{n}" for n in said} <= kept
    Notebook(path).append("after", "li", decision="accept")
    assert ("after", "li") in Notebook(path).newest()
