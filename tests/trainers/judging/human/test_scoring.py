"""One person after another at the page, without the page: what is shown, kept, and gone on with."""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest

from tests.trainers.judging.human.test_items import some_items
from trainers.judging.human.scores import HUMAN_SCORES, HumanScores, Said
from trainers.judging.human.scoring import Scoring
from trainers.judging.rubric import CONTINUATION, Axis, Rubric

GIVEN = (4, 3, 5)
WHOLE = {"逻辑性": 4, "背景知识": 3, "文风": 5}


def scoring(folder: Path, rows: int = 2) -> Scoring:
    return Scoring(some_items(rows), HumanScores(folder, CONTINUATION))


def lines(folder: Path) -> list[dict[str, object]]:
    return [orjson.loads(line) for line in (folder / HUMAN_SCORES).read_bytes().splitlines()]


def test_from_the_first_to_the_last_and_on_after_a_restart(tmp_path: Path) -> None:
    view = scoring(tmp_path).begin("wang")
    assert (view.place, view.done, view.texts, view.said) == (0, 0, 4, None)
    after = scoring(tmp_path).go_on("wang", 0, GIVEN, " 好 ")
    assert (after.place, after.done, after.note) == (1, 1, "")
    again = scoring(tmp_path)  # another process
    assert (again.begin("wang").place, again.begin("li").place) == (1, 0)
    back = again.go_back("wang", 1, (None, None, None), "")
    assert back.said == Said(WHOLE, "好")
    for place in (1, 2, 3):
        view = again.go_on("wang", place, GIVEN, "")
    assert (view.place, view.item, view.done) == (4, None, 4)
    assert again.begin("wang").place == 4
    kept = lines(tmp_path)
    assert [one["who"] for one in kept] == ["wang"] * 4
    assert kept[0]["scores"] == WHOLE
    assert (kept[0]["comment"], kept[0]["highest"]) == ("好", 5)
    assert {str(one["sides"]) for one in kept} == {"['a']", "['b']"}


def test_half_of_it_is_not_kept_and_the_text_stays(tmp_path: Path) -> None:
    page = scoring(tmp_path)
    view = page.go_on("wang", 0, (4, None, 5), "")
    assert (view.place, view.stays, view.note) == (0, True, "Still without a score: 背景知识")
    view = page.go_on("wang", 0, (None, None, None), "只有评语")
    assert (view.place, view.stays) == (0, True)
    assert not (tmp_path / HUMAN_SCORES).exists()


def test_a_text_left_out_comes_again_at_the_end(tmp_path: Path) -> None:
    page = scoring(tmp_path, rows=1)
    assert page.go_on("wang", 0, (None, None, None), "").place == 1
    view = page.go_on("wang", 1, GIVEN, "")
    assert (view.place, view.done, view.note, view.stays) == (0, 1, "This one was left out before.", False)


def test_the_newest_counts_and_the_same_again_is_no_line(tmp_path: Path) -> None:
    page = scoring(tmp_path)
    for given in (GIVEN, GIVEN, (1, 1, 1)):
        page.go_on("wang", 0, given, "")
    assert len(lines(tmp_path)) == 2
    assert page.at("wang", 0).said == Said({"逻辑性": 1, "背景知识": 1, "文风": 1})
    page.go_back("wang", 0, GIVEN, "")
    assert len(lines(tmp_path)) == 3


def test_two_people_do_not_see_each_other(tmp_path: Path) -> None:
    one, two = scoring(tmp_path), scoring(tmp_path)
    one.go_on("wang", 0, GIVEN, "甲")
    assert two.begin("li").done == 0
    two.go_on("li", 0, GIVEN, "")
    assert one.begin("wang").done == two.begin(" wang ").done == 1
    assert one.begin("").item is None


def test_scores_of_another_rubric_and_torn_lines_do_not_count(tmp_path: Path) -> None:
    scoring(tmp_path).go_on("wang", 0, GIVEN, "")
    other = HumanScores(tmp_path, Rubric((Axis("文风", "顺"),), 10))
    assert other.all() == {}
    assert other.others() == 1
    with (tmp_path / HUMAN_SCORES).open("ab") as file:
        file.write(b'{"item": "0a", "who": "li", "when": "x", "scores": {"\xe6')
    scores = HumanScores(tmp_path, CONTINUATION)
    assert len(scores.all()) == 1
    scoring(tmp_path).go_on("wang", 1, GIVEN, "")
    assert len(scores.all()) == 2
    assert scores.notebook.torn == 1


@pytest.mark.parametrize("scores", [{}, {"逻辑性": 4}, WHOLE | {"文风": 6}, WHOLE | {"文风": 0}, WHOLE | {"甲": 1}])
def test_what_is_no_score_is_not_written(tmp_path: Path, scores: dict[str, int]) -> None:
    human = HumanScores(tmp_path, CONTINUATION)
    with pytest.raises(ValueError, match="no score"):
        human.add(some_items(1).items[0], "wang", scores)
