"""The sentences of a passage and their clauses."""

from __future__ import annotations

import re

from validators.folding import to_folded

_PIECE = re.compile(r"[^。！？!?\n]*[。！？!?…]+[”’」』）》】]*|[^。！？!?\n]+|\n")
_ENDS = re.compile(r"[。！？!?…；;][”’」』）》】]*$")
_DOT = re.compile(r"(?<=[\u4e00-\u9fff）”])[.．](?!\d)")  # the full stop of some papers
_PAUSE = re.compile(r"(?<!\d)[，；：,;:]|[，；：,;:](?!\d)|——")
_PAIRS = ("“”", "‘’", "「」", "『』", "《》", "（）", "()", "【】", "[]")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_BROKEN = re.compile(r"[\ufffd\ud800-\udfff]")
_ASKS = re.compile(r"[？?]|什么|为何|怎么|怎样|如何|哪[里儿个些]|[吗呢][。”]|谁")
MIN_CHARS = 3  # less is no sentence to ask about
MAX_SPEECH_CHARS = 160  # of a sentence with several in quotation marks


def count_chars(text: str) -> int:
    """Characters without punctuation and white space, as lengths of questions and answers are counted."""
    return len(to_folded(text))


def sentences_of(passage: str) -> list[str]:
    """The sentences that can be asked about, in order: speech in one piece, none with broken characters."""
    sentences, open_one = [], ""
    for piece in _PIECE.findall(_DOT.sub("。", _CONTROL.sub("", passage))):
        open_one += piece
        is_open = open_one.count("“") > open_one.count("”") or open_one.count("「") > open_one.count("」")
        if piece != "\n" and is_open and len(open_one) < MAX_SPEECH_CHARS:
            continue
        sentences.append(_balanced(open_one.strip()))
        open_one = ""
    sentences.append(_balanced(open_one.strip()))
    return [one for one in sentences if count_chars(one) >= MIN_CHARS and not _BROKEN.search(one)]


def states_something(sentence: str) -> bool:
    """Whether a sentence looks like a statement: no heading, no question."""
    return bool(_ENDS.search(sentence)) and not _ASKS.search(re.sub(r"“[^”]*”", "", sentence))


def clauses_of(sentence: str) -> list[str]:
    """The clauses of a sentence, without the marks between them; what stands in brackets is not cut."""
    clauses, start = [], 0
    for match in _PAUSE.finditer(sentence):
        if not _is_open(sentence[start : match.start()]):
            clauses.append(sentence[start : match.start()])
            start = match.end()
    clauses.append(sentence[start:])
    return [one for clause in clauses if (one := clause.strip(" 　。！？!?…"))]


def _is_open(text: str) -> bool:
    return any(text.count(pair[0]) > text.count(pair[1]) for pair in _PAIRS)


def _balanced(text: str) -> str:
    """Without quotation marks and brackets that have lost their other half."""
    for pair in _PAIRS:
        if text.count(pair[0]) != text.count(pair[1]):
            text = text.replace(pair[0], "").replace(pair[1], "")
    return text


def cut_to(text: str, max_chars: int) -> str:
    """The longest beginning of a text with at most so many characters that ends at a pause; it gets a full stop."""
    if count_chars(text) > max_chars:
        ends = [match.start() for match in re.finditer(r"[。！？!?，；：,;:、\s]", text)]
        whole = [end for end in ends if 0 < count_chars(text[:end]) <= max_chars]
        text = _balanced(text[: whole[-1] if whole else max_chars]) + "。"
    ended = text.rstrip("，；：、,;: ")
    return text if ended == text else f"{ended}。"
