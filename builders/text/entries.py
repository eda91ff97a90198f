"""An entry of an encyclopedia: how it travels as a document, and how it is made plain."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import ClassVar

from builders.document import Document, Meta
from builders.steps import Edit
from builders.text.normalise import normalise
from builders.text.script import check_profile, to_simplified


@dataclass(slots=True)
class Section:
    """A heading and the paragraphs below it; without a heading, what comes before the first. Level 1 or deeper."""

    heading: str = ""
    level: int = 1
    paragraphs: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Entry:
    """What an encyclopedia says about one thing.

    `sense` is what tells entries of one title apart, None for the only one. `info` is the box of facts, in its order.
    """

    title: str
    sense: str | None = None
    summary: str = ""
    info: dict[str, str] = field(default_factory=dict)
    parts: list[Section] = field(default_factory=list)

    @property
    def sections(self) -> list[str]:
        return [part.heading for part in self.parts if part.heading]

    @property
    def paragraphs(self) -> list[str]:
        return [paragraph for part in self.parts for paragraph in part.paragraphs]


def entry_fields(entry: Entry) -> tuple[str, Meta]:
    """The text of an entry and its metadata: the text is summary and paragraphs, the rest says which lines are which.

    An entry that is nothing but a box has the facts as its text, one a line.
    """
    summary = entry.summary.split("\n") if entry.summary else []
    lines = [*summary, *(line for paragraph in entry.paragraphs for line in paragraph.split("\n"))]
    lines = lines or [f"{name}：{value}" for name, value in entry.info.items()]
    sections = [
        {"heading": part.heading, "level": part.level, "lines": sum(text.count("\n") + 1 for text in part.paragraphs)}
        for part in entry.parts
        if part.heading or part.paragraphs
    ]
    meta: Meta = {"title": entry.title, "sense": entry.sense, "info": dict(entry.info)}
    return "\n".join(lines), meta | {"summary_lines": len(summary), "sections": sections}


def entry_of(document: Document) -> Entry:
    """The entry in a document of `entry_fields`. Of any other text with a title, the first line is the summary."""
    meta = document.meta
    entry = Entry(str(meta.get("title") or "").strip(), _text_or_none(meta.get("sense")))
    info = meta.get("info")
    if isinstance(info, dict):
        entry.info = {str(name): value for name, value in info.items() if isinstance(value, str) and value.strip()}
    lines = document.text.split("\n")
    sections, in_summary = _sections(meta.get("sections")), meta.get("summary_lines")
    count = sum(lines_of for _, lines_of in sections)
    if isinstance(in_summary, int) and not in_summary and not count:
        return entry  # the text is the box
    if not isinstance(in_summary, int) or in_summary + count != len(lines):
        entry.summary = next((line.strip() for line in lines if line.strip()), "")
        return entry
    entry.summary = "\n".join(lines[:in_summary])
    for section, lines_of in sections:
        section.paragraphs = lines[in_summary : in_summary + lines_of]
        in_summary += lines_of
        entry.parts.append(section)
    return entry


def _sections(listed: object) -> list[tuple[Section, int]]:
    found: list[tuple[Section, int]] = []
    for item in listed if isinstance(listed, list) else []:
        if isinstance(item, dict) and isinstance(item.get("lines"), int) and item["lines"] >= 0:
            level = item.get("level")
            section = Section(str(item.get("heading") or ""), level if isinstance(level, int) else 1)
            found.append((section, item["lines"]))
    return found


def _text_or_none(value: object) -> str | None:
    return value.strip() or None if isinstance(value, str) else None


@dataclass(frozen=True, kw_only=True)
class PlainEntries(Edit):
    """Plain characters and simplified script in all of an entry: text, title, sense, box of facts and headings.

    A title or a fact is too short to tell its script, so the whole entry decides (see `to_simplified`); `profile` is
    its origin. Of characters and marks see `normalise`.
    """

    version: ClassVar[int] = 1
    by_turn: ClassVar[bool] = False
    profile: str = "auto"

    def __post_init__(self) -> None:
        check_profile(self.profile)

    def __call__(self, document: Document) -> Document:
        entry = entry_of(document)
        if document.messages is not None or entry_fields(entry)[0] != document.text:
            document.text = to_simplified(normalise(document.text).text, self.profile)
            return document
        document.text, changed = entry_fields(self._plain(entry))
        document.meta |= changed
        return document

    def _plain(self, entry: Entry) -> Entry:
        """All strings of the entry as one text of as many lines, so that they share a script, and back again."""
        lines: list[str] = []

        def take(text: str) -> str:
            lines.extend(_one_line(line) for line in text.split("\n"))
            return text

        _each_text(entry, take)
        plain = iter(to_simplified("\n".join(lines), self.profile).split("\n"))
        return _each_text(entry, lambda text: "\n".join(next(plain) for _ in text.split("\n")))


def _one_line(line: str) -> str:
    return " ".join(normalise(line).text.split("\n"))


def _each_text(entry: Entry, change: Callable[[str], str]) -> Entry:
    """The same entry with every string changed, in a fixed order."""
    changed = Entry(change(entry.title), None if entry.sense is None else change(entry.sense), change(entry.summary))
    changed.info = {change(name): change(value) for name, value in entry.info.items()}
    for part in entry.parts:
        heading = change(part.heading)
        changed.parts.append(Section(heading, part.level, [change(paragraph) for paragraph in part.paragraphs]))
    return changed
