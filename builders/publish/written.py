"""The parts of the report about what a model wrote: what was taken, what was refused and why, the best, the worst."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby, islice, pairwise
from pathlib import Path

import orjson

from builders.document import are_messages
from builders.publish.asked import count_asked
from builders.publish.charts import Column, column_chart, share_bar
from builders.publish.excerpts import NAME_CHARS, RULES, label
from builders.publish.figures import Writing, counted, most_frequent, percent, share_of
from builders.publish.page import Html, Section, chinese, cut, element, join, section, table
from builders.publish.questions import questions_section
from builders.publish.samples import Row, Shown, Tables
from builders.steps import Specimen
from validators.grounding import supporting_span

STYLE = Path(__file__).with_name("written.css")
REFUSED, REPLY, NO_REPLY, FORGIVEN, REPAIRED = "refused: ", "reply: ", "no reply: ", "forgiven: ", "repaired"
NO_SAMPLE = "no valid sample: "  # how the reason of most dead letters begins
CHECKS, EXAMPLES_A_CHECK = 20, 2
LETTERS_A_REASON, HISTORY = 2, 4
PASSAGE_CHARS = 420
VALUE_CHARS = 160
REPLY_CHARS = 120
_REPLIES = re.compile(r"in (\d+) replies")


def written_sections(folder: Path, columns: Mapping[str, str], writing: Writing, shown: Shown) -> list[Section]:
    """All that is told of a dataset whose rows a model wrote, beside what is told of any."""
    asked = count_asked(folder, columns, numbered=writing.samples > writing.answered)
    sections = [
        acceptance_section(writing, asked.attempts, _dead_attempts(folder, writing.name), shown),
        questions_section(asked),
        specimens_section(writing),
        dead_section(writing, folder, shown),
    ]
    return [one for one in sections if one]


def acceptance_section(writing: Writing, attempts: Counter[int], dead: Counter[int], shown: Shown) -> Section:
    """How much of what the model said was taken, what was refused by which check, and how often it had to be asked."""
    notes = writing.step.tally.notes
    refused = [(name.removeprefix(REFUSED), count) for name, count in most_frequent(notes) if name.startswith(REFUSED)]
    repaired = notes.get(REPAIRED, 0)
    replies = sum(tries * count for tries, count in attempts.items())
    told = (
        f"{writing.model} was asked about {counted(writing.passages, 'passage')} under the prompt {writing.prompt}. "
        f"{writing.answered:,} were answered, in {replies:,} replies; {repaired:,} passages after the model had been "
        f"told what was wrong with its reply. Passages without a valid sample (dead letters): {writing.dead:,}."
    )
    return section(
        "written",
        "Written by a model",
        "模型生成",
        element("p", told, class_="lead"),
        element("h3", "Rows made, and samples refused"),
        _samples(writing.samples, refused),
        _refused_examples(writing.name, refused, shown),
        _replies(notes),
        _attempts(attempts, dead),
    )


def _samples(taken: int, refused: Sequence[tuple[str, int]]) -> Html:
    total = taken + sum(count for _, count in refused)
    rows: list[tuple[object, ...]] = [
        ("rows made", share_bar(share_of(taken, total)), f"{taken:,}", percent(share_of(taken, total)))
    ]
    for name, count in refused[:CHECKS]:
        share = share_of(count, total)
        rows.append((_words(name), share_bar(share, "dropped"), f"{count:,}", percent(share)))
    if rest := refused[CHECKS:]:
        count = sum(count for _, count in rest)
        rows.append((f"{len(rest):,} other checks", None, f"{count:,}", percent(share_of(count, total))))
    return table("Rows and refused samples", ("Verdict of the checks", "", "Samples#", "Share#"), rows, "bars verdicts")


def _words(check: str) -> str:
    return cut(check.replace("_", " "), NAME_CHARS)


def _refused_examples(step: str, refused: Sequence[tuple[str, int]], shown: Shown) -> Html | None:
    cards = []
    for name, _ in refused[:CHECKS]:
        rows = shown.evidence.get((step, REFUSED + name), ())
        different = list({row.id: row for row in rows}.values())[:EXAMPLES_A_CHECK]
        cards += [_refused_card(_words(name), row) for row in different]
    return element("div", *cards, class_="columns group") if cards else None


def _refused_card(check: str, row: Row) -> Html:
    sample, _, why = row.text.partition("\n")
    return element(
        "div",
        element("div", element("span", check, class_="badge removed"), class_="head"),
        element("div", cut(why, 2 * NAME_CHARS), class_="reason", lang="zh"),
        _sample(sample),
        element("code", cut(row.id, NAME_CHARS)),
        class_="card",
    )


def _sample(text: str) -> Html:
    """A sample that was kept as JSON: its question and answer, or whatever it holds."""
    try:
        sample = orjson.loads(text)
    except ValueError:  # its end was cut off
        return chinese(cut(text, 2 * VALUE_CHARS))
    if not isinstance(sample, dict):
        return chinese(cut(text, 2 * VALUE_CHARS))
    if are_messages(sample.get("messages")):
        lines = (f"{one['role']}: {cut(str(one['content']), VALUE_CHARS)}" for one in sample["messages"])
        return chinese("\n".join(lines))
    values = {name: value if isinstance(value, str) else orjson.dumps(value).decode() for name, value in sample.items()}
    if {"question", "answer"} >= values.keys():
        return _question(values.get("question", ""), values.get("answer", ""))
    return chinese("\n".join(f"{name}: {cut(value, VALUE_CHARS)}" for name, value in values.items()))


def _turns(turns: Sequence[str], number: int) -> Html:
    """A conversation in turns, the first of them with its number."""
    pairs = list(zip(turns[::2], [*turns[1::2], ""], strict=False))
    return element(
        "div", *(_question(*pair, number if not place else None) for place, pair in enumerate(pairs)), class_="turns"
    )


def _question(question: str, answer: str, number: int | None = None) -> Html:
    head = element("span", f"{number}", class_="number") if number else None
    return element(
        "div",
        element("div", head, element("strong", cut(question, VALUE_CHARS)), class_="question"),
        element("div", cut(answer, 2 * VALUE_CHARS)),
        class_="text",
        lang="zh",
    )


def _replies(notes: Mapping[str, int]) -> Html | None:
    """What was wrong with replies as a whole, and what was forgiven to read them."""
    kinds = {REPLY: "fault of the whole: ", NO_REPLY: "no reply: ", FORGIVEN: "forgiven: "}
    rows = [
        (kinds[prefix] + _words(name.removeprefix(prefix)), f"{count:,}")
        for prefix in kinds
        for name, count in most_frequent(notes)
        if name.startswith(prefix)
    ]
    if not rows:
        return None
    grid = table("Replies", ("What was odd about a reply", "Replies#"), rows[:CHECKS], "narrow")
    return element("div", element("h3", "Replies as a whole"), grid, class_="group")


def _attempts(attempts: Counter[int], dead: Counter[int]) -> Html | None:
    if not attempts:
        return None
    most = max(attempts)
    columns = [Column(f"{tries}", attempts[tries], counted(tries, "attempt")) for tries in range(1, most + 1)]
    name = f"Answered passages by the replies that they took: {attempts.total():,}"
    told = "Passages by the number of replies of the model until there were enough valid samples."
    chart = column_chart("attempts", name, told, columns, "kept", "passages")
    lines = ", ".join(
        f"{count:,} after {counted(tries, 'reply').replace('replys', 'replies')}"
        for tries, count in sorted(dead.items())
    )
    note = element("p", f"Dead letters: {lines}.", class_="note") if dead else None
    return element("figure", element("figcaption", name), chart, note, class_="group")


# ---------------------------------------------------------------- the best and the worst


def specimens_section(writing: Writing) -> Section | None:
    """Passages beside what was made of them."""
    specimens = writing.step.tally.specimens
    if not specimens:
        return None
    lead = (
        "Passages beside the samples that were taken of them. What supports an answer is marked in the passage, with "
        "the number of the sample behind it. A later step may have removed some as duplicates."
    )
    groups = [
        join([element("h3", kind[:1].upper() + kind[1:]), *(_specimen(one) for one in group)])
        for kind, group in groupby(specimens, lambda one: one.kind)
    ]
    return section("specimens", "The best and the worst", "优劣样例", element("p", lead, class_="lead"), *groups)


def _specimen(one: Specimen) -> Html:
    made = one.made
    samples = [turns for turns in made.get("samples", ()) if turns]
    spans = [
        (number, span)
        for number, turns in enumerate(samples, start=1)
        for answer in turns[1::2]
        if (span := supporting_span(one.text, answer))
    ]
    passage = element("div", mark_spans(one.text, spans), class_="text", lang="zh")
    refused = [
        element("div", element("div", cut(why, NAME_CHARS), class_="reason", lang="zh"), _sample(sample))
        for sample, why in made.get("refused", ())
    ]
    attempts = made.get("attempts", 1)
    told = f"{attempts:,} {'reply' if attempts == 1 else 'replies'}, {counted(len(samples), 'sample')} taken"
    head = element("div", element("span", told, class_="badge"), class_="head")
    right = element(
        "div",
        head,
        *(_turns(turns, number) for number, turns in enumerate(samples, start=1)),
        element("h4", f"{made['refusals']:,} refused") if refused else None,
        *refused,
        class_="card",
    )
    left = element("div", passage, element("code", cut(one.id, NAME_CHARS)), class_="card")
    return element("div", left, right, class_="pair")


def mark_spans(text: str, numbered: Iterable[tuple[int, tuple[int, int]]]) -> Html:
    """The text with spans marked, each with its number behind it; they may overlap."""
    numbered = list(numbered)
    ends: defaultdict[int, list[int]] = defaultdict(list)
    for number, (_, end) in numbered:
        ends[end].append(number)
    borders = sorted({0, len(text), *(place for _, span in numbered for place in span)})
    parts: list[object] = []
    for start, end in pairwise(borders):
        inside = any(first <= start and end <= last for _, (first, last) in numbered)
        parts.append(element("mark", text[start:end]) if inside else text[start:end])
        if end in ends:
            parts.append(element("sup", " ".join(map(str, dict.fromkeys(ends[end]))), class_="number"))
    return join(parts)


# ---------------------------------------------------------------- dead letters


def dead_section(writing: Writing, folder: Path, shown: Shown) -> Section | None:
    """Passages that got no valid sample: by reason, some with all that was refused."""
    if not writing.dead:
        return None
    rules = writing.step.rules
    letters = {rule: shown.by_rule.get((writing.name, rule), ())[:LETTERS_A_REASON] for rule, _ in rules[:RULES]}
    histories = _histories(folder, writing.name, {row.id for rows in letters.values() for row in rows})
    rows = [
        (
            _words(rule.removeprefix(NO_SAMPLE)),
            share_bar(share_of(count, writing.dead), "dropped"),
            f"{count:,}",
            percent(share_of(count, writing.dead)),
        )
        for rule, count in rules[:RULES]
    ]
    told = (
        f"{counted(writing.dead, 'passage')} of {writing.passages:,} got no valid sample, whatever was tried. They are "
        "in dropped/ with their reasons, what was refused is in evidence/, and siku inspect tells each with prompt "
        "and replies. The reason that is counted is the verdict met most often."
    )
    cards = [_letter(row, histories.get(row.id, ())) for rule, _ in rules[:RULES] for row in letters[rule]]
    return section(
        "dead",
        "Dead letters",
        "死信",
        element("p", told, class_="lead"),
        table("Dead letters by reason", ("Reason", "", "Passages#", "Share#"), rows, "bars verdicts"),
        element("div", *cards, class_="columns group"),
    )


def _histories(folder: Path, step: str, ids: set[str]) -> dict[str, list[Row]]:
    """What was noted about these passages, in order."""
    tables = Tables(folder)
    places = [place for place, name, by in tables.scan("evidence", "id", "step") if name in ids and by == step]
    rows = tables.fetch(places)
    histories: dict[str, list[Row]] = {}
    for place in places:
        histories.setdefault(rows[place].id, []).append(rows[place])
    return histories


def _letter(row: Row, history: Sequence[Row]) -> Html:
    name = label(row.meta)
    shown = [_event(one) for one in islice(history, HISTORY)]
    more = len(history) - len(shown)
    return element(
        "div",
        element("div", element("strong", name, lang="zh"), class_="head") if name else None,
        element("div", cut(row.reason, 2 * NAME_CHARS), class_="reason"),
        chinese(row.text[:PASSAGE_CHARS].strip(), row.chars if row.chars > PASSAGE_CHARS else None),
        *shown,
        element("div", f"and {more:,} more", class_="note") if more > 0 else None,
        element("code", cut(row.id, NAME_CHARS)),
        class_="card",
    )


def _event(note: Row) -> Html:
    kind = str(note.meta.get("kind", ""))
    sample, _, why = note.text.partition("\n")
    if kind.startswith(REFUSED):
        return element(
            "div", element("div", cut(why, NAME_CHARS), class_="reason", lang="zh"), _sample(sample), class_="event"
        )
    return element(
        "div",
        element("div", _words(kind), class_="reason"),
        chinese(cut(note.text.strip(), REPLY_CHARS)),
        class_="event",
    )


def _dead_attempts(folder: Path, step: str) -> Counter[int]:
    """Dead letters by the replies that were had for them."""
    reasons = (reason for _, by, reason in Tables(folder).scan("dropped", "step", "reason") if by == step)
    return Counter(int(found[1]) for reason in reasons if (found := _REPLIES.search(reason)))
