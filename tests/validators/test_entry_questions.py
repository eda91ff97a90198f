"""Ways of asking what an entry is, told from questions about a detail; and the tone of answers."""

from __future__ import annotations

import pytest

from builders.instruct.knowledge_forms import DEFINITIONS, EntryType
from validators.entry_questions import check_entry_question, check_official_tone, masked

# kind, a good way of asking about 白鹭 as if it were of that kind
GOOD: tuple[tuple[EntryType, str], ...] = (
    ("species", "我在河边看见一只白鹭，请问白鹭是什么鸟？"),
    ("species", "孩子问起白鹭，应该怎么向孩子介绍？"),
    ("species", "有人知道白鹭吗？"),
    ("species", "白鹭的基本情况是什么？"),
    ("species", "写一段关于白鹭的介绍。"),
    ("species", "白鹭有什么特点？"),
    ("species", "请用几句话讲讲白鹭。"),
    ("species", "白鹭算是哪种鸟？"),
    ("species", "关于白鹭，有哪些基本信息？"),
    ("person", "白鹭到底是谁？"),
    ("person", "白鹭是什么人？"),
    ("person", "历史上的白鹭是个怎样的人？"),
    ("person", "谁能告诉我白鹭的身份是什么？"),
    ("place", "请问白鹭在哪儿？"),
    ("work", "朋友推荐我看《白鹭》，它讲什么？"),
    ("concept", "白鹭指什么"),
    ("concept", "为我解释一下白鹭这个概念。"),
    ("event", "白鹭究竟是怎么一回事？"),
)
DETAILS: tuple[tuple[EntryType, str], ...] = (
    ("species", "白鹭有多少种？"),
    ("species", "白鹭为什么是白色的？"),
    ("species", "你知道白鹭什么时候飞走吗？"),
    ("species", "白鹭在哪里？"),
    ("species", "白鹭是一种鸟吗？"),
    ("species", "如何饲养白鹭？"),
    ("species", "白鹭的食物是什么？"),
    ("species", "白鹭吃什么？"),
    ("species", "白鹭喜欢哪种环境？"),
    ("species", "白鹭每窝产几枚卵？"),
    ("species", "白鹭的寿命如何？"),
    ("work", "《白鹭》是谁写的？"),
    ("work", "《白鹭》的作者是谁？"),
    ("person", "白鹭哪一年出生？"),
    ("place", "白鹭由谁修建？"),
    ("place", "白鹭的面积有多大？"),
)


def checks(
    question: str, title: str = "白鹭", sense: str = "", kind: str = "species", max_chars: int = 20
) -> list[str]:
    return [one.check for one in check_entry_question(question, title, sense, kind, max_chars)]


@pytest.mark.parametrize(("kind", "question"), GOOD)
def test_ways_of_asking_are_taken(kind: EntryType, question: str) -> None:
    assert checks(question, kind=kind) == []


@pytest.mark.parametrize(("kind", "question"), DETAILS)
def test_questions_about_a_detail_are_not(kind: EntryType, question: str) -> None:
    assert checks(question, kind=kind) == ["asks_detail"]


@pytest.mark.parametrize("kind", DEFINITIONS)
def test_every_template_is_a_way_of_asking(kind: EntryType) -> None:
    questions = [form.question.replace("X", "白鹭") for form in DEFINITIONS[kind]]
    assert [question for question in questions if checks(question, kind=kind)] == []


@pytest.mark.parametrize("question", ["什么是杜甫？", "杜甫是什么？", "杜甫到底是什么？", "什么叫杜甫？"])
def test_a_person_is_no_thing(question: str) -> None:
    assert checks(question, "杜甫", kind="person") == ["not_of_a_person"]
    assert checks(question, "杜甫", kind="concept") == []


@pytest.mark.parametrize(
    ("question", "found"),
    [
        ("它是什么鸟？", ["unnamed_entry"]),
        ("", ["unnamed_entry"]),
        ("白鹭是一种涉禽。", ["no_question"]),
        ("请问各位住在河边又喜欢早起散步和看鸟的朋友白鹭是什么？", ["too_long_question"]),
        ("請介紹一下白鷺。", []),
        ("请介绍“白鹭”。", []),
    ],
)
def test_name_length_and_form(question: str, found: list[str]) -> None:
    assert checks(question) == found


def test_the_name_is_no_part_of_the_question() -> None:
    title = "十万个为什么"
    assert checks(f"《{title}》是什么书？", title, kind="work", max_chars=5) == []
    assert masked(f"{title}是什么？", title) == "X是什么？"
    assert checks("为什么要读《十万个为什么》？", title, kind="work") == ["asks_detail"]


@pytest.mark.parametrize(
    ("question", "found"),
    [
        ("苹果（美国科技公司）是什么？", []),
        ("请介绍苹果这家公司。", []),
        ("苹果是什么？", ["unclear_sense"]),
    ],
)
def test_a_title_of_several_senses_says_which(question: str, found: list[str]) -> None:
    assert checks(question, "苹果", "美国科技公司", "organisation") == found


@pytest.mark.parametrize(
    ("answer", "passage", "odd"),
    [
        ("白鹭是鹭科的一种涉禽，全身羽毛雪白。", "", ""),
        ("白鹭可美啦！", "", "“啦”“！”"),
        ("我们常见的白鹭是一种涉禽。", "", "“我们”"),
        ("您知道吗？白鹭是涉禽。", "", "“您”“？”"),
        ("**白鹭**是涉禽🐦", "", "“**”“🐦”"),
        ("呢绒是一种毛织物。", "呢绒，一种毛织物。", ""),
        ("《你好，李焕英》是一部电影。", "《你好，李焕英》是2021年的电影。", ""),
    ],
)
def test_the_tone_is_even_but_for_what_the_entry_says_itself(answer: str, passage: str, odd: str) -> None:
    found = check_official_tone(answer, passage)
    assert (found.why if found else "") == (f"答案的语气要平实、正式，不用{odd}" if odd else "")
