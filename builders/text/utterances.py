"""What people wrote in a chat or a post, without what the platform put around it.

回复 @小雨：同去[哈哈] http://t.cn/x1   ->  同去
好//@乙: 去哪？//@甲: 周末出去走走     ->  周末出去走走 | 去哪？ | 好
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

from builders.document import Document, Note
from builders.steps import Edit
from validators.characters import HAN

_AT = "[@＠]"
# A name ends where an address begins: @小雨http://t.cn/x1. Dots are part of names in Latin letters.
_NAME = r"(?:(?!https?://|www\.)[\w\-·•]){1,30}(?:(?<=[A-Za-z0-9_])\.[A-Za-z0-9_]{1,20}){0,3}"
_LOCAL, _HOST = r"[A-Za-z0-9._%+\-]", r"[A-Za-z0-9\-]+"
_EMOTION = rf"\[[{HAN}]{{1,8}}\]"
_TOPIC = r"#(?=[^\s#])[^#\n]{0,60}(?<![\s,，;；])#"
# What may stand in an address, up to a mention, topic or emotion code right behind it.
_IN_ADDRESS = rf"(?:(?!{_AT}[{HAN}]|#[{HAN}][^#\n]{{0,60}}#|{_EMOTION})[!-~])*"
# In its order: of two that begin at one place the first counts. What matches `stays` is left alone.
_PIECES = re.compile(
    rf"(?P<stays>(?<!{_LOCAL}){_LOCAL}+{_AT}{_HOST}(?:\.{_HOST})+"
    rf"|(?<=[{HAN}]){_AT}(?:{_HOST}\.)+(?:com|cn|net|org)(?![A-Za-z0-9\-])"  # 张三@example.com
    r"|[0-9]#[^#\n]{0,60}[0-9]#|(?<![A-Za-z])[A-Za-z]#[^#\n]{0,60}(?<![A-Za-z])[A-Za-z]#)"  # 3#楼和4#楼, C#和F#
    rf"|(?P<address>(?:(?:https?|ftp)://|(?<![A-Za-z0-9.])www\.){_IN_ADDRESS}"
    r"|(?<![A-Za-z0-9.@/_\-])(?!(?:asp|vb|ado)\.net)(?:[a-z0-9\-]{1,63}\.){1,4}"
    rf"(?:(?:com|cn|net|org)(?![A-Za-z0-9.\-])(?:/{_IN_ADDRESS})?|(?:cc|tv|me)/{_IN_ADDRESS}))"
    rf"|(?P<mention>(?:回[复復覆][^\S\n]{{0,3}}{_AT}{_NAME}[^\S\n]{{0,3}}[:：]|{_AT}{_NAME})[^\S\n]*)"
    rf"|(?P<topic>{_TOPIC})"
    rf"|(?P<emotion>{_EMOTION})",
    re.IGNORECASE,
)
_KINDS = {"address": "web address", "mention": "mention", "topic": "topic", "emotion": "emotion code"}
_FOLDED = ("显示全部", "顯示全部")  # the link at the end of an answer page that was cut short
_AROUND_FOLDED = " \t\r\n\xa0\u3000\u200b\ufeff"  # the page has a zero-width space behind it
_SPEAKER_COLON = re.compile(r"\s*[:：]\s*")
_RUN = re.compile(r"(\D)\1{3,}", re.DOTALL)

# Characters that are pictures by themselves, signs that are so with U+FE0F or a skin tone, and what may follow either.
_PICTURES = (
    "\u231a\u231b\u23e9-\u23ec\u23f0\u23f3\u25fd\u25fe\u2600-\u2604\u2614\u2615\u2618\u261d\u2620\u2622\u2623\u2626\u262a"
    "\u262e\u262f\u2638-\u263a\u2648-\u2653\u2665\u2668\u267b\u267e\u267f\u2692-\u2697\u2699\u269b\u269c\u26a0\u26a1\u26a7\u26aa"
    "\u26ab\u26b0\u26b1\u26bd\u26be\u26c4\u26c5\u26c8\u26ce\u26cf\u26d1\u26d3\u26d4\u26e9\u26ea\u26f0-\u26f5\u26f7-\u26fa\u26fd\u2702"
    "\u2705\u2708-\u270d\u270f\u2712\u271d\u2721\u2728\u2744\u274c\u274e\u2753-\u2755\u2757\u2763\u2764\u2795-\u2797\u27b0\u27bf"
    "\u2b1b\u2b1c\u2b50\u2b55\U0001f004\U0001f0cf\U0001f170\U0001f171\U0001f17e\U0001f17f\U0001f18e\U0001f191-\U0001f19a"
    "\U0001f1e6-\U0001f1ff\U0001f201\U0001f202\U0001f21a\U0001f22f\U0001f232-\U0001f23a\U0001f250\U0001f251"
    "\U0001f300-\U0001f64f\U0001f680-\U0001f6ff\U0001f7e0-\U0001f7eb\U0001f7f0\U0001f90c-\U0001f9ff\U0001fa70-\U0001faff"
)
_SIGNS = (
    "\xa9\xae\u203c\u2049\u2122\u2139\u2194-\u21aa\u2328\u23cf\u23ed-\u23fa\u24c2\u25aa-\u27bf\u2934\u2935"
    "\u2b05-\u2b07\u3030\u303d\u3297\u3299"
)
_PICTURE = rf"(?:[{_PICTURES}]|[{_SIGNS}][\ufe0f\U0001f3fb-\U0001f3ff]|[0-9#*]\ufe0f?\u20e3)"
_EMOJI = re.compile(
    rf"{_PICTURE}(?:[\ufe0e\ufe0f\U0001f3fb-\U0001f3ff\U000e0020-\U000e007f]|\u200d[{_PICTURES}{_SIGNS}])*\u200d?"
)

_REPOST = re.compile(rf"(?<!:)//[^\S\n]?{_AT}{_NAME}(?:[^\S\n]?[:：]|[^\S\n])")


class CleanedUtterance(NamedTuple):
    """The text, and every piece that was cut, with what it is as `kind`."""

    text: str
    cuts: list[Note]


def cut_utterance(text: str) -> CleanedUtterance:
    """As `clean_utterance`, with what was cut."""
    cuts: list[Note] = []

    def cut(match: re.Match[str]) -> str:
        kind = match.lastgroup
        if kind == "stays":
            return match[0]
        cuts.append(Note(_KINDS.get(kind or "", "emoji"), match[0]))
        return ""

    began_with_mention = text.lstrip()[:1] in ("@", "＠")
    if any(mark in text for mark in ("@", "＠", "#", "[", "://", ".")):
        text = _PIECES.sub(cut, text)
    if not text.isascii():
        text = _EMOJI.sub(cut, text)
    if began_with_mention:  # @小雨：好的 is the speaker's name and a colon
        text = _SPEAKER_COLON.sub("", text, count=1) if _SPEAKER_COLON.match(text) else text
    text, folded = _without_folded_end(text)
    cuts += folded
    return CleanedUtterance(_RUN.sub(r"\1\1\1", text).strip(), cuts)


def _without_folded_end(text: str) -> tuple[str, list[Note]]:
    stripped = text.rstrip(_AROUND_FOLDED)
    if stripped.endswith(_FOLDED):
        before = stripped[: -len(_FOLDED[0])].rstrip(_AROUND_FOLDED)
        kept = before.rstrip("…⋯.。")
        ellipsis = before[len(kept) :]
        if len(ellipsis) > 1 or ellipsis in ("…", "⋯"):
            return kept, [Note("folded end", text[len(kept) :])]
    return text, []


def clean_utterance(text: str) -> str:
    """Without mentions, topics, emotion codes, web addresses and emoji, and with no character more than three times.

    >>> clean_utterance("回复 @小雨：好啊好啊[哈哈]！！！！！#周末# 见👍🏻")
    '好啊好啊！！！见'

    E-mail addresses stay, and so do numbers in brackets, circled numbers and rare Han characters.
    """
    return cut_utterance(text).text


def split_repost(text: str) -> list[str]:
    """The turns of a chain of reposts, `newest//@b: older//@a: oldest`, cleaned, in the order of speaking.

    A repost without words of its own is no turn.

    >>> split_repost("好//@乙: 去哪？[疑问]//@甲: 周末出去走走")
    ['周末出去走走', '去哪？', '好']
    """
    turns = map(clean_utterance, _REPOST.split(text))
    return [turn for turn in reversed(list(turns)) if turn]


@dataclass(frozen=True, kw_only=True)
class CleanTurns(Edit):
    """Turns without what a platform puts around them (see `clean_utterance`), nor the reposts behind them.

    A turn that is left blank goes.

    Only in conversations of these `formats`, which were crawled. In the others such signs are part of what is said:
    `#include`, `[参考文献]`, the address of a site that was asked for.
    """

    version: ClassVar[int] = 1
    formats: tuple[str, ...] = (
        *("lccc", "lccc_lines", "weibo", "pair", "repost", "tieba", "douban", "xiaohuangji", "subtitle", "qingyun"),
        *("ptt_csv", "qa", "baike_qa", "turns", "turn_lines", "mapping"),
    )

    def __call__(self, document: Document) -> Document:
        if document.meta.get("format") in self.formats:
            said, earlier = _without_reposts(document.text)
            document.text, cuts = cut_utterance(said)
            document.notes += [*earlier, *cuts]
        return document


def _without_reposts(text: str) -> tuple[str, list[Note]]:
    """What the last of a chain of reposts said, and the rest of the chain."""
    found = _REPOST.search(text) if "//" in text else None
    if not found or not text[: found.start()].strip():
        return text, []
    return text[: found.start()], [Note("repost", text[found.start() :])]
