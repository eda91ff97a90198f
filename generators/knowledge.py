"""Entries of an encyclopedia, each asked in many ways: by templates and in the words of a model."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, cast

from builders.document import Document, Message, Meta
from builders.instruct.entry_types import entry_type
from builders.instruct.knowledge_forms import DEFINITIONS, EntryType, Form
from builders.instruct.knowledge_pairs import called, definition, first_sentence, speaks_of, whole_sentences
from builders.instruct.wordings import draw
from builders.sources.baike_page import split_sense
from builders.steps import Split
from builders.text.entries import Entry, entry_of
from generators.question_answers import prepared
from generators.task import (
    Candidates,
    JsonSchema,
    Passage,
    Sample,
    Task,
    object_schema,
    read_range,
    reading_error,
    two_turns,
)
from validators.entry_questions import check_entry_question, check_official_tone, masked
from validators.errors import SikuError
from validators.folding import count_characters, to_folded
from validators.grounding import check_grounding
from validators.pointers import find_pointer
from validators.qa_pairs import check_pairs
from validators.replies import parse_objects
from validators.step import Verdict

_LIST_OF_SENSES = re.compile(r"(?:可以?|可能)(?:是?指|指的是)[^。]{0,20}$|^[^。]*[：:]$")
_ANY_LENGTH = 1 << 30
_RANKS = 1 << 62
_WHAT_IS_ASKED: Mapping[EntryType, str] = {
    "person": "X是谁",
    "place": "X是什么地方",
    "work": "X是什么作品",
    "word": "X是什么意思",
    "event": "X是怎么回事",
}


@dataclass(frozen=True, kw_only=True)
class Entries(Split):
    """Of an entry what says what it is: summary or first paragraph, at most `max_chars` characters in whole sentences.

    The id stays. `title` loses the sense that Wikipedia writes behind it, `渡口 (交通)`, to `sense`; `entry_type` is
    the kind of thing. Refused: what has no title or no such text of `min_chars`, and lists of what a title may mean.
    """

    version: ClassVar[int] = 1
    max_chars: int = 800
    min_chars: int = 15
    warn_share: float = 1.0  # most of an entry is not its definition
    stop_share: float = 1.0

    def __post_init__(self) -> None:
        if self.max_chars < 50 or not 1 <= self.min_chars <= self.max_chars:
            raise SikuError("max_chars must be at least 50, min_chars from 1 to max_chars", where="steps.Entries")

    def adds(self) -> Mapping[str, str]:
        return {"entry_type": "string", "sense": "string"}

    def takes(self) -> frozenset[str]:
        return frozenset(["info", "sections", "summary_lines", "other_senses"])

    def __call__(self, document: Document) -> list[Document] | Verdict:
        entry = entry_of(document)
        if not entry.title:
            return Verdict("no title", "there is nothing to ask about")
        if not entry.sense:
            entry.title, entry.sense = split_sense(entry.title)
        whole = _what_it_is(document, entry).strip()
        if _LIST_OF_SENSES.search(whole):
            return Verdict("list of senses", whole[:40])
        text = whole_sentences(whole, self.max_chars)
        if text and not speaks_of(first_sentence(text), entry.title):
            text = f"{entry.title}：{text}"
        if len(text) < self.min_chars:
            return Verdict("no definition", f"{len(text)} characters, {self.min_chars} are needed")
        meta = {name: value for name, value in document.meta.items() if name not in self.takes()}
        meta |= {"title": entry.title, "sense": entry.sense, "entry_type": entry_type(entry)}
        return [Document(document.id, text, meta)]


def _what_it_is(document: Document, entry: Entry) -> str:
    """The definition of an entry; without a plain one, the first paragraph before all headings that names it."""
    names = (to_folded(entry.title), to_folded(f"{entry.title}{entry.sense}"))
    text = definition(entry)
    if to_folded(text) not in ("", *names):
        return text
    first = entry.parts[0] if entry.parts else None
    lines = document.text.split("\n") if first is None else [] if first.heading else first.paragraphs
    return next((line for line in lines if to_folded(line) not in names and speaks_of(line, entry.title)), "")


@dataclass(frozen=True, kw_only=True)
class EntryQuestions(Task):
    """What an entry is, asked in three to six ways: `templates` is the share of fixed wordings, the model has the rest.

    `seed` and the entry's id decide which templates it gets, not the order of entries. Its answer is `rewritten` by the
    model in an even, official tone and checked against the entry, or is whole sentences of the `source`. One request an
    entry. `question_form` is the question with X for the name, `wording` whether it is of a template or of the model.
    """

    version: ClassVar[int] = 1
    schema: ClassVar[JsonSchema] = {
        **object_schema({"question": {"type": "string"}, "answer": {"type": "string"}}),
        "required": ["question"],
    }
    many: ClassVar[str] = "questions"
    system: ClassVar[str] = "你是严谨的中文百科编辑。只根据给出的原文写作，不使用原文以外的知识。"

    pairs: str = "3-6"
    templates: float = 0.5
    answers: Literal["rewritten", "source"] = "rewritten"
    chars_per_pair: int = 30
    max_question_chars: int = 20
    max_answer_chars: int = 300
    min_answer_chars: int = 10
    seed: int = 42

    def mistakes(self) -> list[str]:
        mistakes = super().mistakes()
        try:
            read_range(self.pairs)
        except ValueError as error:
            mistakes.append(f"pairs: {error}")
        if not 0 <= self.templates < 1:
            mistakes.append(
                f"templates is {self.templates}, must be at least 0 and below 1; else nothing is to be asked"
            )
        if self.answers not in ("rewritten", "source"):
            mistakes.append(f"answers is {self.answers!r}, must be 'rewritten' or 'source'")
        for name in ("chars_per_pair", "max_question_chars", "max_answer_chars", "min_answer_chars"):
            if getattr(self, name) < 1:
                mistakes.append(f"{name} is {getattr(self, name)}, must be at least 1")
        return mistakes

    def adds(self) -> Mapping[str, str]:
        return {**super().adds(), "question_form": "string", "wording": "string"}

    # ------------------------------------------------------------ how many

    def _ways(self, text: str) -> tuple[int, int]:
        """How many templates an entry is asked by, and how many ways the model is to find."""
        low, high = read_range(self.pairs)
        ways = min(high, max(low, round(len(text) / self.chars_per_pair)))
        by_template = min(int(ways * self.templates), ways - 1)
        return by_template, ways - by_template

    def how_many(self, text: str) -> tuple[int, int]:
        by_template, wanted = self._ways(text)
        return wanted, max(1, wanted - 1, read_range(self.pairs)[0] - by_template)

    # ------------------------------------------------------------ what is asked of the model

    def prompt(self, passage: Passage, wanted: int, earlier: Sequence[Sample]) -> str:
        entry, kind = entry_in(passage)
        name = called(entry, kind)
        about = _WHAT_IS_ASKED.get(kind, "X是什么").replace("X", entry.title)
        known = "".join([*_templates(passage), *(sample["question"] for sample in earlier)])
        sense = f"；要让人看得出问的是“{entry.sense}”" if entry.sense else ""
        rules = [
            f"每种问法都在问“{about}”这一件事，只是说法不同：可以直接问，可以请人介绍或解释，也可以设想一个提问的场合；"
            "不问时间、数量、原因等细节。",
            f"每种问法都写出“{entry.title}”{sense}；不用“他”“她”“它”“其”“该”“此”“这”“那”等代词，"
            f"也不说“文中”“原文”；除名称以外不超过 {self.max_question_chars} 个字（标点不计）。",
            f"问法互不相同，也不与已有的问法相同：{known}",
        ]
        if self.answers == "rewritten":
            rules.append(
                "答案用自己的话改写原文，但只能来自原文；数字、人名、地名、单位、肯定与否定都与原文一致；"
                f"第一句就写出“{entry.title}”；语气平实、正式，像百科条目，不用感叹、反问、口语，不用“我”“你”；"
                f"答案不超过 {self.max_answer_chars} 个字（标点不计）。"
            )
        rules.append(f"只输出 JSON，不要输出其他文字：{self._form(wanted)}")
        also = "，再把原文改写成答案" if self.answers == "rewritten" else ""
        listed = "\n".join(f"{number}. {rule}" for number, rule in enumerate(rules, start=1))
        return (
            f"请为百科词条写出 {wanted} 种问法{also}。\n\n要求：\n{listed}\n\n"
            f"<词条>{name}</词条>\n<原文>\n{passage.text.strip()}\n</原文>"
        )

    def _form(self, wanted: int) -> str:
        questions = ", ".join(['"……"'] * min(2, wanted))
        answer = ', "answer": "……"' if self.answers == "rewritten" else ""
        return f'{{"questions": [{questions}]{answer}}}'

    def reply_schema(self, wanted: int) -> JsonSchema:
        several = {"type": "array", "items": {"type": "string"}, "minItems": wanted, "maxItems": wanted}
        answer: dict[str, JsonSchema] = {"answer": {"type": "string"}} if self.answers == "rewritten" else {}
        return object_schema({self.many: several, **answer})

    def feedback(self, faults: Sequence[str], accepted: int, missing: int) -> str:
        """An answer is shared by all its questions, and its faults are told once."""
        told = dict.fromkeys(re.sub(r"^\$\.questions\[\d+\]：(?=答案)", "$.answer：", fault) for fault in faults)
        kept = f"已经合格的问法有 {accepted} 种，不必再写。" if accepted else ""
        also = "，并写出答案" if self.answers == "rewritten" else ""
        lines = "\n".join(f"- {fault}" for fault in told)
        return (
            f"上面的回答不能全部采用：\n{lines}\n{kept}请再写 {missing} 种问法{also}，没有问题的可以照写，"
            f"要求不变，只输出 JSON：{self._form(missing)}"
        )

    # ------------------------------------------------------------ what counts as an answer

    def read(self, text: str) -> Candidates:
        parsed = parse_objects(text)
        answer = next((one for value in parsed.values if isinstance(one := _first(value, _ANSWER), str)), None)
        samples = [way for value in parsed.values for way in _ways_in(value, answer)]
        return Candidates(tuple(samples), reading_error(parsed.error, len(samples)), parsed.liberties)

    def shape(self, sample: Sample) -> list[Verdict]:
        return []  # `read` takes nothing but strings

    def check(self, passage: Passage, samples: Sequence[Sample], earlier: Sequence[Sample]) -> list[list[Verdict]]:
        entry, kind = entry_in(passage)
        known = [*_templates(passage), *(sample["question"] for sample in earlier)]
        pairs = [(masked(sample["question"], entry.title), self._answer(passage, sample)) for sample in samples]
        asked = [masked(question, entry.title) for question in known]
        ready = prepared(passage.text)
        general = check_pairs(ready, pairs, _ANY_LENGTH, self.max_answer_chars, asked)
        of_answers = {answer: self._check_answer(passage, entry, answer) for _, answer in pairs}
        return [
            found
            + check_entry_question(sample["question"], entry.title, entry.sense or "", kind, self.max_question_chars)
            + ([] if any(one.check == "empty" for one in found) else of_answers[answer])
            for found, sample, (_, answer) in zip(general, samples, pairs, strict=True)
        ]

    def _check_answer(self, passage: Passage, entry: Entry, answer: str) -> list[Verdict]:
        if self.answers == "source":
            return []
        unsupported = check_grounding(prepared(passage.text), f"什么是{entry.title}？", answer)
        found = [
            Verdict(one.check, f"{'' if one.why.startswith('答案') else '答案不对：'}{one.why}") for one in unsupported
        ]
        if not speaks_of(first_sentence(answer), entry.title):
            found.append(Verdict("unnamed_answer", f"答案的第一句没有写出“{entry.title}”"))
        if (count := count_characters(answer)) < self.min_answer_chars:
            found.append(Verdict("too_short_answer", f"答案只有 {count} 个字，至少 {self.min_answer_chars} 个字"))
        if pointer := find_pointer(answer, passage.text):
            found.append(Verdict("points_at_text", f"答案里的“{pointer}”提到了原文；答案要能单独看懂"))
        if informal := check_official_tone(answer, passage.text):
            found.append(informal)
        return found

    # ------------------------------------------------------------ rows

    def _answer(self, passage: Passage, sample: Sample) -> str:
        if self.answers == "source":
            return whole_sentences(passage.text, self.max_answer_chars)
        return str(sample.get("answer", "")).strip()

    def rows(self, passage: Passage, samples: Sequence[Sample]) -> list[tuple[list[Message], Meta]]:
        """The templates that the entry gets, then the ways of the model."""
        entry, kind = entry_in(passage)
        name, answer = called(entry, kind), self._answer(passage, samples[0])
        forms = sorted(DEFINITIONS[kind], key=lambda form: draw(self.seed, f"{passage.id}\0{form.question}", _RANKS))
        return [
            (two_turns(form.question.replace("X", name), _opened(form, answer)), _told(form.question, "template"))
            for form in forms[: self._ways(passage.text)[0]]
        ] + [self.row(passage, sample) for sample in samples]

    def row(self, passage: Passage, sample: Sample) -> tuple[list[Message], Meta]:
        entry, kind = entry_in(passage)
        question, answer = sample["question"], self._answer(passage, sample)
        form = masked(question.replace(called(entry, kind), "X"), entry.title)
        return two_turns(question, _opened(Form(form, brief="一句话" in form), answer)), _told(form, "model")


def entry_in(passage: Passage) -> tuple[Entry, EntryType]:
    """The entry that a passage of `Entries` is about, and its kind."""
    kind = passage.meta.get("entry_type")
    known = cast(EntryType, kind) if kind in DEFINITIONS else "concept"
    return Entry(passage.title, passage.meta.get("sense") or None), known


def _templates(passage: Passage) -> list[str]:
    """Every template for this entry: what the model finds is to be something else."""
    entry, kind = entry_in(passage)
    return [form.question.replace("X", called(entry, kind)) for form in DEFINITIONS[kind]]


def _opened(form: Form, answer: str) -> str:
    return form.opening + (first_sentence(answer) if form.brief else answer)


def _told(form: str, wording: str) -> Meta:
    return {"question_form": form, "wording": wording}


_QUESTIONS, _QUESTION, _ANSWER = ("questions", "问法", "问题"), ("question", "问法", "问题"), ("answer", "答案", "回答")


def _first(value: Mapping[str, Any], names: tuple[str, ...]) -> Any:
    return next((value[name] for name in names if name in value), None)


def _ways_in(value: Mapping[str, Any], answer: str | None) -> list[Sample]:
    """The questions of an object, each with its answer: a list of strings, of objects, or one question by itself."""
    listed = _first(value, _QUESTIONS)
    if not isinstance(listed, list):
        listed = [value]
    ways: list[Sample] = []
    for one in listed:
        question = _first(one, _QUESTION) if isinstance(one, dict) else one
        own = _first(one, _ANSWER) if isinstance(one, dict) else None
        if isinstance(question, str):
            given = own if isinstance(own, str) else answer
            ways.append({"question": question.strip()} | ({} if given is None else {"answer": given.strip()}))
    return ways
