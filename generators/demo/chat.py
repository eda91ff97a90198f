"""What is asked and what is answered, in the words of OpenAI's chat completions."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import orjson

MODEL = "siku-demo-rules"
JSON_KIND = "application/json"
STREAM_KIND = "text/event-stream; charset=utf-8"
FORMATS = ("text", "json_object", "json_schema")
GUIDED = ("guided_json", "structured_outputs")
PIECE_CHARS = 8  # of a streamed answer in one event
MAX_CHOICES = 16


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """A request for a completion that was understood. `seen`: how often the very same one came before."""

    body: Mapping[str, Any]
    digest: str
    seen: int = 0
    number: int = 0

    @property
    def messages(self) -> Sequence[Mapping[str, Any]]:
        return self.body["messages"]  # type: ignore[no-any-return]

    def texts(self, role: str) -> list[str]:
        """What the messages of a role say, in order."""
        return [text_of(message) for message in self.messages if message.get("role") == role]

    @property
    def response_format(self) -> str:
        """`json_schema`, `json_object`, `guided` (fields of single servers, such as structured_outputs), or nothing."""
        kind = (self.body.get("response_format") or {}).get("type", "text")
        if kind == "text":
            return "guided" if any(name in self.body for name in GUIDED) else ""
        return str(kind)

    @property
    def schema(self) -> Mapping[str, Any] | None:
        """The JSON schema that the reply has to keep to, wherever it stands."""
        wanted = self.body.get("response_format") or {}
        named, structured = wanted.get("json_schema"), self.body.get("structured_outputs")
        places = (
            named.get("schema") if isinstance(named, Mapping) else None,
            wanted.get("schema"),
            self.body.get("guided_json"),
            structured.get("json") if isinstance(structured, Mapping) else None,
        )
        return next((place for place in places if isinstance(place, Mapping)), None)

    @property
    def max_tokens(self) -> int | None:
        limits = (self.body.get("max_completion_tokens"), self.body.get("max_tokens"))
        return next((limit for limit in limits if limit is not None), None)


def text_of(message: Mapping[str, Any]) -> str:
    """The text of a message, also of one in parts."""
    content = message.get("content")
    if isinstance(content, str):
        return content
    parts = content if isinstance(content, list) else []
    texts = (part.get("text") for part in parts if isinstance(part, Mapping))
    return "\n".join(text for text in texts if isinstance(text, str))


@dataclass(frozen=True)
class Said:
    """A completion; `reasoning_field` is where servers put their thinking (`reasoning_content`, `reasoning`)."""

    text: str
    reasoning: str | None = None
    reasoning_field: str = "reasoning_content"
    finish_reason: str = "stop"
    usage: Mapping[str, int] | None = None


@dataclass(frozen=True)
class Raw:
    """Any status with any body: an error, or nonsense."""

    status: int = 200
    body: bytes = b""
    kind: str = JSON_KIND
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Misbehaviour:
    """What no server should do: reset or end the connection in the middle of `body`, drip for ever, never answer."""

    kind: Literal["reset", "cut", "slow_drip", "hang"]
    body: bytes = b'{"id": "chatcmpl-demo", "object": "chat.completion", "choices": ['
    pause_s: float = 0.2  # between two bytes of a slow drip


Answered = str | Said | Raw | Misbehaviour
Answer = Callable[[ChatRequest], Answered]


class RefusedError(Exception):
    """A request that is answered with an error."""

    def __init__(self, raw: Raw) -> None:
        super().__init__(raw.status)
        self.raw = raw


def error_body(message: str, kind: str, code: str | None = None, param: str | None = None) -> bytes:
    """An error as OpenAI words it."""
    return orjson.dumps({"error": {"message": message, "type": kind, "param": param, "code": code}})


def invalid(message: str, param: str | None = None, code: str | None = None, status: int = 400) -> Raw:
    return Raw(status, error_body(message, "invalid_request_error", code, param))


def read_body(data: bytes, model: str) -> dict[str, Any]:
    """The body of a request for a completion. Raises RefusedError with what OpenAI's servers would answer."""
    try:
        body = orjson.loads(data)
    except orjson.JSONDecodeError:
        raise RefusedError(invalid("The body of the request is not valid JSON.")) from None
    if not isinstance(body, dict):
        raise RefusedError(invalid("The body of the request is not a JSON object."))
    if wrong := _wrong_messages(body.get("messages")) or _wrong_parameter(body):
        raise RefusedError(invalid(wrong[1], wrong[0]))
    if body.get("model") not in (None, model):
        said = f"The model {str(body['model'])[:200]!r} does not exist. There is {model!r}."
        raise RefusedError(invalid(said, "model", "model_not_found", status=404))
    return body


def _wrong_messages(messages: object) -> tuple[str, str] | None:
    if messages is None:
        return "messages", "Missing required parameter: 'messages'."
    if not isinstance(messages, list) or not messages:
        return "messages", "'messages' has to be an array with at least one message."
    for place, message in enumerate(messages):
        where = f"messages[{place}]"
        if not isinstance(message, dict) or not isinstance(message.get("role"), str):
            return where, f"'{where}' has to be an object with a role and a content."
        if not isinstance(message.get("content"), str | list | None):
            return f"{where}.content", f"'{where}.content' has to be a string or an array of parts."
    return None


def _wrong_parameter(body: Mapping[str, Any]) -> tuple[str, str] | None:
    for name, most in (("max_tokens", None), ("max_completion_tokens", None), ("n", MAX_CHOICES)):
        value = body.get(name)
        whole = isinstance(value, int) and not isinstance(value, bool)
        if value is not None and not (whole and 1 <= value <= (most or value)):
            return name, f"'{name}' has to be a whole number from 1{f' to {most}' if most else ''}."
    if not isinstance(body.get("stream"), bool | None):
        return "stream", "'stream' has to be true or false."
    wanted = body.get("response_format")
    if wanted is not None and not (isinstance(wanted, dict) and wanted.get("type") in FORMATS):
        return "response_format", f"'response_format.type' has to be one of {', '.join(FORMATS)}."
    if wanted and wanted["type"] == "json_schema":
        inner = wanted.get("json_schema")
        if not isinstance(inner, dict) or not isinstance(inner.get("schema", {}), dict):
            return "response_format.json_schema", "'response_format.json_schema.schema' has to be an object."
    return None


def digest_of(body: Mapping[str, Any]) -> str:
    """SHA-256 of a request, whatever the order of its keys."""
    return hashlib.sha256(orjson.dumps(body, option=orjson.OPT_SORT_KEYS)).hexdigest()


def completion(request: ChatRequest, said: Said, model: str, created_s: int) -> Raw:
    """The reply that holds what was said, in one piece or as a stream of events."""
    said = _within_limit(said, request.max_tokens)
    head: dict[str, Any] = {"id": f"chatcmpl-demo-{request.number}", "created": created_s, "model": model}
    if request.body.get("stream"):
        return Raw(200, _events(request, said, head), STREAM_KIND)
    message: dict[str, Any] = {"role": "assistant", "content": said.text}
    if said.reasoning is not None:
        message[said.reasoning_field] = said.reasoning
    choices = [
        {"index": place, "message": message, "finish_reason": said.finish_reason, "logprobs": None}
        for place in range(request.body.get("n") or 1)
    ]
    whole = {**head, "object": "chat.completion", "choices": choices, "usage": said.usage or _usage(request, said)}
    return Raw(200, orjson.dumps(whole))


def _within_limit(said: Said, max_tokens: int | None) -> Said:
    """Cut to so many tokens. There is no tokenizer here: a character counts as a token."""
    if max_tokens is None or len(said.text) <= max_tokens:
        return said
    return Said(said.text[:max_tokens], said.reasoning, said.reasoning_field, "length", said.usage)


def _usage(request: ChatRequest, said: Said) -> dict[str, int]:
    asked = sum(len(text_of(message)) for message in request.messages)
    answered = (len(said.text) + len(said.reasoning or "")) * (request.body.get("n") or 1)
    return {"prompt_tokens": asked, "completion_tokens": answered, "total_tokens": asked + answered}


def _events(request: ChatRequest, said: Said, head: Mapping[str, Any]) -> bytes:
    parts: list[dict[str, Any]] = [{"role": "assistant", "content": ""}]
    if said.reasoning is not None:
        parts.append({said.reasoning_field: said.reasoning})
    parts += ({"content": said.text[at : at + PIECE_CHARS]} for at in range(0, len(said.text), PIECE_CHARS))
    chunks: list[list[dict[str, Any]]] = []
    for place in range(request.body.get("n") or 1):
        chunks += [[{"index": place, "delta": part, "finish_reason": None}] for part in parts]
        chunks.append([{"index": place, "delta": {}, "finish_reason": said.finish_reason}])
    head = {**head, "object": "chat.completion.chunk"}
    events = [{**head, "choices": choices} for choices in chunks]
    options = request.body.get("stream_options")
    if isinstance(options, dict) and options.get("include_usage"):
        events.append({**head, "choices": [], "usage": said.usage or _usage(request, said)})
    return b"".join(b"data: %s\n\n" % orjson.dumps(event) for event in events) + b"data: [DONE]\n\n"
