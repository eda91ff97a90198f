"""A reply that comes piece by piece: events that are cut anywhere, halves of characters, and how streams go wrong."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generators.demo.chat import Raw, error_body
from generators.demo.server import Endpoint as Server
from generators.endpoint import Endpoint, TroubleError
from generators.request import BadReplyError, Request
from generators.streaming import Characters, Clock, Events, Patience, Streamed, read_event
from tests.servers.behaviours import CutBody, Drip, Hang, ResetMidBody
from tests.servers.proxy import Behaviour, Proxy, in_turn

MODEL = "siku-demo-rules"
STREAM = "text/event-stream"
CALM = Patience(20, 20)
QUESTION = Request(({"role": "user", "content": "雪夜渡口"},), "test/1")


def delta(text: str | None = None, end: str | None = None, **more: Any) -> bytes:
    content = {} if text is None else {"content": text}
    return json.dumps({"choices": [{"index": 0, "delta": content | more, "finish_reason": end}]}).encode()


def stream(*data: bytes, line_end: bytes = b"\n") -> bytes:
    return b"".join(b"data: " + one + line_end * 2 for one in data)


def read(*chunks: bytes) -> tuple[str, str]:
    """The whole text of a stream, and how it ended."""
    streamed = Streamed(Clock(Patience()))
    pieces = [piece for chunk in chunks for piece in streamed.feed(chunk)]
    last = streamed.finish()
    return "".join(piece.text for piece in [*pieces, last]), last.finish_reason


# ---------------------------------------------------------------- events


@given(st.sampled_from([b"\n", b"\r\n", b"\r"]), st.lists(st.integers(1, 9), min_size=1), st.booleans())
def test_events_are_the_same_wherever_bytes_are_cut(line_end: bytes, cuts: Sequence[int], bom: bool) -> None:
    whole = b"\xef\xbb\xbf" * bom + line_end.join(
        [b": ping", b"", b"data: one", b"", b"event: error", b"data:two", b"data:  three", b"id: 4", b"", b""]
    )
    events, found, at = Events(), [], 0
    while at < len(whole):
        step = cuts[at % len(cuts)]
        found += events.feed(whole[at : at + step])
        at += step
    found += events.finish()
    assert [tuple(one) for one in found] == [("", b"one"), ("error", b"two\n three")]


def test_a_last_event_without_its_blank_line_is_read() -> None:
    events = Events()
    assert events.feed(b"data: one") == []
    assert [one.data for one in events.finish()] == [b"one"]


def test_an_event_without_end_is_refused() -> None:
    events = Events()
    with pytest.raises(BadReplyError, match="no end"):
        for _ in range(10):
            events.feed(b"x" * 2**20)


@pytest.mark.parametrize("line_end", [b"\n", b"\r\n", b"\r"])
def test_a_reply_in_single_bytes(line_end: bytes) -> None:
    whole = stream(
        delta("", role="assistant"), delta("雪夜"), delta("渡口🏮"), delta(end="stop"), b"[DONE]", line_end=line_end
    )
    assert read(*(bytes([one]) for one in whole)) == ("雪夜渡口🏮", "stop")


def test_the_end_mark_may_be_missing_where_the_end_was_told() -> None:
    assert read(stream(delta("雪"), delta(end="length"))) == ("雪", "length")
    assert read(stream(delta("雪"), b"[DONE]")) == ("雪", "stop")


def test_a_stream_that_tells_no_end_broke_off() -> None:
    with pytest.raises(BadReplyError, match="broke off"):
        read(stream(delta("雪")))


def test_nothing_is_read_behind_the_end_mark() -> None:
    assert read(stream(delta("雪"), b"[DONE]", delta("夜"))) == ("雪", "stop")


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b'{"error": {"message": "out of memory", "code": 500}}', "error in mid-stream: out of memory"),
        (b'{"error": "gone"}', "error in mid-stream: gone"),
        (b"<html>", "the stream is not JSON: <html>"),
        (b"[1]", "not one of a chat"),
    ],
)
def test_what_is_no_piece_is_told(data: bytes, said: str) -> None:
    with pytest.raises(BadReplyError, match=said):
        read(stream(delta("雪"), data))


def test_an_event_that_is_called_error_is_one() -> None:
    with pytest.raises(BadReplyError, match="error in mid-stream: no room"):
        read(b'event: error\ndata: {"message": "no room"}\n\n')


def test_thinking_counts_and_parts() -> None:
    [event] = Events().feed(
        stream(
            b'{"choices": [{"delta": {"reasoning": "\xe6\x83\xb3", "content": [{"type": "text", "text": "a"}]}}], "usage": {"prompt_tokens": 3, "completion_tokens": true}}'
        )
    )
    piece = read_event(event)
    assert (piece.text, piece.reasoning, piece.prompt_tokens, piece.completion_tokens) == ("a", "想", 3, 0)


def test_events_that_say_nothing_are_none() -> None:
    assert read(stream(b'{"choices": []}', b'{"choices": [{"delta": null}]}', b"{}", b"[DONE]")) == ("", "stop")


# ---------------------------------------------------------------- characters


def shown(*pieces: str) -> tuple[str, int]:
    characters = Characters()
    text = ""
    for piece in pieces:
        text += characters.feed(piece)
        assert not text.endswith("\ufffd"), "half a character is shown"
    return text + characters.finish(), characters.halves


@given(
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\ufffd")),
    st.lists(st.integers(1, 5), min_size=1),
)
def test_bytes_of_a_character_in_two_events(text: str, cuts: Sequence[int]) -> None:
    raw, pieces, at = text.encode(), [], 0
    while at < len(raw):
        step = cuts[at % len(cuts)]
        pieces.append(raw[at : at + step])
        at += step
    events = [b'{"choices": [{"delta": {"content": %s}}]}' % _quoted(piece) for piece in pieces]
    assert read(stream(*events, b"[DONE]")) == (text, "stop")


def _quoted(raw: bytes) -> bytes:
    """A JSON string of bytes that may be no UTF-8."""
    return json.dumps(raw.decode("utf-8", "surrogateescape"), ensure_ascii=False).encode("utf-8", "surrogateescape")


def test_units_of_utf_16_in_two_events() -> None:
    assert read(
        stream(
            delta("灯"),
            b'{"choices": [{"delta": {"content": "\\ud83c"}}]}',
            b'{"choices": [{"delta": {"content": "\\udfee"}}]}',
            b"[DONE]",
        )
    ) == ("灯🏮", "stop")


@pytest.mark.parametrize(
    ("pieces", "text", "halves"),
    [
        (["雪", "\ufffd", "\ufffd", "夜"], "雪夜", 1),  # a server that decodes token by token: the bytes are lost
        (["雪\ufffd", "夜"], "雪夜", 1),
        (["雪\ufffd", "", "夜"], "雪夜", 1),
        (["雪\ufffd夜"], "雪\ufffd夜", 0),  # within a piece the model means it
        (["雪", "\ufffd"], "雪\ufffd", 0),  # and at the very end it may
        (["\ud83c", "雪"], "\ufffd雪", 0),
        (["\udce5\udc9b", "雪"], "\ufffd雪", 0),
        (["\udce9\udc9b"], "\ufffd", 0),
    ],
)
def test_halves_that_have_no_other_half(pieces: list[str], text: str, halves: int) -> None:
    assert shown(*pieces) == (text, halves)


@given(st.lists(st.text(st.sampled_from("雪a\ufffd\ud83c\udfee\udce9\udc9b\udcaa"))))
def test_no_half_is_shown_and_no_surrogate_is_left(pieces: list[str]) -> None:
    shown(*pieces)[0].encode()


# ---------------------------------------------------------------- over the network


def ask(url: str, patience: Patience = CALM) -> tuple[str, str]:
    """What was said at last, and how it ended: a reason of the server, or the trouble."""

    async def work() -> tuple[str, str]:
        text, end = "", ""
        async with Endpoint(url) as endpoint:
            try:
                async for piece in endpoint.stream(QUESTION, MODEL, patience):
                    text, end = text + piece.text, piece.finish_reason
            except TroubleError as trouble:
                return text, f"{trouble.kind}: {trouble}"
        return text, end

    return asyncio.run(work())


def answering(body: bytes, kind: str = STREAM, status: int = 200) -> Server:
    return Server(lambda request: Raw(status, body, kind))


def through(behaviour: Behaviour, body: bytes, patience: Patience = CALM) -> tuple[str, str]:
    with answering(body).running() as url, Proxy(url, in_turn(then=behaviour)).running() as proxy:
        return ask(proxy, patience)


WHOLE = stream(delta("雪夜渡口" * 20), delta("🏮" * 100), delta(end="stop"), b"[DONE]")


def test_a_server_that_streams_and_one_that_does_not() -> None:
    asked: list[Any] = []

    def answer(request: Any) -> str:
        asked.append(request.body)
        return "雪夜渡口，灯火可亲。"

    with Server(answer).running() as url:
        assert ask(url) == ("雪夜渡口，灯火可亲。", "stop")
    assert asked[0]["stream"] is True
    whole = {"choices": [{"message": {"content": "雪"}, "finish_reason": "length"}]}
    with answering(json.dumps(whole).encode(), "application/json").running() as url:
        assert ask(url) == ("雪", "length")


def test_bytes_that_drip() -> None:
    assert through(Drip(piece_bytes=61, pause_s=0.001), WHOLE) == ("雪夜渡口" * 20 + "🏮" * 100, "stop")


@pytest.mark.parametrize("behaviour", [ResetMidBody(), CutBody()], ids=["reset", "cut"])
def test_a_connection_that_breaks_keeps_what_came(behaviour: Behaviour) -> None:
    text, end = through(behaviour, stream(delta("雪夜"), delta(" " * 2000), delta(end="stop")))
    assert text == "雪夜"
    assert end.startswith("broken: connection lost")


def test_an_error_in_the_middle_keeps_what_came() -> None:
    with answering(stream(delta("雪夜"), b'{"error": {"message": "slot lost"}}')).running() as url:
        assert ask(url) == ("雪夜", "broken: error in mid-stream: slot lost")


def test_a_status_is_told_with_the_words_of_the_server() -> None:
    with answering(error_body("no top_k here", "invalid_request_error"), "application/json", 422).running() as url:
        assert ask(url) == ("", "refused: status 422: no top_k here")


def test_nobody_there_and_silence() -> None:
    with answering(WHOLE).running() as url:
        pass
    assert ask(url)[1].startswith("down: no connection")
    text, end = through(Hang(), WHOLE, Patience(0.3, 20))
    assert (text, end) == ("", "slow: time-out: nothing came for 0.3 s")


def test_silence_after_the_first_words() -> None:
    async def stall(exchange: Any) -> None:
        await exchange.send(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n" + stream(delta("雪夜")))
        for _ in range(100):  # signs of life that say nothing do not count
            await exchange.send(b": ping\n\n")
            await asyncio.sleep(0.05)

    assert through(stall, WHOLE, Patience(20, 0.3)) == ("雪夜", "slow: time-out: nothing more came for 0.3 s")


def test_a_connection_that_stays_open_behind_the_end() -> None:
    async def stay(exchange: Any) -> None:
        await exchange.send(
            b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n" + stream(delta("雪夜", "stop"))
        )
        await asyncio.sleep(60)

    assert through(stay, WHOLE) == ("雪夜", "stop")
