"""The part of the report about questions and answers: how long, of which types, about what, and how much alike."""

from __future__ import annotations

from collections.abc import Sequence

from builders.publish.asked import ANSWER_EDGES, PLACES, QUESTION_EDGES, SAMPLE_ROWS, Asked
from builders.publish.charts import Column, column_chart, histogram, share_bar
from builders.publish.diversity import Group, commonest, distinct, groups
from builders.publish.figures import counted, most_frequent, percent, share_of
from builders.publish.page import Html, Section, cut, element, section, table
from validators.folding import to_folded

NGRAMS = (1, 2, 3)
OPENINGS, ENDING_CHARS = 10, 3
GROUPS, WORDINGS = 8, 3
QUESTION_CHARS = 60


def questions_section(asked: Asked) -> Section:
    return section(
        "questions",
        "Questions and answers",
        "问与答",
        element(
            "p",
            "Of the rows in train and valid. Where a sample is spoken of, it is that of the smallest digests of the "
            f"ids, at most {SAMPLE_ROWS:,} rows, so that figures of large and small datasets can be compared.",
            class_="lead",
        ),
        _lengths("question", "Questions 问题", QUESTION_EDGES, asked.question_lengths, "held"),
        _lengths("answer", "Answers 答案", ANSWER_EDGES, asked.answer_lengths, "kept"),
        _types(asked),
        _places(asked.places),
        _distinct(asked),
        _edges(asked),
        _groups(asked),
    )


def _lengths(what: str, title: str, edges: Sequence[int], counts: Sequence[int], kind: str) -> Html:
    name = f"{title}, by characters: {sum(counts):,}"
    chart = histogram(f"{what}-lengths", name, edges, counts, kind, f"{what}s")
    return element("figure", element("figcaption", name), chart)


def _types(asked: Asked) -> Html:
    most = max(asked.types.values(), default=0)
    rows = [
        (name, share_bar(share_of(count, most), "held"), f"{count:,}", percent(share_of(count, asked.rows)))
        for name, count in most_frequent(asked.types)
    ]
    head = element("h3", "Types of questions ", element("span", "问题类型", lang="zh"))
    return element("div", head, table("Types", ("Type", "", "Rows#", "Share#"), rows, "bars verdicts"), class_="group")


def _places(places: Sequence[int]) -> Html | None:
    total = sum(places)
    if not total:
        return None
    columns = [
        Column(f"{100 * place // PLACES} %", count, f"{100 * place // PLACES} to {100 * (place + 1) // PLACES} %")
        for place, count in enumerate(places)
    ]
    name = f"Where in the passage the answer stands: {total:,} rows"
    told = "Rows by the place in the passage where what supports the answer begins, in tenths of the passage."
    chart = column_chart("places", name, told, columns, "kept", "rows")
    return element("figure", element("figcaption", name), chart, class_="group")


def _distinct(asked: Asked) -> Html:
    texts = {
        "questions 问题": [row.question for row in asked.sample],
        "answers 答案": [row.answer for row in asked.sample],
    }
    rows = [(name, *(f"{distinct(some, size):.3f}" for size in NGRAMS)) for name, some in texts.items()]
    told = (
        f"Different n-grams of characters by all n-grams in a sample of {counted(len(asked.sample), 'row')} "
        "(distinct-n): near 1 hardly anything comes twice. It sinks with the size of the sample, so compare it at the "
        "same size."
    )
    head = element("h3", "How varied it is ", element("span", "多样性", lang="zh"))
    names = ("", *(f"distinct-{size}#" for size in NGRAMS))
    return element(
        "div", head, element("p", told, class_="note"), table("Distinct n-grams", names, rows, "narrow"), class_="group"
    )


def _edges(asked: Asked) -> Html:
    """How questions begin and end: a model that was given one example likes to repeat it."""
    folded = [to_folded(row.question) for row in asked.sample]
    ends = {
        "Begins with": commonest(folded, lambda text: text[:ENDING_CHARS], OPENINGS),
        "Ends with": commonest(folded, lambda text: text[-ENDING_CHARS:], OPENINGS),
    }
    tables = [
        table(
            f"Questions: {name}",
            (name, "Questions#", "Share#"),
            [
                (element("span", piece, lang="zh"), f"{count:,}", percent(share_of(count, len(folded))))
                for piece, count in found
            ],
            "narrow",
        )
        for name, found in ends.items()
    ]
    head = element("h3", "Commonest openings and endings of questions")
    return element("div", head, element("div", *tables, class_="beside"), class_="group")


def _groups(asked: Asked) -> Html:
    repeated, largest = groups([row.question.partition("\n")[0] for row in asked.sample], GROUPS, WORDINGS)
    told = (
        f"{repeated:,} of {counted(len(asked.sample), 'question')} in the sample "
        f"({percent(share_of(repeated, len(asked.sample)))}) are the same as an earlier one, or nearly so: they "
        "share half of their character pairs. Answers may differ, where the passages do."
    )
    head = element("h3", "Questions that are nearly the same ", element("span", "近似问题", lang="zh"))
    rows = [(_first(group), f"{group.count:,}", _others(group)) for group in largest]
    grid = (
        table("Groups of questions", ("Question", "Questions#", "Other wordings"), rows, "groups stack")
        if rows
        else None
    )
    return element("div", head, element("p", told, class_="note"), grid, class_="group")


def _first(group: Group) -> Html:
    return element("span", cut(group.question, QUESTION_CHARS), lang="zh")


def _others(group: Group) -> Html | str:
    lines = [element("li", cut(text, QUESTION_CHARS)) for text in group.wordings]
    return element("ul", *lines, class_="plain", lang="zh") if lines else "the same words each time"
