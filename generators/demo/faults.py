"""What goes wrong with real servers, switched on at will and decided by the request, so that a rerun meets the same."""

from __future__ import annotations

import hashlib
import json
import math
import random
from collections.abc import Iterable
from dataclasses import dataclass, fields, replace

from generators.demo.chat import ChatRequest, Misbehaviour, Raw, Said, error_body, invalid, text_of
from generators.demo.prompts import Prompt, passage_of
from validators.errors import SikuError, nearest

DRAWN = (  # at most one of these befalls a reply
    "error_500",
    "error_429",
    "error_503",
    "malformed",
    "prose",
    "thinking",
    "truncated",
    "empty",
    "empty_choices",
    "replacement",
    "html",
    "reset",
    "bad_utf8",
    "slow_drip",
    "hang",
)
FORMATS = ("json_schema", "json_object", "guided")
DRAFT = '先看原文里有什么。草稿：{"pairs": [{"question": "草稿？", "answer": "草稿。"}]}，还不够好，再想想 [第二稿]。'
PROSE = ("好的，下面是根据原文 {标题} 写出的内容：", "以上内容 [共一份] 都来自原文，希望有帮助！")
HTML = "<!DOCTYPE html><html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>"


@dataclass(frozen=True, kw_only=True)
class Faults:
    """Shares of replies (0 to 1) that go wrong in one way or another; all off by default.

    `first_wrong`: share of the passages whose replies are invalid until the conversation holds the rejected text
    and a further user message. `poison`: a word; whatever asks about it gets status 500, always.
    """

    error_500: float = 0.0
    error_429: float = 0.0
    error_503: float = 0.0
    malformed: float = 0.0  # JSON that breaks off
    prose: float = 0.0  # JSON inside prose and a fence
    thinking: float = 0.0  # <think> in the text, with and without its beginning, or thinking in a field of its own
    truncated: float = 0.0  # finish_reason length
    empty: float = 0.0
    empty_choices: float = 0.0
    replacement: float = 0.0  # U+FFFD in the text
    html: float = 0.0  # status 200, and a web page
    reset: float = 0.0  # of the connection, in the middle of the body
    bad_utf8: float = 0.0
    slow_drip: float = 0.0  # a byte every so often, for ever
    hang: float = 0.0  # never answered
    first_wrong: float = 0.0
    poison: str = ""
    refuse_response_format: tuple[str, ...] = ()  # status 400 for these: json_schema, json_object, guided
    ignore_response_format: bool = False  # JSON is wrapped in prose, whatever was asked for
    max_in_flight: int = 0  # status 429 above it
    retry_after_s: float = 1.0
    drip_s: float = 0.2
    seed: int = 0

    def __post_init__(self) -> None:
        wrong = [name for name in (*DRAWN, "first_wrong") if not 0 <= getattr(self, name) <= 1]
        wrong += [name for name in ("retry_after_s", "drip_s") if not 0 <= getattr(self, name) < math.inf]
        if wrong:
            raise SikuError(f"a fault cannot be so: {', '.join(f'{name}={getattr(self, name)}' for name in wrong)}")
        if (total := sum(getattr(self, name) for name in DRAWN)) > 1 + 1e-9:
            raise SikuError(f"the shares of faults make {total:g}, more than all replies")
        if self.max_in_flight < 0:
            raise SikuError(f"a fault cannot be so: max_in_flight={self.max_in_flight}")
        if unknown := set(self.refuse_response_format) - set(FORMATS):
            raise SikuError(f"no response format: {', '.join(sorted(unknown))}", why=f"there is: {', '.join(FORMATS)}")

    def refusal(self, request: ChatRequest) -> tuple[str, Raw] | None:
        """The fault and the error of a request that is never answered, however often it comes."""
        if request.response_format in self.refuse_response_format:
            said = f"'response_format' of type {request.response_format!r} is not supported by this server."
            return "refuse_response_format", invalid(said, "response_format")
        if self.poison and any(self.poison in text for text in request.texts("user")):
            return "poison", _error(500)
        return None

    def too_many(self) -> Raw:
        headers = {"retry-after": f"{self.retry_after_s:g}"}
        body = error_body("Rate limit reached: ask again later.", "rate_limit_error", "rate_limit_exceeded")
        return Raw(429, body, headers=headers)

    def drawn(self, request: ChatRequest) -> str:
        """The name of the fault that befalls a request this time, or nothing."""
        at = _draw(self.seed, request.digest, request.seen)
        for name in DRAWN:
            at -= getattr(self, name)
            if at < 0:
                return name
        return ""

    def instead(self, drawn: str) -> Raw | Misbehaviour | None:
        """What comes in place of an answer; None where the fault needs one."""
        match drawn:
            case "error_500" | "error_503":
                return _error(int(drawn[-3:]))
            case "error_429":
                return self.too_many()
            case "html":
                return Raw(200, HTML.encode(), "text/html; charset=utf-8")
            case "empty_choices":
                return Raw(200, b'{"id": "chatcmpl-demo", "object": "chat.completion", "choices": []}')
            case "slow_drip" | "hang":
                return Misbehaviour(drawn, pause_s=self.drip_s)
        return None

    def change(self, request: ChatRequest, said: Said, drawn: str) -> tuple[str, Said]:
        """The names of the faults of an answer, joined by `+`, and what is said then."""
        names = []
        if self.first_wrong and self._is_wrong_still(request):
            said, names = replace(said, text=wrong_text(request)), ["first_wrong"]
        if self.ignore_response_format and request.response_format:
            said, names = replace(said, text=_in_prose(said.text)), [*names, "ignore_response_format"]
        if drawn:
            said, names = _spoilt(drawn, request, said), [*names, drawn]
        return "+".join(names), said

    def _is_wrong_still(self, request: ChatRequest) -> bool:
        if _draw(self.seed, "first_wrong", passage_of(request)) >= self.first_wrong:
            return False
        wrong, is_rejected = _wrong_pair(request), False
        for message in request.messages:
            if message["role"] == "assistant":
                is_rejected = is_rejected or wrong in text_of(message)
            elif message["role"] == "user" and is_rejected:
                return False
        return True


def wrong_text(request: ChatRequest) -> str:
    """The invalid reply of `first_wrong`: a question that cannot stand alone, as often as pairs are wanted."""
    count = max(1, Prompt(request).least_items)
    return f'{{"pairs": [{", ".join([_wrong_pair(request)] * count)}]}}'


def _wrong_pair(request: ChatRequest) -> str:
    """The same for all that is asked about a passage, so that it is known again."""
    pair = {"question": "它怎么样？", "answer": passage_of(request)[:20]}
    return json.dumps(pair, ensure_ascii=False)


def spoil_bytes(drawn: str, reply: Raw) -> Raw | Misbehaviour:
    """A reply with what goes wrong below its text."""
    if drawn == "reset":
        return Misbehaviour("reset", reply.body)
    if drawn == "bad_utf8":  # in front of the first character that is not ASCII: inside the text, in most replies
        place = next((place for place, byte in enumerate(reply.body) if byte >= 0x80), len(reply.body) // 2)
        return replace(reply, body=reply.body[:place] + b"\xff\xfe" + reply.body[place:])
    return reply


def _spoilt(name: str, request: ChatRequest, said: Said) -> Said:
    chance = random.Random(f"{name} {request.digest} {request.seen}")
    text = said.text
    part = max(1, int(len(text) * chance.uniform(0.4, 0.9)))
    match name:
        case "malformed":
            return replace(said, text=text[:part])
        case "truncated":
            return replace(said, text=text[:part], finish_reason="length")
        case "empty":
            return replace(said, text="")
        case "prose":
            return replace(said, text=_in_prose(text))
        case "replacement":
            return replace(said, text=_with_replacement(text, part))
        case "thinking":
            return _thinking(said, chance.randrange(4))
    return said


def _in_prose(text: str) -> str:
    return f"{PROSE[0]}\n\n```json\n{text}\n```\n\n{PROSE[1]}"


def _with_replacement(text: str, part: int) -> str:
    """U+FFFD in place of the Han character nearest to `part`."""
    places = [place for place, character in enumerate(text) if "\u4e00" <= character <= "\u9fff"]
    place = min(places, key=lambda one: abs(one - part)) if places else 0
    return f"{text[:place]}\ufffd{text[place + 1 :]}"


def _thinking(said: Said, way: int) -> Said:
    match way:
        case 0:
            return replace(said, text=f"<think>\n{DRAFT}\n</think>\n\n{said.text}")
        case 1:  # the prompt held the beginning
            return replace(said, text=f"{DRAFT}\n</think>\n\n{said.text}")
        case 2:
            return replace(said, reasoning=DRAFT)
    return replace(said, reasoning=DRAFT, reasoning_field="reasoning")


def _error(status: int) -> Raw:
    said = {500: "The server had an error while it processed the request.", 503: "The server is overloaded."}
    return Raw(status, error_body(said[status], "server_error"))


def _draw(*key: object) -> float:
    """A number from 0 to 1 that depends on the key alone."""
    drawn = hashlib.sha256("\0".join(map(str, key)).encode("utf-8", "surrogatepass")).digest()
    return int.from_bytes(drawn[:8], "big") / 2**64


# ---------------------------------------------------------------- as typed


def read_faults(words: Iterable[str]) -> Faults:
    """Faults as they are typed, `error_500=0.05`. Raises SikuError that names all mistakes at once."""
    known = {one.name: one.default for one in fields(Faults)}
    given: dict[str, object] = {}
    wrong: list[str] = []
    for word in words:
        name, equals, text = word.partition("=")
        name = name.strip().replace("-", "_")
        if name not in known:
            wrong.append(f"{name}: {nearest(name, known)}")
        elif name in given:
            wrong.append(f"{name} is there twice")
        elif (value := _value(text.strip(), known[name]) if equals else None) is None:
            wrong.append(f"{name}={text}: {_takes(name, known[name])}")
        else:
            given[name] = value
    if wrong:
        raise SikuError("--fault cannot be read", why="; ".join(wrong), next="--fault NAME=VALUE, once for each")
    return Faults(**given)  # type: ignore[arg-type]


def _value(text: str, default: object) -> object:
    """What a text means for a field with this default; None where it means nothing."""
    match default:
        case bool():
            return {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}.get(text.lower())
        case tuple():
            return FORMATS if text == "all" else tuple(text.split(",")) if text else None
        case str():
            return text or None
    try:
        return int(text) if isinstance(default, int) else float(text)
    except ValueError:
        return None


def _takes(name: str, default: object) -> str:
    if name in (*DRAWN, "first_wrong"):
        return "a share from 0 to 1"
    kinds = {bool: "true or false", int: "a whole number", float: "seconds", str: "a word"}
    return kinds.get(type(default), f"one or more of {', '.join(FORMATS)}, with commas between, or all")
