"""Titles and abstracts: what is cut off them, what is refused, and how they become conversations."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from builders.document import Document
from builders.instruct.abstracts import Abstracts
from builders.instruct.paper_pairs import PaperPairs, paper_text
from builders.instruct.wordings import PAPER_WORDINGS, REVIEW_WORDINGS, worded
from validators.errors import SikuError
from validators.step import Verdict

TITLE = "沿江小城的夜间照明与候鸟停歇"
ABSTRACT = "连续三年记录候鸟停歇的数量与沿岸照明的强度，结果显示，遮罩使停歇的数量恢复到原来的九成。"


def paper(abstract: str = ABSTRACT, title: str = TITLE, **meta: Any) -> Document:
    return Document("p-1", f"{title}\n{abstract}" if title else abstract, {"title": title, **meta})


def test_a_good_paper_stays_as_it_is() -> None:
    for document in (paper(), paper(title=""), paper(f"{ABSTRACT}”"), paper(ABSTRACT.replace("。", "."))):
        before = document.text
        after = Abstracts()(document)
        assert isinstance(after, Document)
        assert (after.text, after.notes) == (before, [])


@pytest.mark.parametrize("label", ["摘要：", "摘 要:", "【摘要】", "[摘要] ", "〔摘要〕：", "（摘要）", "内容提要："])
@pytest.mark.parametrize("tail", ["", "关键词：候鸟；照明", "【关键词】候鸟 照明", "图4表1参12", "图 3，表 1"])
def test_labels_and_counts_are_cut_off(label: str, tail: str) -> None:
    if tail == "【关键词】候鸟 照明":
        tail = "【关键词】：候鸟 照明"
    document = Abstracts()(paper(f"{label}{ABSTRACT}{tail}"))
    assert isinstance(document, Document)
    assert document.text == f"{TITLE}\n{ABSTRACT}"
    assert [note.text for note in document.notes] == [piece for piece in (label.strip(), tail) if piece]


@pytest.mark.parametrize(
    "abstract", [f"摘要的写法有三种。{ABSTRACT}", f"{ABSTRACT}本文列出的关键词较少。", f"见图4。{ABSTRACT}"]
)
def test_the_same_words_in_a_sentence_stay(abstract: str) -> None:
    document = Abstracts()(paper(abstract))
    assert isinstance(document, Document)
    assert document.text == f"{TITLE}\n{abstract}"


@pytest.mark.parametrize(
    ("document", "check"),
    [
        (paper("本文介绍候鸟。"), "abstract too short"),
        (paper(ABSTRACT * 100), "abstract too long"),
        (paper("We count birds at night along the river and compare three kinds of lamps in three years."), "abstract not Chinese"),
        (paper(title="Lamps and birds at night"), "title not Chinese"),
        (paper(title="候鸟"), "title too short"),
        (paper(f"{TITLE}。" + "。" * 20), "abstract equals title"),
        (paper(ABSTRACT[:-1] + "，"), "abstract cut off"),
        (paper(ABSTRACT[:-1] + "如下："), "abstract cut off"),
        (paper(ABSTRACT[:-1] + "……"), "abstract cut off"),
        (paper(ABSTRACT[:-6]), "abstract cut off"),
        (paper("关键词：候鸟；照明"), "abstract too short"),
        (paper(""), "abstract too short"),
    ],
)  # fmt: skip
def test_what_is_refused(document: Document, check: str) -> None:
    verdict = Abstracts()(document)
    assert isinstance(verdict, Verdict)
    assert verdict.check == check


def test_both_directions_hold_the_same_texts() -> None:
    made = PaperPairs()(paper(keywords="候鸟；照明"))
    assert isinstance(made, list)
    there, back = made
    assert (there.id, back.id) == ("p-1-0001", "p-1-0002")
    assert there.meta["parents"] == back.meta["parents"] == ["p-1"]
    assert [there.meta["direction"], back.meta["direction"]] == ["title_to_abstract", "abstract_to_title"]
    for document, given_text, answer in ((there, TITLE, ABSTRACT), (back, ABSTRACT, TITLE)):
        assert document.messages is not None
        assert [message["role"] for message in document.messages] == ["user", "assistant"]
        assert given_text in document.messages[0]["content"]
        assert document.messages[1]["content"] == answer
        assert document.meta["form"].startswith(document.meta["direction"])
        assert document.meta["keywords"] == "候鸟；照明"


def test_directions_that_a_paper_has_no_texts_for_are_left_out() -> None:
    every = PaperPairs(directions=tuple(PAPER_WORDINGS), system="你是编辑。")
    made = every(paper(title="", keywords="候鸟；照明"))
    assert isinstance(made, list)
    assert [part.meta["direction"] for part in made] == ["keywords_to_abstract", "abstract_to_keywords"]
    assert made[0].messages is not None
    assert made[0].messages[0] == {"role": "system", "content": "你是编辑。"}
    assert PaperPairs()(paper(title="")) == Verdict("no title", "which title_to_abstract, abstract_to_title needs")


def test_the_wording_is_drawn_by_seed_and_id() -> None:
    def forms(seed: int) -> list[str]:
        drawn = []
        for number in range(400):
            made = PaperPairs(seed=seed)(Document(f"p{number}", f"{TITLE}\n{ABSTRACT}", {"title": TITLE}))
            assert isinstance(made, list)
            drawn += [part.meta["form"] for part in made]
        return drawn

    counts = Counter(forms(42))
    assert counts.keys() == {f"{name}-{n}" for name in ("title_to_abstract", "abstract_to_title") for n in range(1, 9)}
    assert min(counts.values()) > 20  # of 50 on average
    assert forms(42) == forms(42) != forms(43)


def test_wordings_differ_and_hold_what_they_are_given() -> None:
    for name, wordings in {**PAPER_WORDINGS, "paper_to_review": REVIEW_WORDINGS}.items():
        assert len(set(wordings)) == len(wordings) >= 4
        assert all(f"{{{name.partition('_to_')[0]}}}" in wording for wording in wordings)


@given(st.text(max_size=30), st.text(max_size=30))
@settings(max_examples=100, deadline=None)
def test_what_is_put_into_a_wording_may_hold_brackets(title: str, abstract: str) -> None:
    assert worded(("甲{title}乙{abstract}丙",), 0, {"title": title, "abstract": abstract}) == f"甲{title}乙{abstract}丙"


@given(st.text(max_size=80), st.sampled_from(["", TITLE, "{title}"]))
@settings(max_examples=200, deadline=None)
def test_any_text_is_judged_and_stays_whole(abstract: str, title: str) -> None:
    document = paper(abstract, title)
    text = paper_text(document)
    result = Abstracts(min_abstract_chars=0, min_title_chars=0, min_new_chars=0, min_han_share=0, refuse_cut_off=False)(
        document
    )
    assert isinstance(result, Document)
    left = paper_text(result).abstract
    assert left in text.abstract
    pieces = "".join(note.text for note in result.notes)
    assert len(left) + len(pieces) <= len(text.abstract)


@pytest.mark.parametrize("directions", [(), ("title_to_abstracts",)])
def test_mistakes_in_the_settings(directions: tuple[str, ...]) -> None:
    with pytest.raises(SikuError):
        PaperPairs(directions=directions)
