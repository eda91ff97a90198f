"""The desk behind the page: moving through lists, decisions, edits of texts and of turns."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from builders.engine.tables import RowWriter, row_schema
from builders.publish.view.desk import ROWS_A_PAGE, ROWS_BESIDE, Desk, Panel, Stand
from builders.publish.view.query import Query
from builders.publish.view.shelf import Shelf
from builders.review.decisions import Reviews, reviews_file
from tests.builders.publish.conftest import Made, story
from tests.running import HOME
from validators.errors import SikuError

TALK = [{"role": "user", "content": "雪停了吗？\n<b>"}, {"role": "assistant", "content": "\n还没有停。\u200b"}]
SIDE_BY_SIDE = (Query(), Query(place="dropped"))


def desk_of(folder: Path, manifest: dict[str, Any], panels: tuple[Panel, ...] = ()) -> Desk:
    return Desk(Shelf(folder, manifest), Reviews(reviews_file(folder)), lambda: (None, []), panels)


@pytest.fixture
def desk(tmp_path: Path, make: Callable[[], Made]) -> Desk:
    folder = tmp_path / "small" / "1"
    return desk_of(folder, make().write(folder))


@pytest.fixture
def talks(tmp_path: Path) -> Desk:
    folder = tmp_path / "talks" / "1"
    (folder / "train").mkdir(parents=True)
    with RowWriter(folder / "train" / "part-00000.parquet", row_schema({"title": "string"}, "messages")) as writer:
        writer.add(("m-1", TALK, ["p-1"], "雪"), 20)
        writer.add(("m-2", [*TALK, *TALK], [], None), 40)
    manifest = {"name": "talks", "version": "1", "columns": {"title": "string"}, "rows": {"train": 2}}
    return desk_of(folder, manifest)


def open_id(desk: Desk, stand: Stand) -> str:
    row = desk.row(stand)
    return row["id"] if row else ""


def test_moving_on_and_back_over_pages(desk: Desk) -> None:
    stand = desk.look(Stand(), [Query()])
    seen = [open_id(desk, stand)]
    for _ in range(28):
        stand = desk.move(stand, 1)
        seen.append(open_id(desk, stand))
    assert seen == [*(f"a-{n:04d}" for n in range(25)), *(f"b-{n:04d}" for n in range(100, 104))]
    assert stand.first == ROWS_A_PAGE
    end = desk.move(stand, 1)
    assert open_id(desk, end) == "b-0103" and "last one" in end.message
    for _ in range(40):
        stand = desk.move(stand, -1)
    assert (open_id(desk, stand), stand.first, stand.at) == ("a-0000", 0, 0)
    assert desk.pick(stand, 99).at == 0 and open_id(desk, desk.pick(stand, 3)) == "a-0003"


def test_side_by_side(desk: Desk) -> None:
    stand = desk.look(Stand(), SIDE_BY_SIDE)
    shown = desk.lists(stand)
    assert shown.count("data-row") == ROWS_BESIDE + 8 and "1 to 10 of 29" in shown and "1 to 8 of 8" in shown
    copy = desk.pick(stand, ROWS_BESIDE + 4)
    assert open_id(desk, copy) == "d-0001"
    told = desk.document(Stand(SIDE_BY_SIDE, at=copy.at, panel="Copies"), "wang")
    assert "<del>转载</del>" in told and "2 dropped as copies of" in told
    more = desk.turn(stand, 2)
    assert "none of 8" in desk.lists(more) and open_id(desk, more) == "a-0020"


def test_evidence_leads_to_its_document(desk: Desk) -> None:
    stand = desk.look(Stand(), [Query(place="evidence", words="收藏")])
    assert open_id(desk, stand) == "a-0002"
    life = desk.document(Stand((Query(place="evidence"),), panel="Life"), "wang")
    assert "Tidy: site ad" in life and "other steps" in life


def test_decisions_and_what_a_mistake_says(desk: Desk) -> None:
    stand = desk.decide(desk.look(Stand(), [Query()]), " wang ", "accept")
    assert open_id(desk, stand) == "a-0001" and "a-0000: accept, kept as of wang" in stand.message
    stand = desk.comment(stand, "wang", " 好 ")
    stand = desk.decide(stand, "wang", "reject")
    (said,) = desk.reviews.of("a-0001")
    assert (said.choice, said.comment) == ("reject", "好")
    assert "needs a name" in desk.decide(stand, "  ", "accept").message
    assert "No document is open" in desk.decide(desk.look(stand, [Query(words="没有这些")]), "wang", "accept").message
    gone = desk.open(stand, "nobody")
    assert "There is no document nobody" in desk.document(gone, "wang")
    assert "no regular expression" in desk.look(stand, [Query(words="(", how="regex")]).message
    states = {state: desk.ids(state, "li") for state in ("nobody yet", "not by me yet", "reject", "commented", "")}
    assert states["nobody yet"] == (frozenset({"a-0000", "a-0001"}), True)
    assert states["not by me yet"] == (frozenset(), True) and states[""] == (None, False)
    assert states["reject"] == states["commented"] == (frozenset({"a-0001"}), False)
    desk.withdraw(desk.pick(stand, 1), "wang")
    assert desk.reviews.of("a-0001") == []


def test_an_edit_of_a_text(desk: Desk) -> None:
    stand = desk.look(Stand(), [Query()])
    assert "Nothing was changed" in desk.save(stand, "wang", [story(0)]).message
    assert "cannot be blank" in desk.save(stand, "wang", [" \n"]).message
    assert "changed meanwhile" in desk.save(stand, "wang", ["a", "b"]).message
    desk.save(stand, "wang", [story(0) + "完。"])
    desk.comment(stand, "wang", "加了结尾")
    (said,) = desk.reviews.of("a-0000")
    assert (said.choice, said.text, said.comment) == ("edit", story(0) + "完。", "加了结尾")
    assert "<ins>完。</ins>" in desk.document(stand, "wang")
    editing = Stand(editing=True)
    assert "完。</textarea>" in desk.document(editing, "wang") and "完。</textarea>" not in desk.document(editing, "li")


def test_an_edit_of_turns_keeps_what_cannot_be_seen(talks: Desk) -> None:
    stand = talks.look(Stand(), [Query(words="停")])
    shown = talks.document(stand, "wang")
    assert "雪<mark>停</mark>了吗？\n&lt;b&gt;" in shown and "<mark>停</mark>。⟨U+200B⟩" in shown and "p-1" in shown
    fields = talks.document(Stand(editing=True), "wang")
    assert ">\n\n还没有停。\u200b</textarea>" in fields and "&lt;b&gt;</textarea>" in fields
    contents = [one["content"] for one in TALK]
    assert "No turn may be blank" in talks.save(stand, "wang", [contents[0], ""]).message
    talks.save(stand, "wang", [contents[0], "停了。"])
    (said,) = talks.reviews.of("m-1")
    assert said.messages == [TALK[0], {"role": "assistant", "content": "停了。"}] and said.text is None
    assert talks.shelf.search(Query(least_chars=25)).told() == "1"


def test_a_panel_that_fails_says_so(tmp_path: Path, make: Callable[[], Made]) -> None:
    def fail(row: Any) -> Any:
        raise SikuError("the journal <is> gone", next="look for it")

    folder = tmp_path / "1"
    desk = desk_of(folder, make().write(folder), (Panel("Model", fail),))
    assert desk.titles == ["Text", "Life", "Copies", "Model", "Reviewers"]
    assert "the journal &lt;is&gt; gone. look for it" in desk.document(Stand(panel="Model"), "wang")


def test_a_source_that_fails_is_told(tmp_path: Path, make: Callable[[], Made]) -> None:
    def fail() -> tuple[Any, list[Path]]:
        raise RuntimeError("boom")

    folder = tmp_path / "1"
    desk = Desk(Shelf(folder, make().write(folder)), Reviews(reviews_file(folder)), fail)
    assert "RuntimeError: boom" in desk.document(Stand(panel="Life"), "wang")


def test_metadata_that_is_called_like_ours(tmp_path: Path) -> None:
    mine = ("split", "filename", "messages2", 'a"b', "file", "number", "meta:title", "雪")
    names = dict.fromkeys(mine, "string")
    folder = tmp_path / "1"
    (folder / "train").mkdir(parents=True)
    with RowWriter(folder / "train" / "part-00000.parquet", row_schema(names)) as writer:
        writer.add(("a", "雪夜", *names), 2)
    shelf = Shelf(folder, {"columns": names})
    for name in names:
        assert shelf.values(name) == [name]
        assert len(shelf.search(Query(column=name, value=name)).spots) == 1
    assert len(shelf.search(Query(split="train")).spots) == 1
    with pytest.raises(SikuError, match="column 'file_row_number'"):
        Shelf(folder, {"columns": {"file_row_number": "int"}})


KILLED = """
import os, signal, sys
from pathlib import Path
from builders.engine.manifest import read_manifest
from builders.publish.view.desk import Desk, Stand
from builders.publish.view.query import Query
from builders.publish.view.shelf import Shelf
from builders.review.decisions import Reviews, reviews_file
folder = Path(sys.argv[1])
desk = Desk(Shelf(folder, {"columns": {}}), Reviews(reviews_file(folder)), lambda: (None, []))
stand = desk.look(Stand(), [Query()])
for _ in range(5):
    stand = desk.decide(stand, "wang", "reject")
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_decisions_are_there_after_kill_9(tmp_path: Path, desk: Desk) -> None:
    done = subprocess.run([sys.executable, "-c", KILLED, desk.shelf.folder], cwd=HOME, check=False)
    assert done.returncode == -9
    assert {one.item for one in desk.reviews.newest()} == {f"a-{n:04d}" for n in range(5)}
