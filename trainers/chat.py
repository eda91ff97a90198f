"""Conversations to ids as the chat template writes them, and which of them are learnt."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from builders.document import Message
from trainers.dataset import Kind
from trainers.tokens import Encoded, plain_backend
from validators.errors import SikuError

_SIGN = "\ue0f5"  # of the private use area: stands for a message's text while a template is looked at
Span = tuple[int, int]  # characters of what the template wrote


class ChatEncoder:
    """Conversations to the ids of the chat template, with loss on every assistant turn and its stop token.

    A template may mark the turns with `{% generation %}` or not: the text of a turn is found in what it writes.
    `stop_ids` are the stop tokens of the conversations encoded so far.
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
        self.backend = plain_backend(tokenizer)
        self.special = {
            token.content: number for number, token in tokenizer.added_tokens_decoder.items() if token.special
        }
        longest_first = sorted(self.special, key=len, reverse=True)
        self.stop = re.compile(rf"\s*({'|'.join(map(re.escape, longest_first)) or '(?!)'})")
        self.stop_ids: set[int] = set()
        self.around = lru_cache(maxsize=1024)(self._around)

    def encode(self, conversations: Sequence[Sequence[Message]]) -> list[Encoded]:
        """Ids, loss marks and learnt characters of each conversation."""
        import numpy as np

        texts = [self.render(messages) for messages in conversations]
        encodings = self.backend.encode_batch(texts, add_special_tokens=False)
        encoded: list[Encoded] = []
        for messages, text, encoding in zip(conversations, texts, encodings, strict=True):
            ids = np.array(encoding.ids, dtype=np.int32)
            marks = np.zeros(len(ids), dtype=np.uint8)
            spans, fault = self.learnt(messages, text)
            offsets = np.array(encoding.offsets, dtype=np.int64).reshape(-1, 2)
            for start, end in spans:
                marks[(offsets[:, 1] > start) & (offsets[:, 0] < end)] = 1
            characters = sum(len(message["content"]) for message in messages if message["role"] == "assistant")
            encoded.append(Encoded(ids, marks, characters, fault or ("" if marks.any() else "empty")))
        return encoded

    def render(self, messages: Sequence[Message], **options: Any) -> str:
        """What the chat template makes of messages."""
        return str(self.tokenizer.apply_chat_template(messages, tokenize=False, **options))

    def learnt(self, messages: Sequence[Message], text: str) -> tuple[list[Span], str]:
        """Where the assistant's turns and their stop tokens are in what the template wrote, and the fault, if any."""
        spans = self._as_given(messages, text)
        turns = self._as_prompted(messages, text) if spans is None else spans
        if turns is None:
            return [], "changed"
        learnt: list[Span] = []
        for start, end in turns:
            stop = self.stop.match(text, end)
            if stop is None:
                return [], "endless"
            self.stop_ids.add(self.special[stop[1]])
            learnt.append((start, stop.end()))
        return learnt, ""

    def _as_given(self, messages: Sequence[Message], text: str) -> list[Span] | None:
        """The assistant's turns where the template writes every message as it is, or without spaces around it."""
        around = self.around(tuple(message["role"] for message in messages))
        if around is None:
            return None
        contents = [message["content"] for message in messages]
        for parts in (contents, [content.strip() for content in contents]):
            if len(text) != sum(map(len, around)) + sum(map(len, parts)):
                continue
            spans: list[Span] = []
            place = 0
            for before, part, message in zip(around, parts, messages, strict=False):
                place += len(before)
                if not (text.startswith(before, place - len(before)) and text.startswith(part, place)):
                    break
                if message["role"] == "assistant":
                    spans.append((place, place + len(part)))
                place += len(part)
            else:
                if text.endswith(around[-1]):
                    return spans
        return None

    def _as_prompted(self, messages: Sequence[Message], text: str) -> list[Span] | None:
        """Turns that the template changes: from the end of the prompt for each to the first special token."""
        spans: list[Span] = []
        for place, message in enumerate(messages):
            if message["role"] != "assistant" or not place:
                continue
            prompt = self.render(messages[:place], add_generation_prompt=True)
            if not text.startswith(prompt) or prompt == self.render(messages[:place]):
                return None
            stop = self.stop.search(text, len(prompt))
            spans.append((len(prompt), stop.start() if stop else len(text)))
        return spans

    def _around(self, roles: tuple[str, ...]) -> list[str] | None:
        """What the template writes around the texts of messages with these roles; None where it does not keep them."""
        signs = [f"{_SIGN}{number}{_SIGN}" for number in range(len(roles))]
        text = self.render([{"role": role, "content": sign} for role, sign in zip(roles, signs, strict=True)])
        around: list[str] = []
        for sign in signs:
            before, found, text = text.partition(sign)
            if not found:
                return None
            around.append(before)
        return [*around, text]
