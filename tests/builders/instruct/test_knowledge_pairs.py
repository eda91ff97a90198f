"""Entries to questions and answers: many ways of asking, grounded answers, whole sentences."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders.document import Document
from builders.instruct.knowledge_forms import DEFINITIONS, FACTS, SECTIONS, EntryType, fact_of
from builders.instruct.knowledge_pairs import KnowledgePairs, finished, first_sentence
from builders.text.entries import Entry, Section, entry_fields
from validators.errors import SikuError
from validators.step import Verdict

GOLDEN_FORM = "X属于哪个民族？"
GOLDEN = [
    ("请问林晚（清末诗人）是何许人？", "林晚（1860年—1911年），清末诗人，浙江绍兴人。她的诗多写江上的船家，语言平白。"),
    ("林晚（清末诗人）属于哪个民族？", "林晚的民族是汉族。"),
    ("林晚（清末诗人）的出生地是哪里？", "林晚出生在浙江绍兴。"),
    ("我想了解林晚（清末诗人）的人物生平。", "林晚生在船家，八岁跟着塾师读书。\n十五岁时随父亲沿江西上，到了四川。"),
]
POET = Entry(
    "林晚",
    "清末诗人",
    "林晚（1860年—1911年），清末诗人，浙江绍兴人。她的诗多写江上的船家，语言平白。",
    {"本名": "林慕晚", "国籍": "中国", "职业": "诗人", "出生地": "浙江绍兴", "诗社": "望江社", "民族": "汉族"},
    [
        Section("人物生平", 1),
        Section("早年", 2, ["林晚生在船家，八岁跟着塾师读书。", "十五岁时随父亲沿江西上，到了四川。"]),
        Section("参考资料", 1, ["《望江社诗录》，光绪年间刻本，今存残卷两册。"]),
    ],
)


def document(entry: Entry, id: str = "b0c1") -> Document:
    text, meta = entry_fields(entry)
    return Document(id, text, meta | {"source": "rows.jsonl"})


def pairs(entry: Entry, id: str = "b0c1", **settings: Any) -> list[tuple[str, str]]:
    """Questions and answers, in order."""
    made = KnowledgePairs(**settings)(document(entry, id))
    assert isinstance(made, list), made
    found = []
    for part in made:
        assert part.messages and [message["role"] for message in part.messages] == ["user", "assistant"]
        found.append((part.messages[0]["content"], part.messages[1]["content"]))
    return found


def test_golden() -> None:
    made = KnowledgePairs(max_pairs=4, max_definitions=1)(document(POET))
    assert isinstance(made, list)
    assert [part.id for part in made] == ["b0c1-0001", "b0c1-0002", "b0c1-0003", "b0c1-0004"]
    assert pairs(POET, max_pairs=4, max_definitions=1) == GOLDEN
    assert made[1].meta == {
        "title": "林晚",
        "sense": "清末诗人",
        "source": "rows.jsonl",
        "entry_type": "person",
        "parents": ["b0c1"],
        "question_form": GOLDEN_FORM,
    }
    assert KnowledgePairs.version == 1


def test_a_question_says_which_sense_and_a_person_is_no_what() -> None:
    found = pairs(POET, max_pairs=99, max_definitions=99)
    assert all("林晚（清末诗人）" in question for question, _ in found)
    assert not any("什么是林晚" in question for question, _ in found)
    assert len(found) == len({question for question, _ in found}) == len(DEFINITIONS["person"]) + 7
    assert not any("参考资料" in question for question, _ in found)
    assert all("（清末诗人）" not in answer for _, answer in found)


def test_a_heading_that_holds_others_is_answered_by_them() -> None:
    questions = [question for question, answer in pairs(POET, max_pairs=99) if answer == "\n".join(POET.paragraphs[:2])]
    assert len(questions) == 1 and "人物生平" in questions[0]  # and is not asked for 早年 with the same answer


def test_answers_are_the_entry_s_own_words() -> None:
    text = document(POET).text + "".join(POET.info.values())
    openings = {form.opening for forms in DEFINITIONS.values() for form in forms}
    for question, answer in pairs(POET, max_pairs=99, max_definitions=99):
        rest = next(
            answer.removeprefix(opening) for opening in sorted(openings, reverse=True) if answer.startswith(opening)
        )
        assert rest in text or any(value in rest for value in POET.info.values()), question


def test_brief_answers_and_openings() -> None:
    found = dict(pairs(POET, max_pairs=99, max_definitions=99))
    assert found["请用一句话介绍林晚（清末诗人）。"] == "林晚（1860年—1911年），清末诗人，浙江绍兴人。"
    assert found["你听说过林晚（清末诗人）吗？"] == f"听说过。{POET.summary}"


def test_works_stand_in_title_marks() -> None:
    work = Entry("江声", None, "《江声》是林晚的诗集，收诗六十首。", {"作者": "林晚", "体裁": "诗集"})
    found = pairs(work, max_pairs=99, max_definitions=99)
    assert all("《江声》" in question and "《《" not in question for question, _ in found)
    assert any(answer == "《江声》的作者是林晚。" for _, answer in found)


@pytest.mark.parametrize(
    ("field", "value", "answered"),
    [
        ("出生日期", "1860年3月", "林晚"),
        ("中文名", "林晚", ""),
        ("别名", "林晚", ""),
        ("身高", "不详", ""),
        ("身高", "—", ""),
        ("a1", "x", ""),
        ("一个长得不像字段的字段名", "x", ""),
        ("字段（注）", "x", ""),
        ("简介", "字" * 300, ""),
        ("X", "V", ""),
        ("主持修建者", "周望", "林晚的主持修建者是周望。"),
    ],
)
def test_fields(field: str, value: str, answered: str) -> None:
    entry = Entry("林晚", None, "", {field: value, "国籍": "中国"})
    found = [pair for pair in pairs(entry, max_pairs=99) if "国籍" not in "".join(pair)]
    assert len(found) <= 1 and bool(found) == bool(answered)
    assert not found or (answered in found[0][1] and value in found[0][1])


def test_letters_of_a_template_in_a_name_stay() -> None:
    entry = Entry("XFV", None, "", {"种类": "FX型", "用途": "V"})
    assert all("XFV的" in question for question, _ in pairs(entry))
    assert {answer.partition("是")[2] or answer.partition("：")[2] for _, answer in pairs(entry)} == {"FX型。", "V。"}


@pytest.mark.parametrize(
    ("entry", "check"),
    [
        (Entry("", None, "没有名字的一段话，不知道在说谁。"), "no title"),
        (Entry("林晚", None, "诗人。"), "no answer"),
        (Entry("林晚", None, "", {}, [Section("作品", 1, ["很多。"])]), "no answer"),
    ],
)
def test_what_cannot_be_asked_about(entry: Entry, check: str) -> None:
    verdict = KnowledgePairs()(document(entry))
    assert isinstance(verdict, Verdict) and verdict.check == check


def test_a_summary_without_its_subject_gets_it() -> None:
    entry = Entry("望江社", None, "是清末的一个诗社，位于四川乐山。")
    assert {answer.partition("望")[2] for _, answer in pairs(entry)} == {"江社是清末的一个诗社，位于四川乐山。"}


def test_a_summary_that_does_not_name_its_subject_is_told_whose_it_is() -> None:
    entry = Entry("望江社", None, "清末四川的一个诗社，有诗人十余名。")
    answers = {answer.partition("望")[2] for _, answer in pairs(entry)}
    assert answers == {"江社：清末四川的一个诗社，有诗人十余名。"}


def test_without_a_summary_the_first_paragraph_defines() -> None:
    entry = Entry("水磨", None, "", {}, [Section("", 1, ["水磨是用水力转动的磨。", "另一段。"])])
    assert "水磨是用水力转动的磨。" in pairs(entry)[0][1]
    untitled = Entry("水磨", None, "", {}, [Section("", 1, ["江边有很多古老的磨坊和水车。"])])
    assert isinstance(KnowledgePairs()(document(untitled)), Verdict)


def test_answers_are_cut_at_the_end_of_a_sentence() -> None:
    entry = Entry("水磨", None, "水磨是磨的一种。" + "水磨要用水力才能转动起来。" * 9)
    three = "水磨是磨的一种。水磨要用水力才能转动起来。水磨要用水力才能转动起来。"
    answers = [answer for _, answer in pairs(entry, max_pairs=99, max_definitions=99, max_answer_chars=40)]
    assert {answer[answer.index("水磨") :] for answer in answers} == {
        three,
        "水磨是磨的一种。水磨要用水力才能转动起来。",
    }
    long = Entry("水磨", None, "水磨是一种用水的力量来转动的磨，多建在溪流的旁边，人们用它磨面，也用它碾米和榨油。")
    assert "，多建在溪流的旁边。" in pairs(long, max_answer_chars=30)[0][1]


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        ("", ""),
        ("雪停了。", "雪停了。"),
        ("雪停了", "雪停了。"),
        ("雪停了。天亮，", "雪停了。"),
        ("雪停了。天亮...", "雪停了。"),
        ("雪停了……", "雪停了。"),
        ("雪停，", "雪停。"),
        ("他说“走。”", "他说“走。”"),
        ("（完）", "（完）"),
    ],
)
def test_finished(text: str, whole: str) -> None:
    assert finished(text) == whole


def test_first_sentence() -> None:
    assert (
        first_sentence("水磨，读作：shuǐ mò。指用水力转动的磨。多建在溪边。")
        == "水磨，读作：shuǐ mò。指用水力转动的磨。"
    )
    assert (
        first_sentence("水磨是一种用水的力量来转动的磨。”多建在溪边") == "水磨是一种用水的力量来转动的磨。”多建在溪边"
    )
    assert first_sentence("他说：“水磨是一种用水的力量来转动的磨。”后来") == "他说：“水磨是一种用水的力量来转动的磨。”"


def test_no_form_dominates_and_the_choice_depends_on_the_entry_alone() -> None:
    entries = [
        Entry(f"林{number}晚", None, f"林{number}晚（1860年1月2日—1911年），清末诗人。") for number in range(400)
    ]
    forms: Counter[str] = Counter()
    for number, entry in enumerate(entries):
        made = KnowledgePairs(max_pairs=3)(document(entry, f"id{number}"))
        assert isinstance(made, list)
        forms.update(part.meta["question_form"] for part in made)
    assert forms.keys() == {form.question for form in DEFINITIONS["person"]}
    expected = 1200 / len(forms)
    assert all(0.6 * expected < count < 1.5 * expected for count in forms.values()), forms
    assert pairs(entries[0], "id0") == pairs(entries[0], "id0")
    assert pairs(entries[0], "id0") != pairs(entries[0], "id1")
    assert pairs(entries[0], "id0") != pairs(entries[0], "id0", seed=7)


def test_the_order_of_fields_does_not_matter() -> None:
    turned = Entry(POET.title, POET.sense, POET.summary, dict(reversed(POET.info.items())), POET.parts)
    assert pairs(turned) == pairs(POET)


def test_the_tables_of_forms() -> None:
    assert DEFINITIONS.keys() == set(get_args(EntryType))
    definitions = [form.question for forms in DEFINITIONS.values() for form in forms]
    facts = [question for fact in FACTS for question in fact.questions]
    assert len({*definitions, *facts, *SECTIONS}) > 150
    assert all(form.count("X") == 1 for form in [*definitions, *facts, *SECTIONS])
    assert all(form[-1] in "？。" or form.endswith(("吧。", "：")) for form in [*definitions, *facts, *SECTIONS])
    assert all(form.count("F") == 1 for form in SECTIONS)
    assert not any("什么是X" in form.question for form in DEFINITIONS["person"])
    for forms in DEFINITIONS.values():
        assert len({form.question for form in forms}) == len(forms) >= 10
    for fact in FACTS:
        assert all("V" in answer and "X" in answer for answer in fact.answers)
        assert len(fact.names) == len(set(fact.names))
    names = [name for fact in FACTS for name in fact.names]
    assert len(names) == len(set(names))
    assert fact_of("出生日期")[1] and not fact_of("花期")[1]


def test_a_system_message_and_wrong_settings() -> None:
    made = KnowledgePairs(system="你是百科助手。")(document(POET))
    assert isinstance(made, list) and made[0].messages
    assert made[0].messages[0] == {"role": "system", "content": "你是百科助手。"}
    with pytest.raises(SikuError, match=r"max_pairs is 0.*max_answer_chars is 3"):
        KnowledgePairs(max_pairs=0, max_answer_chars=3)


TEXTS = st.text(alphabet="水磨是。，、：…“”《》\nX1 ", max_size=60)


@given(
    st.builds(
        Entry,
        TEXTS,
        st.none() | TEXTS,
        TEXTS,
        st.dictionaries(TEXTS, TEXTS, max_size=3),
        st.lists(st.builds(Section, TEXTS, st.integers(1, 3), st.lists(TEXTS, max_size=2)), max_size=3),
    )
)
def test_any_entry(entry: Entry) -> None:
    made = KnowledgePairs(max_answer_chars=20)(document(entry))
    for part in made if isinstance(made, list) else []:
        assert part.messages and all(message["content"].strip() for message in part.messages)
        assert not re.search("[，、：；]$", part.messages[-1]["content"])
