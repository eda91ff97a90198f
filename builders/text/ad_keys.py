"""The key of a text: what is left of it when script, width, case, blanks and decorations do not count."""

from __future__ import annotations

import functools
import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import ahocorasick_rs
import numpy as np
import numpy.typing as npt

from builders.text.ad_patterns import FAMILIES
from builders.text.ad_words import AUTHOR_NOTE_PHRASES, SCRIPT_PAIRS

_HAN = "\u3400-\u4dbf\u4e00-\u9fff"
_KEY_CHARACTER = re.compile(rf"[{_HAN}a-z0-9]")
# Where letters and Han characters hide: full width, circled, superscript, mathematical, radicals, compatibility.
_DISGUISES = (
    (0x41, 0x5B), (0x00AA, 0x00BB), (0x2070, 0x209D), (0x2100, 0x2150), (0x2160, 0x2180), (0x2460, 0x24EB),
    (0x2E80, 0x2FE0), (0x3220, 0x33FF), (0xF900, 0xFAFF), (0xFF01, 0xFF5F), (0x1D400, 0x1D800), (0x1F110, 0x1F14A),
)  # fmt: skip

# Letters with accents, of any look, are told by Unicode; these only look alike.
_LOOKALIKES = dict(zip("ωшѡαаοосеεмпτтιіхχуγрρѕ", "wwwaaooceemnttiixxyypps", strict=True))
_ACCENTED = ((0xC0, 0x250), (0x1E00, 0x1F00))

_DOMAINS = (
    "com", "net", "org", "info", "xyz", "top", "vip", "cc", "cn", "tw", "hk",
    "biz", "site", "club", "app", "online", "mobi",
)  # fmt: skip
_DOMAIN = f"(?:{'|'.join(_DOMAINS)})"
_SHORT_DOMAIN = "(?:la|me|tv|co|io|pw|so|us|in)"  # words of other languages, too: only behind `www.` and the like
_LABEL = r"(?:[a-z0-9][a-z0-9-]{0,40}|[a-z0-9](?:[ \u3000][a-z0-9]){1,30})"
_DOT = r"(?:[ \u3000]{0,2}[.。．·•]{1,3}[ \u3000]{0,2}|点)"
_SPACED_DOMAIN = "(?:c ?o ?m|n ?e ?t|o ?r ?g|c ?c|c ?n)"
ADDRESS = (
    rf"(?<![a-z0-9@.-])(?:h ?t ?t ?p ?s? ?[:：] ?[/／] ?[/／] ?)?"
    rf"(?:(?:{_LABEL}{_DOT}){{1,4}}(?:{_DOMAIN}|{_SPACED_DOMAIN})|(?:www|wap|m){_DOT}{_LABEL}{_DOT}{_SHORT_DOMAIN}|"
    rf"www{_DOT}[{_HAN}]{{1,8}}{_DOT}{_DOMAIN})"
    rf"(?![a-z0-9])(?:[/:?][!-~]{{0,200}}|／[!-~．／－＿？＝＆]{{0,200}})?"
)
QUOTE = r"“[^“”]*(?:”|$)|「[^「」]*(?:」|$)|『[^『』]*(?:』|$)|\"[^\"]*\"|‘[^‘’]{0,200}’"
TITLE = "《[^《》]{1,40}》"
# In a key the dots and blanks of an address are gone, whatever they were.
_ADDRESS_KEY = re.compile(
    rf"(?:https?)?(?:(?<![a-z])w{{1,3}}@|www[a-z0-9]{{2,40}}?(?:{_DOMAIN}|@|{_SHORT_DOMAIN}(?![a-z0-9])))"
)
# `求、月、票`: one and the same symbol after every single character is disguise, whatever it means elsewhere.
_SPELT_OUT = re.compile(rf"[{_HAN}a-z0-9]([^{_HAN}a-z0-9。！？!?…“”\"'])(?:(?!\1).\1){{2,}}")
_SENTENCE_MARK = re.compile("[。！？!?…]")
_SITE = re.compile("(?:小说|中文|阅读|看书|文学|读书)网|笔趣阁")
_MAX_NAME_CHARS = 10
_BUTTONS = frozenset(["下一页", "下一章", "上一页", "上一章", "收藏", "加入书架", "加入书签", "举报", "报错"])


def make_plain(line: str) -> str:
    """The line in simplified script, half width and lower case, character for character, not spelt out any more."""
    return _SPELT_OUT.sub(lambda match: match[0].replace(match[1], " "), line.translate(_plain_form()))


@functools.cache
def _plain_form() -> Mapping[int, str]:
    """Character to its plain form, one to one, for `str.translate`: `Ｗ` and `𝐰` to `w`, `閱` to `阅`."""
    table = {ord(pair[0]): pair[1] for pair in SCRIPT_PAIRS}
    table.update({ord(letter): plain for letter, plain in _LOOKALIKES.items()})
    table.update({ord(stroke): "|" for stroke in "丨丶"})  # Han characters, but only drawn
    for first, last in _ACCENTED:
        for code in range(first, last):
            plain = unicodedata.normalize("NFKD", chr(code))[0].lower()
            if _KEY_CHARACTER.fullmatch(plain):
                table[code] = plain
    for first, last in _DISGUISES:
        for code in range(first, last):
            plain = unicodedata.normalize("NFKC", chr(code)).lower()
            if len(plain) == 1 and _KEY_CHARACTER.fullmatch(plain):
                table[code] = table.get(ord(plain), plain)
    return table


@dataclass(frozen=True, slots=True)
class Key:
    """The key of a stretch of text, and where each of its characters came from."""

    text: str
    starts: list[int]
    ends: list[int]


def make_key(plain: str, *spans: tuple[int, int]) -> Key:
    """The key of some stretches of a text in its plain form, put together."""
    tokens = [token for start, end in spans for token in _tokens(plain, start, end)]
    text = "".join(character for character, _, _ in tokens)
    return _join_addresses(Key(text, [start for _, start, _ in tokens], [end for _, _, end in tokens]))


@functools.cache
def _token() -> re.Pattern[str]:
    """What a key is made of. Compiled when it is needed first: that takes longer than most imports."""
    character = rf"[{_HAN}a-z0-9]|(?:(?<=[0-9])|(?<=[0-9] ))[/／](?= ?[0-9])"
    return re.compile(rf"(?P<address>{ADDRESS})|(?P<quote>{QUOTE})|(?P<title>{TITLE})|(?P<character>{character})")


def _tokens(plain: str, start: int, end: int) -> Iterator[tuple[str, int, int]]:
    for match in _token().finditer(plain, start, end):
        at, until = match.span()
        if match.lastgroup == "address":
            yield "@", at, until
        elif match.lastgroup == "title":
            yield "#", at, until
        elif match.lastgroup == "character":
            yield match[0].replace("／", "/"), at, until
        elif _is_name(match[0]):
            for inner in _KEY_CHARACTER.finditer(plain, at, until):
                yield inner[0], *inner.span()
        else:
            yield "“", at, until


def _is_name(quote: str) -> bool:
    """Quotation marks around a name, of a site or a button for instance, are not speech."""
    if quote[1:-1] in _BUTTONS:
        return True
    if _SENTENCE_MARK.search(quote):
        return False
    name = _SITE.sub("", "".join(_KEY_CHARACTER.findall(quote)))
    return len(name) <= _MAX_NAME_CHARS and not phrase_matcher().find_matches_as_indexes(name)


def _join_addresses(key: Key) -> Key:
    if "w" not in key.text:
        return key
    text: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    done = 0
    for match in _ADDRESS_KEY.finditer(key.text):
        text += [key.text[done : match.start()], "@"]
        starts += [*key.starts[done : match.start()], key.starts[match.start()]]
        ends += [*key.ends[done : match.start()], key.ends[match.end() - 1]]
        done = match.end()
    return Key("".join(text) + key.text[done:], starts + key.starts[done:], ends + key.ends[done:])


@functools.cache
def phrases() -> list[str]:
    """Every phrase of every family, once."""
    return list(dict.fromkeys(phrase for family in FAMILIES for phrase in family.phrases))


@functools.cache
def phrase_matcher() -> ahocorasick_rs.AhoCorasick:
    return ahocorasick_rs.AhoCorasick(phrases())


def find_candidates(text: str) -> list[int]:
    """Where a phrase or an address may be, in ascending order: one pass over the whole text, disguises or not."""
    codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)
    folded = _fold_table().take(codes)
    kept = np.flatnonzero(folded)
    key = folded.take(kept).tobytes()
    # A match at an odd byte is made of halves of characters.
    found = {at // 2 for _, at, _ in _prefilter().find_matches_as_indexes(key, overlapping=True) if at % 2 == 0}
    return [int(kept[index]) for index in sorted(found)]


@functools.cache
def _fold_table() -> npt.NDArray[np.uint16]:
    """Code point to its character in a key, 0 where it has none. Line breaks stay, so that no phrase crosses one."""
    table = np.zeros(0x110000, np.uint16)
    for code in (0x0A, *range(0x30, 0x3A), *range(0x61, 0x7B), *range(0x3400, 0x4DC0), *range(0x4E00, 0xA000)):
        table[code] = code
    for code, plain in _plain_form().items():
        table[code] = ord(plain)
    return table


@functools.cache
def _prefilter() -> ahocorasick_rs.BytesAhoCorasick:
    """All phrases as UTF-16, two bytes a character, in a table that is walked byte by byte (450 MB/s)."""
    literals = {phrase for phrase in phrases() if "@" not in phrase and "#" not in phrase}
    literals.update(AUTHOR_NOTE_PHRASES, _DOMAINS, ("www", "http"))
    # A literal that holds another one adds no candidate line.
    needed = sorted(word for word in literals if not any(other in word for other in literals if other != word))
    return ahocorasick_rs.BytesAhoCorasick(
        [word.encode("utf-16-le") for word in needed], implementation=ahocorasick_rs.Implementation.DFA
    )
