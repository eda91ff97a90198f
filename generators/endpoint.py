"""One OpenAI-compatible endpoint: sends a request and says what came of it, without ever asking again by itself."""

from __future__ import annotations

import asyncio
import contextlib
import email.utils
import ipaddress
import os
import re
import time
from collections.abc import AsyncGenerator, Awaitable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Self, TypeVar
from urllib.parse import urlsplit

import orjson

from generators.request import BadReplyError, Reply, Request, quoted, read_reply
from generators.streaming import Clock, Patience, Piece, Streamed, whole_reply
from generators.task import checks_of
from validators.errors import SikuError
from validators.replies import without_thinking

if TYPE_CHECKING:
    import httpx2
    from openai import AsyncOpenAI

CONNECT_TIMEOUT_S = 5.0
MODELS_TIMEOUT_S = 20.0
MAX_RETRY_AFTER_S = 600.0
MAX_UNDECIDED = 2  # replies that were cut off, before a form is taken for good
OVERLOADED = frozenset({429, 503, 529})
FATAL = frozenset({401, 402, 403, 404, 405})
TRY_AGAIN = frozenset({408, 409, 425})
ABOUT_FORM, FAILS_ON_FORM = frozenset({400, 415, 422}), frozenset({500, 501})
FORMS = ("json_schema", "json_object", "guided", "prompt")
"""The ways to get JSON, best first: OpenAI's, llama-cpp-python's, the fields of single servers, and asking for it."""

Awaited = TypeVar("Awaited")
Kind = Literal["form", "busy", "down", "slow", "broken", "refused", "fatal"]


class TroubleError(Exception):
    """No usable reply: what kind of trouble, its cause (counted), the server's words, and when it says to come back."""

    def __init__(self, kind: Kind, cause: str, detail: str = "", retry_after_s: float = 0.0, status: int = 0) -> None:
        super().__init__(f"{cause}: {detail}" if detail else cause)
        self.kind, self.cause, self.detail, self.retry_after_s, self.status = kind, cause, detail, retry_after_s, status


@dataclass(frozen=True, slots=True)
class Delivered:
    """The body of a reply, read once to be sure that it is one, and how it came."""

    body: bytes
    reply: Reply
    form: str
    seconds: float


class Endpoint:
    """A server at `url` (with `/v1`), and the form of structured output that it is known to keep to."""

    def __init__(self, url: str, *, deadline_s: float = 120.0, connections: int = 64) -> None:
        self.url = normal_url(url)
        self.deadline_s = deadline_s
        self.form = FORMS[0]
        self.is_proven = False  # whether a reply has shown that the form is kept to
        self._undecided = 0
        self._failed_on_form = 0
        self._has_answered = False
        self._client = _client(self.url, connections)
        self._sender = _Sender(self._client, f"{self.url}/chat/completions")

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._client.close()

    async def models(self) -> list[str]:
        """The names that the server lists; none where it has no such page. Raises SikuError if nobody is there."""
        import aiohttp
        import httpx2
        import openai

        try:
            async with asyncio.timeout(MODELS_TIMEOUT_S):
                response = await self._client.get("/models", cast_to=httpx2.Response)
            listed = orjson.loads(response.content)["data"]
            return [str(one["id"]) for one in listed]
        except openai.APIStatusError as error:
            if error.status_code in (401, 403):
                raise self._fatal(f"status {error.status_code}", quoted(error.response.content)) from error
            return []
        except (openai.APIConnectionError, aiohttp.ClientError, TimeoutError) as error:
            raise SikuError(
                "the endpoint does not answer",
                where=self.url,
                why=_cause(error),
                next="start the server (docs/endpoints.md), or try --endpoint demo",
                exit_code=4,
            ) from error
        except (ValueError, KeyError, TypeError):
            return []

    async def send(self, request: Request, model: str) -> Delivered:
        """One try, with the whole of it inside the deadline. Raises TroubleError."""
        import aiohttp
        import httpx2

        form = self.form if request.schema is not None else FORMS[-1]
        body = request.body(model) | form_fields(form, request.schema)
        if request.schema is not None and not self.is_proven:
            checks_of(orjson.dumps(request.schema))  # made while nothing has come yet that could be lost
        began = time.monotonic()
        try:
            async with asyncio.timeout(self.deadline_s):
                response = await self._sender.post(body)
        except (httpx2.HTTPError, aiohttp.ClientError, TimeoutError) as error:
            raise self._connection_trouble(error) from error
        if not response.is_success:
            raise self._status_trouble(response, form)
        try:
            reply = read_reply(response.content)
        except BadReplyError as error:
            raise TroubleError("broken", error.cause, error.detail) from error
        delivered = Delivered(response.content, reply, form, time.monotonic() - began)
        self._has_answered = True
        if request.schema is not None and not self.is_proven:
            self._learn(delivered, request.schema)
        return delivered

    async def stream(self, request: Request, model: str, patience: Patience) -> AsyncGenerator[Piece, None]:
        """A reply in free text, piece by piece, under `patience` in place of the deadline.

        Raises TroubleError, also after some pieces have come. A server that does not stream gives one piece.
        """
        clock = Clock(patience)
        response = await self._in_time(clock, self._sender.post(request.body(model) | {"stream": True}, stream=True))
        try:
            if not response.is_success:
                await self._in_time(clock, response.aread())
                raise self._status_trouble(response, FORMS[-1])
            if not response.headers.get("content-type", "").startswith("text/event-stream"):
                yield whole_reply(await self._in_time(clock, response.aread()))
                return
            streamed, chunks = Streamed(clock), response.aiter_bytes()
            while not streamed.is_over and (chunk := await self._next(streamed, anext(chunks, None))) is not None:
                for piece in streamed.feed(chunk):
                    yield piece
            yield streamed.finish()
        except BadReplyError as error:
            raise TroubleError("broken", error.cause, error.detail) from error
        finally:
            with contextlib.suppress(Exception):  # a connection that is broken cannot be closed well
                await response.aclose()

    async def _next(self, streamed: Streamed, chunk: Awaitable[bytes | None]) -> bytes | None:
        """What comes next; nothing where it does not come in time, but all has been said."""
        try:
            return await self._in_time(streamed.clock, chunk)
        except TroubleError:
            if streamed.finish_reason:
                return None
            raise

    async def _in_time(self, clock: Clock, work: Awaitable[Awaited]) -> Awaited:
        """What comes of a wait on the server, while there is patience. Raises TroubleError."""
        import aiohttp
        import httpx2

        try:
            async with asyncio.timeout(clock.left_s):
                return await work
        except TimeoutError as error:
            raise TroubleError("slow", "time-out", clock.complaint) from error
        except (httpx2.HTTPError, aiohttp.ClientError) as error:
            raise self._connection_trouble(error) from error

    def _connection_trouble(self, error: BaseException) -> TroubleError:
        """Whether it cannot be reached, or broke off, or took too long."""
        import aiohttp

        if isinstance(error, TimeoutError):
            return TroubleError("slow", "time-out", f"no whole reply after {self.deadline_s:g} s")
        unreachable = (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError)
        if any(isinstance(one, unreachable) for one in _chain(error)):
            return TroubleError("down", "no connection", _cause(error))
        return TroubleError("broken", "connection lost", _cause(error))

    def _status_trouble(self, response: Any, form: str) -> TroubleError:
        status, words = response.status_code, server_words(response.content)
        cause = f"status {status}"
        if form != FORMS[-1] and not self.is_proven and self._is_about_form(status, words):
            self._step_down(form)
            return TroubleError("form", f"{form} refused", f"{cause}: {words}", status=status)
        if form == FORMS[-1] and not self._has_answered and (status in ABOUT_FORM or status in FAILS_ON_FORM):
            self.form, self.is_proven = FORMS[0], False  # so it was not the form that was refused
            self._failed_on_form = 0
        if status in OVERLOADED:
            return TroubleError("busy", cause, words, retry_after(response.headers), status)
        if status in FATAL:
            return TroubleError("fatal", cause, words, status=status)
        if status >= 500 or status in TRY_AGAIN:
            return TroubleError("broken", cause, words, retry_after(response.headers), status)
        return TroubleError("refused", cause, words, status=status)

    def _is_about_form(self, status: int, words: str) -> bool:
        """Some servers answer 500 to a form that they do not know; a single 500 may be chance."""
        says_other = _NOT_THE_FORM.search(words)
        self._failed_on_form = self._failed_on_form + 1 if status in FAILS_ON_FORM and not says_other else 0
        return status in ABOUT_FORM or self._failed_on_form > 1

    def _learn(self, delivered: Delivered, schema: Mapping[str, Any]) -> None:
        """A status of 200 proves nothing: the first replies show whether the server keeps to the form."""
        if fits(delivered.reply.text, schema):
            self.is_proven = True
        elif delivered.reply.was_cut and self._undecided < MAX_UNDECIDED:
            self._undecided += 1
            self.is_proven = self._undecided == MAX_UNDECIDED
        else:
            self._step_down(delivered.form)

    def _step_down(self, form: str) -> None:
        if form == self.form:
            self.form = FORMS[FORMS.index(form) + 1]
            self.is_proven = self.form == FORMS[-1]

    def _fatal(self, cause: str, words: str) -> SikuError:
        return SikuError(f"the endpoint refuses: {cause}", where=self.url, why=words, next=_ADVICE, exit_code=4)


# llama.cpp answers 500 to too little context and to bytes of the model that are no UTF-8, though it knows the form.
_NOT_THE_FORM = re.compile(r"context size|model produced output", re.IGNORECASE)


class _Sender:
    """Sends bodies to one address through openai's own HTTP client, with the headers that openai makes once.

    `AsyncOpenAI.post` makes URL, headers and options anew for every request: 0.56 ms of CPU against 0.27.
    """

    def __init__(self, client: AsyncOpenAI, url: str) -> None:
        import httpx2

        self._http = client._client
        self._url, self._headers = (
            httpx2.URL(url),
            httpx2.Headers(_strings({**client.default_headers, **client.auth_headers})),
        )
        self._extensions = {"timeout": self._http.timeout.as_dict()}

    async def post(self, body: Mapping[str, Any], *, stream: bool = False) -> httpx2.Response:
        import httpx2

        request = httpx2.Request("POST", self._url, headers=self._headers, content=orjson.dumps(body))
        request.extensions = self._extensions
        return await self._http.send(request, stream=stream)


def _strings(headers: Mapping[str, Any]) -> dict[str, str]:
    """Headers that are set: openai marks others by a value of its own."""
    return {name: value for name, value in headers.items() if isinstance(value, str)}


_ADVICE = "is OPENAI_API_KEY set, and right? docs/endpoints.md has how each server takes keys"


def fits(text: str, schema: Mapping[str, Any]) -> bool:
    """Whether a reply is one JSON value that its schema allows, and nothing else."""
    try:
        value = orjson.loads(without_thinking(text).text)
    except ValueError:
        return False
    return not checks_of(orjson.dumps(schema)).verdicts(value)


def form_fields(form: str, schema: Mapping[str, Any] | None) -> dict[str, Any]:
    """The fields of a request that make a server answer in JSON."""
    if schema is None:
        return {}
    match form:
        case "json_schema":
            named = {"name": "reply", "strict": True, "schema": schema}
            return {"response_format": {"type": "json_schema", "json_schema": named}}
        case "json_object":
            return {"response_format": {"type": "json_object", "schema": schema}}
        case "guided":  # vLLM before and since 0.12, llama.cpp; others ignore what they do not know
            return {"guided_json": schema, "structured_outputs": {"json": schema}, "json_schema": schema}
    return {}


def normal_url(text: str) -> str:
    """The base address of an endpoint as people type it: `localhost:8080`, with or without `/v1`. Raises SikuError."""
    typed = text.strip()
    whole = typed if "://" in typed else f"http://{typed}"
    try:
        parts = urlsplit(whole)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise SikuError(f"{text!r} is no address of an endpoint", next="--endpoint http://127.0.0.1:8080/v1, or demo")
    whole = whole.split("?")[0].rstrip("/").removesuffix("/chat/completions").removesuffix("/models").rstrip("/")
    return whole if urlsplit(whole).path else f"{whole}/v1"


def _client(url: str, connections: int) -> AsyncOpenAI:
    import httpx2
    import openai

    host = urlsplit(url).hostname or ""
    http = openai.DefaultAioHttpClient(
        timeout=httpx2.Timeout(None, connect=CONNECT_TIMEOUT_S),
        limits=httpx2.Limits(max_connections=0, max_keepalive_connections=connections, keepalive_expiry=30.0),  # 0: any
        trust_env=not is_loopback(host),
        follow_redirects=False,
    )
    return openai.AsyncOpenAI(base_url=url, api_key=_key(), max_retries=0, http_client=http)


def _key() -> str:
    """What the server takes for a key; servers on this machine mostly want none."""
    key = os.environ.get("OPENAI_API_KEY", "").strip()
    if not (key.isascii() and key.isprintable()):
        raise SikuError(
            "OPENAI_API_KEY is no key",
            why="it holds characters that cannot be sent, such as the quotation marks of a text",
            next="export OPENAI_API_KEY=KEY, with nothing around it",
        )
    return key or "none"


def is_loopback(host: str) -> bool:
    """A proxy that the environment names is not asked for what runs on this machine."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def server_words(body: bytes) -> str:
    """What an error body says, wherever the server puts it: `error.message`, `message`, `detail`, or plain text."""
    try:
        whole = orjson.loads(body)
        while isinstance(whole, dict):
            inner = next((whole[key] for key in ("error", "message", "detail") if whole.get(key)), None)
            if inner is None:
                break
            whole = inner
        return " ".join((whole if isinstance(whole, str) else orjson.dumps(whole).decode()).split())[:400]
    except (ValueError, TypeError):  # no JSON, or nested deeper than can be written
        return quoted(body)


def retry_after(headers: Mapping[str, str]) -> float:
    """Seconds that the server asks to wait (RFC 9110, 10.2.3: seconds or a date); 0 where it does not say.

    Nobody waits for days: such a value counts as none, so that the endpoint is tried again, and given up in time.
    """
    text = headers.get("retry-after", "").strip()
    try:
        seconds = float(text)
    except ValueError:
        try:
            seconds = email.utils.parsedate_to_datetime(text).timestamp() - time.time()
        except (ValueError, TypeError):
            return 0.0
    return seconds if 0 < seconds <= MAX_RETRY_AFTER_S else 0.0  # NaN is no number of seconds


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """An error and what caused it, the innermost last."""
    while error is not None:
        yield error
        error = error.__cause__


def _cause(error: BaseException) -> str:
    """The innermost reason of a failed connection, which is the one that people understand."""
    *_, innermost = _chain(error)
    return " ".join(str(innermost).split())[:200] or type(innermost).__name__
