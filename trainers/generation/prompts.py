"""Prompts out of a file: a line of text each, or rows of JSON with a prompt or messages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from builders.document import Message
from builders.sources.inputs import MIB
from builders.sources.rows import BadRow, Row, read_json
from builders.text.decode import decode
from trainers.evaluation.held_out import before_the_answer, prompt_of
from trainers.evaluation.predict import Prompt
from trainers.evaluation.trained import Described
from trainers.problems import some_of
from trainers.rows.seq2seq_tokens import source_of
from validators.errors import SikuError

MAX_LINE_BYTES = 64 * MIB
PROMPTS, REFERENCES = ("prompt", "question", "text"), ("reference", "answer")  # columns, the first that is there
JSON_SUFFIXES = (".jsonl", ".ndjson", ".json")
ROLES = ("system", "user", "assistant")


@dataclass(frozen=True, slots=True)
class Asked:
    """What a model is asked: a `text`, or `messages` where there are any; `reference` is what should come, if known."""

    id: str
    text: str
    messages: tuple[Message, ...] = ()
    reference: str = ""

    @property
    def conversation(self) -> tuple[Message, ...]:
        """As a chat model is asked: a text is what the user says."""
        return self.messages or ({"role": "user", "content": self.text},)

    def prompt(self, described: Described, *, as_text: bool) -> Prompt:
        """What a model goes on from, or reads where it has an encoder.

        With a chat template that is a conversation, unless `as_text`. Raises SikuError for messages without a template.
        """
        tokenizer = described.tokenizer
        if described.has_encoder:
            return Prompt(self.id, source_of(self.conversation).text, self.reference)
        if self.messages and not tokenizer.chat_template:
            raise SikuError("the tokenizer has no chat template", where=self.id, why="the prompt has messages")
        if self.messages or (tokenizer.chat_template and not as_text):
            return Prompt(self.id, prompt_of(tokenizer, self.conversation), self.reference)
        return Prompt(self.id, self.text, self.reference)


def read_prompts(file: Path, limit: int | None = None) -> list[Asked]:
    """`.jsonl` and `.json`: rows with `messages`, or with `prompt`, `question` or `text`; other files: a prompt a line.

    A conversation that ends with an assistant is asked for that turn. Raises SikuError (exit 2) naming rows without a
    prompt.
    """
    try:
        raw = file.read_bytes()
    except OSError as error:
        raise SikuError("the prompts cannot be read", where=str(file), why=error.strerror or str(error)) from error
    if file.suffix.lower() in JSON_SUFFIXES:
        found = [_asked(row) for row in read_json(raw, MAX_LINE_BYTES)]
    else:
        lines = [line.strip() for line in decode(raw).text.split("\n")]
        found = [Asked(str(number), line) for number, line in enumerate(lines, start=1) if line]
    if bad := [one for one in found if isinstance(one, str)]:
        raise SikuError(
            f"{len(bad)} rows of the prompts cannot be used",
            where=str(file),
            why=some_of(bad),
            next=f"rows with messages, or one of {', '.join(PROMPTS)}",
        )
    prompts = _distinct([one for one in found if isinstance(one, Asked)])
    if not prompts:
        raise SikuError("there is no prompt in the file", where=str(file))
    return prompts[:limit]


def _asked(row: Row | BadRow) -> Asked | str:
    """The prompt of a row; else what is wrong with it."""
    if isinstance(row, BadRow):
        return row.reason
    columns = row.columns
    name = str(columns.get("id") or row.number)
    reference = next((columns[key] for key in REFERENCES if isinstance(columns.get(key), str)), "")
    if columns.get("messages"):
        messages = _messages(columns["messages"])
        if not messages:
            return f"{row.place}: its messages are none"
        if messages[-1]["role"] == "assistant":
            before, reference = before_the_answer(messages)
            messages = tuple(before)
        return Asked(name, "", messages, reference) if messages else f"{row.place}: nothing before the answer"
    text = next((columns[key] for key in PROMPTS if isinstance(columns.get(key), str)), "")
    return Asked(name, text, (), reference) if text.strip() else f"{row.place}: no prompt"


def _messages(value: Any) -> tuple[Message, ...]:
    """Messages as a row has them; none where one of them is of no known role or has no text."""
    if not isinstance(value, list):
        return ()
    found: list[Message] = []
    for one in value:
        if not (isinstance(one, dict) and one.get("role") in ROLES and isinstance(one.get("content"), str)):
            return ()
        found.append({"role": one["role"], "content": one["content"]})
    return tuple(found)


def _distinct(prompts: Sequence[Asked]) -> list[Asked]:
    """Ids that several rows have are told apart by their number."""
    counts: dict[str, int] = {}
    found = []
    for one in prompts:
        counts[one.id] = counts.get(one.id, 0) + 1
        again = f"{one.id}~{counts[one.id]}" if counts[one.id] > 1 else one.id
        found.append(Asked(again, one.text, one.messages, one.reference))
    return found
