"""Conversations to ids as the chat template writes them, and which of them are learnt."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from itertools import chain
from typing import TYPE_CHECKING, Any, NamedTuple

from builders.document import Message
from trainers.alignment import Aligned, Aligner
from trainers.dataset import Kind
from trainers.tokens import Encoded, plain_backend
from validators.errors import SikuError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_SIGN = "\n \ue0f5{}\ue0f5 \n"  # stands for a message's text while a template is looked at; none is like it
Span = tuple[int, int]  # from one character of what the template wrote to another


class Written(NamedTuple):
    """A conversation as the template writes it, what of that is learnt, and the fault (of FAULTS), if there is one."""

    text: str
    learnt: list[Span]
    fault: str = ""


class Frame(NamedTuple):
    """What a template writes before each message and after the last; the stop token after each, with space before."""

    literals: list[str]
    stops: list[str]


class ChatEncoder:
    """Conversations to the ids of the chat template, with loss on every assistant turn and its stop token.

    A template may mark the turns with `{% generation %}` or not: the text of a turn is found in what it writes, and the
    special token after it ends it. `stop_ids` are the stop tokens of the conversations encoded so far.
    """

    kind: Kind = "messages"

    def __init__(self, tokenizer: Any) -> None:
        """Raises SikuError (exit 2) for a tokenizer without a chat template."""
        if not tokenizer.chat_template:
            raise SikuError(
                "the tokenizer has no chat template",
                where=str(tokenizer.name_or_path),
                why="it is what makes tokens of messages",
                next="--set chat_template_path=FILE, or --model with a chat model",
            )
        self.tokenizer = tokenizer
        self.compiled = _compiled(tokenizer.get_chat_template())
        self.aligner = Aligner(plain_backend(tokenizer))
        self.special = {one.content: number for number, one in tokenizer.added_tokens_decoder.items() if one.special}
        longest_first = sorted(self.special, key=len, reverse=True)
        self.stop = re.compile(rf"\s*({'|'.join(map(re.escape, longest_first)) or '(?!)'})")
        self.stop_ids: set[int] = set()
        self.frame = lru_cache(maxsize=1024)(self._frame)

    def encode(self, conversations: Sequence[Sequence[Message]]) -> list[Encoded]:
        """Ids, loss marks and learnt characters of each conversation."""
        written = self.write(conversations)
        tokens = self.aligner.encode([one.text for one in written])
        marks = _mark_tokens(tokens, written)
        starts = tokens.starts.tolist()
        encoded: list[Encoded] = []
        for messages, one, start, end in zip(conversations, written, starts, starts[1:], strict=False):
            characters = sum([len(message["content"]) for message in messages if message["role"] == "assistant"])
            fault = one.fault or ("" if one.learnt else "empty")
            encoded.append(Encoded(tokens.ids[start:end], marks[start:end], characters, fault))
        return encoded

    def write(self, conversations: Sequence[Sequence[Message]]) -> list[Written]:
        """What the template makes of each conversation."""
        import jinja2

        try:
            texts: list[str] = self._render(conversations)
        except jinja2.TemplateError:
            if len(conversations) == 1:
                return [Written("", [], "refused")]
            return list(chain.from_iterable(self.write([messages]) for messages in conversations))
        return [self._learnt(messages, text) for messages, text in zip(conversations, texts, strict=True)]

    def _render(self, conversations: Sequence[Sequence[Message]]) -> list[str]:
        """What `apply_chat_template(tokenize=False)` gives, in half the time: messages need not be made plain first."""
        given: dict[str, Any] = {**self.tokenizer.special_tokens_map, "tools": None, "documents": None}
        given["add_generation_prompt"] = False
        return [self.compiled.render(messages=messages, **given) for messages in conversations]

    def _learnt(self, messages: Sequence[Message], text: str) -> Written:
        spans = self._as_given(messages, text)
        if spans is not None:
            return Written(text, spans) if all(end for _, end in spans) else Written(text, [], "endless")
        turns = self._as_prompted(messages, text)
        if turns is None:
            return Written(text, [], "changed")
        stops = [self.stop.match(text, end) for _, end in turns]
        learnt = [(start, stop.end()) for (start, _), stop in zip(turns, stops, strict=True) if stop]
        if len(learnt) < len(turns):
            return Written(text, [], "endless")
        self.stop_ids.update(self.special[stop[1]] for stop in stops if stop)
        return Written(text, learnt)

    def _as_given(self, messages: Sequence[Message], text: str) -> list[Span] | None:
        """The learnt spans where the template writes every message as it is, or without the space around it.

        A turn that no stop token ends has the end 0. None where the template does something else to the texts.
        """
        frame = self.frame(tuple([message["role"] for message in messages]))
        if frame is None:
            return None
        parts = [message["content"] for message in messages]
        if "".join(chain.from_iterable(zip(frame.literals, [*parts, ""], strict=True))) != text:
            parts = [part.strip() for part in parts]
            if "".join(chain.from_iterable(zip(frame.literals, [*parts, ""], strict=True))) != text:
                return None
        spans: list[Span] = []
        place = 0
        for literal, part, stop, message in zip(frame.literals, parts, frame.stops, messages, strict=False):
            place += len(literal)
            if message["role"] == "assistant":
                spans.append((place, place + len(part) + len(stop) if stop else 0))
            place += len(part)
        return spans

    def _as_prompted(self, messages: Sequence[Message], text: str) -> list[Span] | None:
        """Turns that the template changes: each from the end of its prompt to the first special token."""
        import jinja2

        spans: list[Span] = []
        for place, message in enumerate(messages):
            if message["role"] != "assistant":
                continue
            before = list(messages[:place])
            try:
                without = self._render([before])[0]
                prompt = str(self.tokenizer.apply_chat_template(before, tokenize=False, add_generation_prompt=True))
            except (jinja2.TemplateError, ValueError):  # of a conversation that the assistant begins
                return None
            if not text.startswith(prompt) or prompt == without:
                return None
            stop = self.stop.search(text, len(prompt))
            spans.append((len(prompt), stop.start() if stop else len(text)))
        return spans

    def _frame(self, roles: tuple[str, ...]) -> Frame | None:
        """What the template writes around messages with these roles; None where it does not write them as they are."""
        import jinja2

        signs = [_SIGN.format(number) for number in range(len(roles))]
        messages: list[Message] = [{"role": role, "content": sign} for role, sign in zip(roles, signs, strict=True)]
        try:
            text = self._render([messages])[0]
        except jinja2.TemplateError:
            return None
        literals: list[str] = []
        for sign in signs:
            before, found, text = text.partition(sign)
            if not found:
                before, found, text = (before + found + text).partition(sign.strip())
            if not found:
                return None
            literals.append(before)
        literals.append(text)
        stops = [self.stop.match(literal) for literal in literals[1:]]
        for role, stop in zip(roles, stops, strict=True):
            if role == "assistant" and stop:
                self.stop_ids.add(self.special[stop[1]])
        return Frame(literals, [stop[0] if stop else "" for stop in stops])


def _compiled(template: str) -> Any:
    """A chat template with all that transformers lets it do; that has no public name for it."""
    from transformers.utils import chat_template_utils

    return chat_template_utils._compile_jinja_template(template)


def _mark_tokens(tokens: Aligned, written: Sequence[Written]) -> NDArray[np.uint8]:
    """1 for every token that has a part in what is learnt."""
    import numpy as np

    marks = np.zeros(len(tokens.ids), dtype=np.uint8)
    # All texts after one another, with a place between them that belongs to none: one search for all.
    lengths = np.array([len(one.text) + 1 for one in written], dtype=np.int64)
    before = np.cumsum(lengths) - lengths
    ends = tokens.ends + np.repeat(before, np.diff(tokens.starts))
    places = before.tolist()
    spans = [
        (place + first, place + last) for place, one in zip(places, written, strict=True) for first, last in one.learnt
    ]
    if spans:
        firsts, lasts = np.array(spans, dtype=np.int64).T
        begin = np.searchsorted(ends, firsts, side="right")
        end = np.searchsorted(ends, lasts) + 1
        for one, other in zip(begin.tolist(), end.tolist(), strict=True):
            marks[one:other] = 1
    return marks
