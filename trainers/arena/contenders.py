"""Who takes part: names, addresses, and which model is asked there."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import urlsplit

import orjson

from builders.document import Message
from generators.endpoint import Endpoint, TroubleError, normal_url
from generators.models import find_model
from generators.request import Request
from validators.errors import SikuError

PROMPT = "arena/1"  # the name that requests carry
NAME_CHARS = 40
Dialect = Literal["fields", "generation_config"]
_NAMED = re.compile(r"([^=/:?#]+)=(.*)", re.DOTALL)


@dataclass(frozen=True)
class Sampling:
    """How the next token is chosen. 0 and 1 leave `top_k` and `repetition_penalty` alone; None is any seed."""

    temperature: float = 0.7
    top_p: float = 0.8
    top_k: int = 0
    max_tokens: int = 512
    repetition_penalty: float = 1.0
    seed: int | None = None

    def extra(self, dialect: Dialect, defaults: Mapping[str, Any]) -> dict[str, Any]:
        """What OpenAI's fields have no words for, as servers take it.

        vLLM, SGLang and llama.cpp have fields; `transformers serve` has one with a whole generation config in it, which
        stands for the model's own (`defaults`) and so has to repeat it.
        """
        seed = {} if self.seed is None else {"seed": self.seed}
        if dialect == "generation_config":
            config = {**defaults, "do_sample": self.temperature > 0, "repetition_penalty": self.repetition_penalty}
            return seed | {"generation_config": orjson.dumps(config | {"top_k": self.top_k}).decode()}
        penalty = dict.fromkeys(("repetition_penalty", "repeat_penalty"), self.repetition_penalty)
        return seed | ({"top_k": self.top_k} if self.top_k else {}) | (penalty if self.repetition_penalty != 1 else {})

    def request(self, messages: Sequence[Message], extra: Mapping[str, Any]) -> Request:
        return Request(
            tuple(messages),
            PROMPT,
            temperature=self.temperature,
            top_p=self.top_p,
            max_tokens=self.max_tokens,
            extra=extra,
        )


@dataclass
class Contender:
    """A model that takes part. `model` is the one asked for at `url`; empty until the endpoint was asked what it has.

    `plain` once the server has refused fields beyond OpenAI's.
    """

    name: str
    url: str
    model: str = ""
    dialect: Dialect = "fields"
    defaults: Mapping[str, Any] = field(default_factory=dict)
    plain: bool = False

    async def find(self, endpoint: Endpoint) -> str:
        """The model to ask for; the one that the endpoint lists. Raises TroubleError."""
        if not self.model:
            try:
                self.model = await find_model([endpoint])
            except SikuError as error:
                kind: Literal["down", "fatal"] = "down" if "does not answer" in error.what else "fatal"
                raise TroubleError(kind, error.what, error.why) from error
        return self.model

    def told(self) -> dict[str, str]:
        return {"model": self.model, "url": self.url}


def read_contender(typed: str) -> Contender:
    """`NAME=URL`, `URL`, each perhaps with `#MODEL` where the endpoint serves several. Raises SikuError.

    >>> read_contender("甲=127.0.0.1:8080#qwen3-8b").url
    'http://127.0.0.1:8080/v1'
    """
    named = _NAMED.fullmatch(typed.strip())
    name, address = (named[1].strip(), named[2].strip()) if named else ("", typed.strip())
    address, _, model = address.partition("#")
    url = normal_url(address)
    name = name or model or urlsplit(url).netloc
    if not name.isprintable() or len(name) > NAME_CHARS:
        raise SikuError(f"--endpoint {typed!r}: the name is at most {NAME_CHARS} printable characters")
    return Contender(name, url, model)


def check_names(names: Sequence[str]) -> None:
    """Raises SikuError where there is nobody, or two share a name."""
    if not names:
        raise SikuError("nobody takes part", next="--endpoint NAME=URL, or --model PATH; each is repeatable")
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise SikuError(
            f"two are called {twice[0]}", why="votes go by names", next="--endpoint NAME=URL with names of their own"
        )
