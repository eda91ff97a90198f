"""A reply that comes piece by piece: server-sent events, halves of characters put together, what each event says."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import orjson

from generators.request import BadReplyError, count_of, quoted, read_reply, text_of

DONE = b"[DONE]"
MAX_EVENT_BYTES = 8 * 2**20
AFTER_THE_END_S = 2.0  # for counts of tokens and the mark of the end, once it is known how the reply ended
HALF = "\ufffd"  # what a server sends for bytes that are no character yet
_LINE_END = re.compile(rb"\r\n|\n|\r")
_TWO_UNITS = re.compile("[\ud800-\udbff][\udc00-\udfff]")  # one character as two units of UTF-16
_BYTES = re.compile("[\udc80-\udcff]+")  # bytes that were no UTF-8, as `surrogateescape` keeps them
_SURROGATE = re.compile("[\udc80-\udcff]+|[\ud800-\udfff]")
_ODD_UNIT = re.compile("[\udc00-\udc7f\udd00-\udfff]")  # the second of two, without its first
_UNFINISHED = re.compile("(?:[\ud800-\udbff]|[\udc80-\udcff]+|\ufffd+)+$")
_FIRST_HALVES = re.compile("^\ufffd+")


@dataclass(frozen=True)
class Patience:
    """How long is waited for the first piece of a reply, and from one piece to the next."""

    first_s: float = 60.0
    next_s: float = 30.0


@dataclass(frozen=True, slots=True)
class Piece:
    """What came at once: text, or thinking that the server keeps apart; how it ended, where this is the end.

    `halves` counts places where the server itself had cut a character in two and neither half is known.
    """

    text: str = ""
    reasoning: str = ""
    finish_reason: str = ""
    prompt_tokens: int = 0
    completion_tokens: int = 0
    halves: int = 0


class Event(NamedTuple):
    """One event: its name, empty for most, and its data."""

    name: str
    data: bytes


class Events:
    """Server-sent events out of bytes that are cut anywhere (WHATWG HTML, 9.2.6). Lines end with LF, CR or both.

    Raises BadReplyError where an event has no end.
    """

    def __init__(self) -> None:
        self._rest = b""
        self._after_cr = False
        self._name = ""
        self._data: list[bytes] = []

    def feed(self, chunk: bytes) -> list[Event]:
        """The events that are whole now."""
        if self._after_cr and chunk:
            chunk = chunk.removeprefix(b"\n")
            self._after_cr = False
        self._rest += chunk
        if len(self._rest) + sum(map(len, self._data)) > MAX_EVENT_BYTES:
            raise BadReplyError("an event of the stream has no end", quoted(self._rest))
        *lines, rest = _LINE_END.split(self._rest)
        self._after_cr = self._rest.endswith(b"\r")
        self._rest = rest
        return [event for line in lines if (event := self._take(line))]

    def finish(self) -> list[Event]:
        """What is left when the stream is over: servers that are ended by a signal leave out the last line end."""
        rest, self._rest = self._rest, b""
        return [event for line in (rest, b"") if (event := self._take(line))]

    def _take(self, line: bytes) -> Event | None:
        if not line:
            event = Event(self._name, b"\n".join(self._data)) if self._data else None
            self._name, self._data = "", []
            return event
        field, _, value = line.removeprefix(b"\xef\xbb\xbf").partition(b":")
        value = value.removeprefix(b" ")
        if field == b"data":
            self._data.append(value)
        elif field == b"event":
            self._name = value.decode("utf-8", "replace")
        return None


class Characters:
    """Puts characters together that the server has cut, so that no half of one is ever shown.

    Three ways to cut are mended: bytes of one character in two events, units of UTF-16 in two events, and U+FFFD in
    place of each half, of which only the place is known: that is left out and counted in `halves`, unless it stands
    within a piece or is the very end, for then the model may have meant it.
    """

    def __init__(self) -> None:
        self._held = ""
        self.halves = 0

    def feed(self, piece: str) -> str:
        """What can be shown, without an end that may not be whole."""
        if not piece:
            return ""
        held, self._held = self._held, ""
        if held.endswith(HALF):
            rest = _FIRST_HALVES.sub("", piece)
            if not rest:
                self._held = held + piece
                return ""
            held, piece = held.rstrip(HALF), rest
            self.halves += 1
        text = _joined(held + piece)
        end = _UNFINISHED.search(text)
        text, self._held = (text[: end.start()], end[0]) if end else (text, "")
        return _SURROGATE.sub(HALF, text)

    def finish(self) -> str:
        """What was held back and has no other half."""
        held, self._held = self._held, ""
        text = _BYTES.sub(lambda found: _bytes_of(found[0]).decode("utf-8", "replace"), held)
        return _SURROGATE.sub(HALF, text)


def _joined(text: str) -> str:
    text = _TWO_UNITS.sub(lambda found: found[0].encode("utf-16", "surrogatepass").decode("utf-16"), text)
    text = _BYTES.sub(lambda found: _whole_characters(_bytes_of(found[0])), text)
    return _ODD_UNIT.sub(HALF, text)


def _bytes_of(escaped: str) -> bytes:
    return escaped.encode("utf-8", "surrogateescape")


def _whole_characters(run: bytes) -> str:
    """Characters of a run of bytes; bytes at its end that may be the beginning of one stay as they are."""
    try:
        return run.decode()
    except UnicodeDecodeError as error:
        if error.reason == "unexpected end of data":
            return run[: error.start].decode() + run[error.start :].decode("ascii", "surrogateescape")
        return run[: error.start].decode() + HALF + _whole_characters(run[error.end :])


def read_event(event: Event) -> Piece:
    """What an event of a streamed chat completion says. Raises BadReplyError.

    The text may hold lone surrogates, which are for `Characters`.
    """
    whole = _json_of(event.data)
    error = whole.get("error") if isinstance(whole, dict) else None
    if error or event.name == "error":
        raise BadReplyError("error in mid-stream", _words(error or whole))
    if not isinstance(whole, dict):
        raise BadReplyError("the stream is not one of a chat", quoted(event.data))
    choices, usage = whole.get("choices"), whole.get("usage")
    usage = usage if isinstance(usage, dict) else {}
    first = choices[0] if isinstance(choices, list) and choices and isinstance(choices[0], dict) else {}
    delta = first.get("delta") or first.get("message")
    delta = delta if isinstance(delta, dict) else {}
    return Piece(
        text=text_of(delta.get("content")),
        reasoning=text_of(delta.get("reasoning_content") or delta.get("reasoning")),
        finish_reason=text_of(first.get("finish_reason")),
        prompt_tokens=count_of(usage, "prompt_tokens"),
        completion_tokens=count_of(usage, "completion_tokens"),
    )


def _json_of(data: bytes) -> Any:
    try:
        return orjson.loads(data)
    except ValueError:
        pass
    try:  # it takes lone surrogates, and so bytes that are no UTF-8
        return json.loads(data.decode("utf-8", "surrogateescape"))
    except (ValueError, RecursionError):
        raise BadReplyError("the stream is not JSON", quoted(data)) from None


def _words(error: Any) -> str:
    said = error.get("message") if isinstance(error, dict) else error
    text = said if isinstance(said, str) and said else json.dumps(error, ensure_ascii=False)
    return " ".join(_SURROGATE.sub(HALF, text).split())[:400]


class Clock:
    """How much patience is left: each piece of a reply renews it."""

    def __init__(self, patience: Patience) -> None:
        self._patience = patience
        self._has_begun = self._has_ended = False
        self._since = time.monotonic()

    def has_come(self) -> None:
        self._has_begun, self._since = True, time.monotonic()

    def has_ended(self) -> None:
        self._has_ended, self._since = True, time.monotonic()

    @property
    def limit_s(self) -> float:
        if self._has_ended:
            return AFTER_THE_END_S
        return self._patience.next_s if self._has_begun else self._patience.first_s

    @property
    def left_s(self) -> float:
        return max(0.0, self.limit_s - (time.monotonic() - self._since))

    @property
    def complaint(self) -> str:
        return f"nothing {'more ' if self._has_begun else ''}came for {self.limit_s:g} s"


class Streamed:
    """A streamed reply: bytes in, pieces out, the clock renewed. BadReplyError where it is none, or breaks off."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.is_over = False
        self.finish_reason = ""
        self._events, self._characters = Events(), Characters()

    def feed(self, chunk: bytes) -> Iterator[Piece]:
        """Pieces one by one: those before an error are to be seen."""
        for event in self._events.feed(chunk):
            if piece := self._take(event):
                yield piece

    def finish(self) -> Piece:
        """What was held back, and how the reply ended."""
        last = [piece for event in self._events.finish() if (piece := self._take(event))]
        if not (self.is_over or self.finish_reason):
            raise BadReplyError("the stream broke off")
        text = "".join(piece.text for piece in last) + self._characters.finish()
        return Piece(text, finish_reason=self.finish_reason or "stop", halves=self._characters.halves)

    def _take(self, event: Event) -> Piece | None:
        if self.is_over:
            return None
        if event.data.strip() == DONE:
            self.is_over = True
            return None
        piece = read_event(event)
        if piece.text or piece.reasoning:
            self.clock.has_come()
        if piece.finish_reason:
            self.finish_reason = piece.finish_reason
            self.clock.has_ended()
        return replace(piece, text=self._characters.feed(piece.text), finish_reason="")


def whole_reply(body: bytes) -> Piece:
    """The reply of a server that does not stream, as one piece. Raises BadReplyError."""
    reply = read_reply(body)
    return Piece(reply.text, reply.reasoning, reply.finish_reason, reply.prompt_tokens, reply.completion_tokens)
