"""Conversations to ids as the chat template writes them, and which of them are learnt."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from builders.document import Message
from trainers.rows.alignment import Aligned, Aligner
from trainers.rows.chat_template import ChatTemplate, Frame, Roles
from trainers.rows.dataset import Kind
from trainers.rows.tokens import Encoded, plain_backend
from validators.errors import SikuError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Span = tuple[int, int]  # from one character of what the template wrote to another


class Written(NamedTuple):
    """A conversation as the template writes it, what of that is learnt, and the fault (of FAULTS), if there is one."""

    text: str
    learnt: list[Span]
    fault: str = ""


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
        self.template = self._template(tokenizer)
        self.aligner = Aligner(plain_backend(tokenizer))
        self.special = {one.content: number for number, one in tokenizer.added_tokens_decoder.items() if one.special}
        longest_first = sorted(self.special, key=len, reverse=True)
        self.stop = re.compile(rf"\s*({'|'.join(map(re.escape, longest_first)) or '(?!)'})")
        self.stop_ids: set[int] = set()
        self.stops = lru_cache(maxsize=4096)(self._stops)

    @staticmethod
    def _template(tokenizer: Any) -> ChatTemplate:
        import jinja2

        try:
            return ChatTemplate(tokenizer)
        except jinja2.TemplateError as error:
            raise SikuError(
                "the chat template is no Jinja template",
                where=str(tokenizer.name_or_path),
                why=str(error),
                next="--set chat_template_path=FILE with a good one",
            ) from error

    def encode(self, conversations: Sequence[Sequence[Message]]) -> list[Encoded]:
        """Ids, loss marks and learnt characters of each conversation."""
        written = [self.write(messages) for messages in conversations]
        tokens = self.aligner.encode([one.text for one in written])
        marks = _mark_tokens(tokens, written)
        starts = tokens.starts.tolist()
        encoded: list[Encoded] = []
        for messages, one, start, end in zip(conversations, written, starts, starts[1:], strict=False):
            characters = sum([len(message["content"]) for message in messages if message["role"] == "assistant"])
            fault = one.fault or ("" if one.learnt else "empty")
            encoded.append(Encoded(tokens.ids[start:end], marks[start:end], characters, fault))
        return encoded

    def write(self, messages: Sequence[Message]) -> Written:
        """What the template makes of a conversation."""
        import jinja2

        roles = tuple([message["role"] for message in messages])
        try:
            frame = self.template.frame(roles)
            texts = [message["content"] for message in messages]
            if frame is not None and frame.sure and max(map(len, messages), default=2) == 2:
                return self._framed(frame.around(texts), roles, frame, texts)
            text = self.template.render(messages)
        except jinja2.TemplateError:
            return Written("", [], "refused")
        if frame is not None:
            for given in (texts, [text.strip() for text in texts]):
                if frame.around(given) == text:
                    return self._framed(text, roles, frame, given)
        return self._prompted(text, messages)

    def _framed(self, text: str, roles: Roles, frame: Frame, texts: Sequence[str]) -> Written:
        """Where the template writes every text, or each without the space around it, once."""
        learnt: list[Span] = []
        place = 0
        for role, literal, said, stop in zip(roles, frame.literals, texts, self.stops(roles), strict=False):
            place += len(literal)
            if role == "assistant":
                if not stop:
                    return Written(text, [], "endless")
                learnt.append((place, place + len(said) + len(stop)))
            place += len(said)
        return Written(text, learnt)

    def _stops(self, roles: Roles) -> list[str]:
        """The stop token after each message, with the space before it; empty for none."""
        frame = self.template.frame(roles)
        assert frame is not None
        found = [
            self.stop.match(literal) if role != "assistant" or self._ends(roles[:place], literal) else None
            for place, (role, literal) in enumerate(zip(roles, frame.literals[1:], strict=True), start=1)
        ]
        self.stop_ids |= {
            self.special[one[1]] for role, one in zip(roles, found, strict=True) if role == "assistant" and one
        }
        return [one[0] if one else "" for one in found]

    def _ends(self, roles: Roles, literal: str) -> bool:
        """Whether a conversation of these roles, with nothing after it, ends in the special token that `literal` begins
        with: what comes only with a next turn is the head of that."""
        import jinja2

        try:
            frame = self.template.frame(roles)
        except jinja2.TemplateError:
            return True  # it cannot be asked
        own, here = (self.stop.match(one) for one in (frame.literals[-1] if frame else literal, literal))
        return own is not None and here is not None and own[1] == here[1]

    def _prompted(self, text: str, messages: Sequence[Message]) -> Written:
        """Where it changes them: a turn goes from the end of the prompt for it to the first special token."""
        import jinja2

        learnt: list[Span] = []
        for place, message in enumerate(messages):
            if message["role"] != "assistant":
                continue
            try:
                without = self.template.render(messages[:place])
                prompt = self.template.render(messages[:place], add_generation_prompt=True)
                alone = self.template.render(messages[: place + 1])
            except jinja2.TemplateError:
                return Written(text, [], "changed")
            if not text.startswith(prompt) or prompt == without:
                return Written(text, [], "changed")
            stop = self.stop.search(text, len(prompt))
            own = self.stop.search(alone, len(prompt))
            if stop is None or own is None or own[1] != stop[1]:  # it is the head of the next turn
                return Written(text, [], "endless")
            self.stop_ids.add(self.special[stop[1]])
            learnt.append((len(prompt), stop.end()))
        return Written(text, learnt)


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
