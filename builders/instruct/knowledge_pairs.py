"""Entries of an encyclopedia to questions and answers, each entry asked in many ways."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import blake2b
from typing import ClassVar, NamedTuple, TypeVar

from builders.document import Document, Message, conversation
from builders.instruct.entry_types import entry_type
from builders.instruct.knowledge_forms import (
    DEFINITIONS,
    LONG_ANSWER,
    SECTIONS,
    SECTIONS_OF_PERSONS,
    EntryType,
    Form,
    fact_of,
)
from builders.steps import Split
from builders.text.entries import Entry, Section, entry_of
from builders.text.sentences import cut_blocks
from validators.characters import fold
from validators.errors import SikuError
from validators.step import Verdict

T = TypeVar("T")

_SENTENCE_ENDS = "。！？…”’」』）》】.!?"
_CUT_OFF = "，、；：,;:—-（("
_NAMES = frozenset(["中文名", "中文名称", "名称", "中文学名", "词目", "书名", "作品名称", "公司名称", "姓名"])
_SAYS_NOTHING = re.compile(r"[\W_]*(?:无|暂无|不详|未知|略|见正文|同上)?[\W_]*")
_NO_SECTION = re.compile(
    r"参考|外部链接|扩展阅读|延伸阅读|相关(?:链接|词条|视频|阅读)|图册|图集|目录|注释|附录|其他|其它|参见|编辑|词条"
    r"|^(?:如何|怎样|怎么|为什么|为何)|第.{1,4}[章节回集期]|[？?]|^\d+$"
)
_NUMBERED = re.compile(r"^[（(]?(?:[一二三四五六七八九十]{1,3}|\d{1,2})[）)、．.]\s*")
_DEFINES = re.compile(r"是|指|为|，|,|（")
_WITHOUT_SUBJECT = re.compile(r"是|指|为|即|，|位于|又称|简称|亦称|也称")
MAX_FIELD_CHARS, MAX_VALUE_CHARS, LONG_VALUE_CHARS, MAX_HEADING_CHARS = 10, 200, 24, 12
LEAST_SENTENCE_CHARS = 20


class Pair(NamedTuple):
    """A question about an entry and its answer; `form` is the question with X for the name and F for an odd field."""

    form: str
    question: str
    answer: str


@dataclass(frozen=True, kw_only=True)
class KnowledgePairs(Split):
    """Conversations of one question about an entry: what it is, its fields, its sections.

    Of `max_pairs`, up to `max_definitions` ask what the entry is, each in another way; the others are drawn from its
    fields and sections. `seed` and the entry's id decide how it is asked, not the order of entries. Answers are whole
    sentences of the entry, of at most `max_answer_chars`. The columns `entry_type` and `question_form` tell the form.
    """

    version: ClassVar[int] = 1
    max_pairs: int = 8
    max_definitions: int = 3
    max_answer_chars: int = 300
    min_answer_chars: int = 10
    system: str = ""  # a system message for all of them
    seed: int = 42

    def __post_init__(self) -> None:
        least = {"max_pairs": 1, "max_definitions": 0, "max_answer_chars": 20, "min_answer_chars": 1}
        mistakes = [
            f"{name} is {value}, must be at least {lowest}"
            for name, lowest in least.items()
            if (value := getattr(self, name)) < lowest
        ]
        if mistakes:
            raise SikuError("; ".join(mistakes), where="KnowledgePairs")

    def adds(self) -> Mapping[str, str]:
        return {"entry_type": "string", "question_form": "string"}

    def takes(self) -> frozenset[str]:
        return frozenset(["info", "sections", "summary_lines", "other_senses"])

    def __call__(self, document: Document) -> list[Document] | Verdict:
        entry = entry_of(document)
        if not entry.title:
            return Verdict("no title", "there is nothing to ask about")
        kind = entry_type(entry)
        meta = {name: value for name, value in document.meta.items() if name not in self.takes()}
        meta |= {"entry_type": kind, "parents": [document.id]}
        pairs = self._chosen(document.id, entry, kind)
        if not pairs:
            return Verdict("no answer", f"no field, and no text of {self.min_answer_chars} characters")
        return [
            conversation(f"{document.id}-{number:04d}", self._messages(pair), meta | {"question_form": pair.form})
            for number, pair in enumerate(pairs, start=1)
        ]

    def _messages(self, pair: Pair) -> list[Message]:
        system: list[Message] = [{"role": "system", "content": self.system}] if self.system.strip() else []
        return [*system, {"role": "user", "content": pair.question}, {"role": "assistant", "content": pair.answer}]

    def _chosen(self, id: str, entry: Entry, kind: EntryType) -> list[Pair]:
        definitions = self._definitions(id, entry, kind)
        details = self._shuffled(id, [*self._facts(id, entry, kind), *self._sections(id, entry, kind)])
        first = definitions[: min(self.max_definitions, self.max_pairs)]
        return [*first, *details[: self.max_pairs - len(first)]]

    def _shuffled(self, id: str, items: list[T]) -> list[T]:
        """In an order that depends on the seed, the entry and the items, but not on the order they come in."""

        def rank(item: T) -> bytes:
            name = f"{self.seed}\0{id}\0{item!r}"
            return blake2b(name.encode("utf-8", "surrogatepass"), digest_size=8).digest()

        return sorted(items, key=rank)

    def _definitions(self, id: str, entry: Entry, kind: EntryType) -> list[Pair]:
        whole, name = whole_sentences(definition(entry), self.max_answer_chars), called(entry, kind)
        if len(whole) < self.min_answer_chars:
            return []
        sentence = first_sentence(whole)
        forms = self._shuffled(id, list(DEFINITIONS[kind]))
        return [Pair(form.question, form.question.replace("X", name), _opened(form, whole, sentence)) for form in forms]

    def _facts(self, id: str, entry: Entry, kind: EntryType) -> Iterator[Pair]:
        name = called(entry, kind)
        for field, value in entry.info.items():
            value = value.strip("。；， ")
            if field in _NAMES or len(field) > MAX_FIELD_CHARS or not field.isalnum() or field.isascii():
                continue
            if len(value) > MAX_VALUE_CHARS or _SAYS_NOTHING.fullmatch(value) or value == entry.title:
                continue
            fact, is_known = fact_of(field)
            question = self._shuffled(f"{id}\0{field}", list(fact.questions))[0]
            answer = self._shuffled(f"{id}\0{field}", list(fact.answers))[0]
            form = question.replace("F", field) if is_known else question
            if not is_known and len(value) > LONG_VALUE_CHARS:
                answer = LONG_ANSWER
            yield Pair(form, _filled(question, name, field), _filled(answer, plain_name(entry, kind), field, value))

    def _sections(self, id: str, entry: Entry, kind: EntryType) -> Iterator[Pair]:
        name, answers = called(entry, kind), set[str]()
        for section in _with_text_below(entry.parts):
            heading = _NUMBERED.sub("", section.heading).strip()
            if not heading or len(heading) > MAX_HEADING_CHARS or _NO_SECTION.search(heading):
                continue
            answer = whole_sentences("\n".join(section.paragraphs), self.max_answer_chars)
            if len(answer) >= 2 * self.min_answer_chars and answer not in answers:
                answers.add(answer)
                forms = SECTIONS_OF_PERSONS if kind == "person" else SECTIONS
                question = self._shuffled(f"{id}\0{heading}", list(forms))[0]
                yield Pair(question, _filled(question, name, heading), answer)


def whole_sentences(text: str, max_chars: int) -> str:
    """Whole sentences from the beginning of a text, at most `max_chars` characters of it."""
    text = text.strip()
    cut = cut_blocks(text, max_chars)[0].strip() if text else ""
    if len(cut) < len(text) and cut[-1] not in _SENTENCE_ENDS:  # one sentence is too long
        cut = cut[: max(cut.rfind(mark) for mark in "；，、") + 1] or cut
    return finished(cut)


def first_sentence(text: str) -> str:
    """The first sentence of a text, with its marks; with the next one, if it says hardly anything (读作：rúchóng。)."""
    ends = (match.end() for match in re.finditer(r"[。！？][。！？”’」』）》】]*", text))
    return text[: next((end for end in ends if end >= LEAST_SENTENCE_CHARS), len(text))].rstrip()


def finished(text: str) -> str:
    """A text without the beginning of a sentence at its end, such as descriptions that a page cut short have."""
    if not text or (text[-1] in _SENTENCE_ENDS and not text.endswith(("...", "…"))):
        return text
    end = max(text.rfind(mark) for mark in "。！？")
    if end > 0 and (text[-1] in _CUT_OFF or text.endswith(("...", "…"))):
        return text[: end + 1]
    return text.rstrip(_CUT_OFF + "….") + "。"


def called(entry: Entry, kind: EntryType) -> str:
    """The name in a question. Where there are several senses of it, it says which."""
    name = plain_name(entry, kind)
    return f"{name}（{entry.sense}）" if entry.sense else name


def plain_name(entry: Entry, kind: EntryType) -> str:
    return f"《{entry.title}》" if kind == "work" and not re.search("[《》]", entry.title) else entry.title


def _filled(template: str, name: str, field: str, value: str = "") -> str:
    """A template with its capital letters replaced, in one go: what is put in may hold such letters, too."""
    filled = {"X": name, "F": field, "V": value}
    return re.sub("[XFV]", lambda match: filled[match[0]], template)


def _opened(form: Form, whole: str, sentence: str) -> str:
    return form.opening + (sentence if form.brief else whole)


def definition(entry: Entry) -> str:
    """What says what the entry is: its summary, else the first paragraph before all headings, if it names the entry."""
    text = entry.summary.strip()
    first = next((part for part in entry.parts if part.paragraphs), None)
    if not text and first and not first.heading:
        at = first.paragraphs[0][:40].find(entry.title)
        after = first.paragraphs[0][at + len(entry.title) :].lstrip("》”’")
        text = first.paragraphs[0] if at >= 0 and _DEFINES.match(after) else ""
    if _WITHOUT_SUBJECT.match(text):
        return entry.title + text
    return text if not text or speaks_of(text, entry.title) else f"{entry.title}：{text}"


def speaks_of(text: str, title: str) -> bool:
    """Whether two characters of the title in a row stand in a text; some summaries leave their subject out."""
    folded, of_text = fold(title), fold(text)
    return any(folded[at : at + 2] in of_text for at in range(max(len(folded) - 1, 1)))


def _with_text_below(parts: list[Section]) -> Iterator[Section]:
    """Sections; one that only holds others has their paragraphs."""
    for place, part in enumerate(parts):
        if part.paragraphs or not part.heading:
            yield part
            continue
        below: list[str] = []
        for other in parts[place + 1 :]:
            if other.level <= part.level:
                break
            below += other.paragraphs
        yield Section(part.heading, part.level, below)
