"""What is asked of a model and what comes back, before anyone has judged it."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, Protocol

import orjson

from builders.document import Message

Json = dict[str, Any]


class BadReplyError(ValueError):
    """A reply with status 200 that is no chat completion: `cause` is counted, `detail` quotes it."""

    def __init__(self, cause: str, detail: str = "") -> None:
        super().__init__(f"{cause}: {detail}" if detail else cause)
        self.cause, self.detail = cause, detail


@dataclass(frozen=True, slots=True)
class Request:
    """One question to a model. Which endpoint takes it, and how that is made to answer in JSON, is circumstance.

    `schema` is the JSON schema of the reply, None for free text; `sample` tells fresh samples of one question apart;
    `prompt` names the prompt and its version, such as `QuestionAnswers/1`.
    """

    messages: tuple[Message, ...]
    prompt: str
    schema: Mapping[str, Any] | None = None
    temperature: float = 0.7
    top_p: float = 0.8
    max_tokens: int = 2048
    sample: int = 0
    extra: Mapping[str, Any] = field(default_factory=dict)  # further fields of the body, such as chat_template_kwargs

    def body(self, model: str) -> Json:
        """The body of the request, without what makes a server answer in JSON."""
        return {
            "model": model,
            "messages": list(self.messages),
            "temperature": self.temperature,
            "top_p": self.top_p,
            "max_tokens": self.max_tokens,
            **self.extra,
        }

    def key(self, model: str) -> bytes:
        """SHA-256 of all that the reply depends on: what is answered under one key is never asked again."""
        identity = [self.body(model), self.schema, self.prompt, self.sample]
        return sha256(orjson.dumps(identity, option=orjson.OPT_SORT_KEYS)).digest()


@dataclass(frozen=True, slots=True)
class Reply:
    """What a model said: `text` for the reader, `reasoning` where the server keeps the thinking apart."""

    text: str
    reasoning: str = ""
    finish_reason: str = "stop"
    prompt_tokens: int = 0
    completion_tokens: int = 0

    @property
    def was_cut(self) -> bool:
        return self.finish_reason == "length"


@dataclass(frozen=True, slots=True)
class Failure:
    """No reply to a request, for good: the server refuses this one again and again, and answers others."""

    cause: str  # counted, so without figures: "status 500", "time-out"
    detail: str = ""


def read_reply(body: bytes) -> Reply:
    """The reply in the body of a chat completion (OpenAI's `chat.completion` object). Raises BadReplyError.

    Servers differ in where the thinking is: `reasoning_content` (vLLM, SGLang, llama.cpp), `reasoning` (Ollama,
    newer vLLM), or in the text itself.
    """
    try:
        whole = orjson.loads(body)
    except ValueError:
        raise BadReplyError(_not_json(body), quoted(body)) from None
    choices = whole.get("choices") if isinstance(whole, dict) else None
    if not isinstance(choices, list) or not choices or not isinstance(choices[0], dict):
        raise BadReplyError("no choices in the reply", quoted(body))
    message = choices[0].get("message")
    if not isinstance(message, dict):
        raise BadReplyError("no message in the reply", quoted(body))
    usage = whole.get("usage")
    count = functools.partial(count_of, usage if isinstance(usage, dict) else {})
    return Reply(
        text=text_of(message.get("content")),
        reasoning=text_of(message.get("reasoning_content") or message.get("reasoning")),
        finish_reason=text_of(choices[0].get("finish_reason")) or "stop",
        prompt_tokens=count("prompt_tokens"),
        completion_tokens=count("completion_tokens"),
    )


def _not_json(body: bytes) -> str:
    try:
        body.decode()
    except UnicodeDecodeError:
        return "the reply is not UTF-8"
    return "HTML in place of a reply" if body.lstrip()[:1] == b"<" else "the reply is not JSON"


def text_of(value: object) -> str:
    """A string; of a list of parts, as some servers write it, the texts."""
    if isinstance(value, list):
        texts = (part.get("text") for part in value if isinstance(part, dict))
        return "".join(text for text in texts if isinstance(text, str))
    return value if isinstance(value, str) else ""


def count_of(usage: Mapping[str, Any], name: str) -> int:
    value = usage.get(name)
    return value if type(value) is int and value >= 0 else 0


def quoted(body: bytes, chars: int = 200) -> str:
    """The beginning of a body on one line, for people."""
    return " ".join(body[: 4 * chars].decode("utf-8", "replace").split())[:chars]


class Asks(Protocol):
    """Whatever answers requests: the seam between what is asked and how it gets there."""

    async def __call__(self, request: Request) -> Reply | Failure: ...
