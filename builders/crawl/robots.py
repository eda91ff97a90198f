"""What a robots.txt allows, by RFC 9309.

`protego` finds the longest rule that matches. Which group is the agent's own, and when two octets are the same, is
decided here: protego takes `User-agent: my` for "mybot", overlooks `mybot/2.1`, counts a percent-encoded "?" as
three octets, takes all escapes that are no UTF-8 for one character, and lets `Allow: /a/index.html` open `/a/`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from protego import Protego

MAX_ROBOTS_BYTES = 500 * 1024  # what has to be read of a longer file
MAX_PATH_CHARS = 20_000  # servers refuse longer ones long before

_LINE_END = re.compile(r"\r\n|\r|\n")
_BYTE_ORDER_MARKS = ("\ufeff", "ï»¿")  # the second is the first, read as Latin-1
_DIRECTIVE = re.compile(
    r"[\s\0]*(user[- ]?agent|dis+al+ow|disallaw|diasllow|allow|crawl[- ]?delay)(?:[ \t]*:|[ \t])([^#]*)",
    re.IGNORECASE,
)
_FIELDS = {"u": "agent", "d": "disallow", "a": "allow", "c": "delay"}
_SECONDS = re.compile(r"\d{1,9}(?:\.\d{0,9})?")
_COMPATIBLE = re.compile(r"\(compatible;\s*([^;)]+)", re.IGNORECASE)
_NAME_END = re.compile(r"/|\(|\s+v?\d", re.IGNORECASE)
_SCHEME_AND_HOST = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[^/?#]*")
_ESCAPE_OR_OCTET = re.compile(r"%[0-9A-F]{2}|[\0-\xff]", re.IGNORECASE | re.DOTALL)
_UNRESERVED = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
_PLAIN = _UNRESERVED | frozenset(":/?#[]@!&'()+,;=")  # without * and $: as themselves they are written %2A and %24
_SAME_IN_A_QUERY = {"%3A": ":", "%2F": "/", "%3F": "?", "%40": "@"}  # delimiters in a path, plain data behind "?"
_HIGH, _LOW = "ABCDEFGHIJKLMNOP", "abcdefghijklmnop"
_END = "Zz"


def robots_can_fetch(robots: str, user_agent: str, url: str) -> bool:
    """Whether a robots.txt lets an agent fetch a URL. Never raises."""
    return Robots.parse(robots, user_agent).allows(url)


@dataclass(frozen=True, slots=True)
class Robots:
    """The rules of one file for one agent."""

    rules: Protego
    delay_s: float | None = None

    @classmethod
    def parse(cls, text: str, user_agent: str) -> Robots:
        from protego import Protego

        own = _own_lines(text, user_agent)
        rules = [f"{field}: {_pattern_in_letters(value)}" for field, value in own if value[:1] in ("/", "*")]
        delays = [float(value) for field, value in own if field == "delay" and _SECONDS.fullmatch(value)]
        return cls(Protego.parse("\n".join(["User-agent: *", *rules])), max(delays, default=None))

    @classmethod
    def allowing_all(cls) -> Robots:
        return cls.parse("", "*")

    def allows(self, url: str) -> bool:
        """Whether the agent may fetch a URL, given whole or from its path on."""
        path = _SCHEME_AND_HOST.sub("", url, count=1).partition("#")[0]
        if not path.startswith("/"):
            path = f"/{path}"
        if path == "/robots.txt":
            return True
        return bool(self.rules.can_fetch("/" + _in_letters(_octets(path[:MAX_PATH_CHARS])) + _END, "*"))


def _own_lines(text: str, user_agent: str) -> list[tuple[str, str]]:
    """`(field, value)` of the groups for this agent; of those for `*` if it has none."""
    own_name = _name(_identified(user_agent))
    own: list[tuple[str, str]] = []
    others: list[tuple[str, str]] = []
    has_own = in_own = in_others = among_rules = False
    for field, value in _directives(text):
        if field == "agent":
            if among_rules:  # only a rule ends the list of agents; other records do not interfere
                in_own = in_others = among_rules = False
            is_own = bool(own_name) and _name(value) == own_name
            in_own, has_own = in_own or is_own, has_own or is_own
            in_others = in_others or value == "*" or value.startswith(("* ", "*\t"))
            continue
        among_rules = among_rules or field != "delay"
        if in_own:
            own.append((field, value))
        if in_others:
            others.append((field, value))
    return own if has_own else others


def _directives(text: str) -> list[tuple[str, str]]:
    for mark in _BYTE_ORDER_MARKS:
        text = text.removeprefix(mark)
    found = (_DIRECTIVE.match(line) for line in _LINE_END.split(text))
    return [(_FIELDS[match[1][0].lower()], match[2].strip(" \t\0\v\f")) for match in found if match]


def _identified(user_agent: str) -> str:
    """The part of a `User-Agent` that names the crawler, also where it calls itself compatible to a browser."""
    compatible = _COMPATIBLE.search(user_agent)
    return compatible[1] if compatible and user_agent.lstrip().lower().startswith("mozilla/") else user_agent


def _name(agent: str) -> str:
    """The product token, without its version: `MyBot/2.1 (+https://…)` is "mybot"."""
    return " ".join(_NAME_END.split(agent.strip(), maxsplit=1)[0].lower().split())


def _octets(path: str, kept: str = "") -> str:
    """A path in ASCII, in one of its many spellings: octets that need no escape have none, all others have one."""
    quoted = path.encode("utf-8", "surrogatepass").decode("latin-1")
    before, mark, query = quoted.partition("?")
    before = _ESCAPE_OR_OCTET.sub(lambda found: _octet(found[0], kept), before)
    query = _ESCAPE_OR_OCTET.sub(lambda found: _SAME_IN_A_QUERY.get(octet := _octet(found[0], kept), octet), query)
    return before + mark + query


def _octet(given: str, kept: str) -> str:
    if len(given) == 1:
        return given if given in _PLAIN or given in kept else f"%{ord(given):02X}"
    char = chr(int(given[1:], 16))
    return char if char in _UNRESERVED else given.upper()


def _pattern_in_letters(pattern: str) -> str:
    anchored = pattern.endswith("$")
    pieces = _octets(pattern[:-1] if anchored else pattern, kept="*").split("*")
    # two stars count as long as one octet does, and match as one star
    return "/" + "**".join(_in_letters(piece) for piece in pieces) + (_END if anchored else "")


def _in_letters(octets: str) -> str:
    """Two letters for each octet, in which protego finds nothing to decode, to quote or to take for a wildcard."""
    return "".join([_HIGH[ord(octet) >> 4] + _LOW[ord(octet) & 15] for octet in octets])
