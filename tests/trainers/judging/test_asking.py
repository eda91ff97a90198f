"""What a judge is asked: texts that cannot close their tags, rubrics that are checked, names that become files."""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from generators.journal import SUFFIX
from generators.task import Passage
from tests.trainers.judging.scripted import part
from trainers.judging.judges import Judge
from trainers.judging.pairs import Pair
from trainers.judging.questions import InBothOrders, OneByOne
from trainers.judging.rubric import DEFAULT, read_rubric
from trainers.judging.tasks import PairJudging, RubricJudging
from validators.errors import SikuError

TEXT = st.text(st.sampled_from("甲乙<>/回答题目12 \n"), max_size=20)


def prompts_of(pair: Pair) -> list[str]:
    task = PairJudging()
    return [task.prompt(task.passage_of(one), 1, ()) for one in InBothOrders(pairs=(pair,)).about(pair)]


@given(TEXT, TEXT)
def test_an_answer_stands_between_its_own_tags(one: str, two: str) -> None:
    pair = Pair("1", "问", one, two)
    for prompt in prompts_of(pair):
        assert prompt.count("<回答1>") == prompt.count("</回答2>") == 1
        assert prompt.count("\n</回答1>") == 1


def test_a_changed_prompt_has_a_new_version() -> None:
    """Replies are kept under the version of the prompt: raise it, and write the new digest here."""
    pairs, texts = PairJudging(), RubricJudging(axes=tuple((axis.name, axis.description) for axis in DEFAULT.axes))
    pair = Pair("1", "渡口在哪里？", "东边", "西边", reference="村东")
    found = {}
    for task, question in ((pairs, InBothOrders().about(pair)[0]), (texts, OneByOne().about(pair)[0])):
        asked = [task.question(task.passage_of(question), 1), task.reply_schema(1), task.feedback(["甲"], 0, 1)]
        found[task.prompt_name] = sha256(orjson.dumps(asked)).hexdigest()[:16]
    assert found == {"PairJudging/1": "45784c8b445a6e35", "RubricJudging/1": "6ddbf0bd7b0634fd"}


def test_both_orders_and_the_reference() -> None:
    first, second = prompts_of(Pair("1", "渡口在哪里？", "东边", "西边", reference="村东"))
    assert (part(first, "回答1"), part(first, "回答2")) == ("东边", "西边")
    assert (part(second, "回答1"), part(second, "回答2")) == ("西边", "东边")
    assert part(first, "参考答案") == "村东"
    assert "参考答案" not in prompts_of(Pair("1", "问", "甲", "乙"))[0]
    assert part(prompts_of(Pair("1", "问", "", "乙"))[0], "回答1") == "（没有内容）"


def test_a_rubric_reply_has_a_whole_number_for_each_axis() -> None:
    task = RubricJudging(axes=(("逻辑性", "通"), ("文风", "顺")), highest=10)
    passage = task.passage_of(OneByOne().about(Pair("1", "问", "甲", "乙"))[1])
    assert isinstance(passage, Passage)
    assert part(task.prompt(passage, 1, ()), "回答") == "乙"
    good = {"reason": "", "scores": {"逻辑性": 10, "文风": 1}}
    assert not task.shape(good)
    for scores in ({"逻辑性": 11, "文风": 1}, {"逻辑性": 1}, {"逻辑性": 1.5, "文风": 1}, {"逻辑性": "1", "文风": 1}):
        assert task.shape({"reason": "", "scores": scores})


def test_rubrics_of_both_formats(tmp_path: Path) -> None:
    toml, plain = tmp_path / "r.toml", tmp_path / "r.json"
    toml.write_text('highest = 10\n[[axes]]\nname = "文风"\ndescription = "通顺"\n', encoding="utf-8")
    plain.write_text(json.dumps({"highest": 10, "axes": [{"name": "文风", "description": "通顺"}]}), encoding="utf-8")
    assert read_rubric(toml) == read_rubric(plain)
    assert [axis.name for axis in DEFAULT.axes] == ["逻辑性", "背景知识", "文风"]


@pytest.mark.parametrize(
    "text",
    [
        "no json",
        "[]",
        '{"axes": []}',
        '{"axes": [{"name": "文风"}]}',
        '{"axes": [{"name": "文风", "description": "顺"}, {"name": "文风", "description": "顺"}]}',
        '{"highest": 7, "axes": [{"name": "文风", "description": "顺"}]}',
    ],
)
def test_rubrics_that_are_none(tmp_path: Path, text: str) -> None:
    file = tmp_path / "r.json"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(SikuError) as caught:
        read_rubric(file)
    assert caught.value.exit_code == 2
    assert caught.value.why


@given(st.text(min_size=1, max_size=80))
def test_every_name_of_a_judge_is_a_file_of_its_own(name: str) -> None:
    recipe = Judge(name, "m", ()).recipe
    assert len(f"{recipe}{SUFFIX}".encode()) < 255
    assert "/" not in recipe
    assert recipe != Judge(f"{name}/", "m", ()).recipe
