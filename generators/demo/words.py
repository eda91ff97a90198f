"""The words of a clause and what kind each is, by jieba's dictionary."""

from __future__ import annotations

import functools
import logging
import re
import warnings
from collections.abc import Callable, Mapping

NOUN, MODIFIER, PLACE, OF, AND, PRONOUN, ADVERB, VERB, PREPOSITION, OTHER = "NMLDCRAVPX"
_KINDS = {"n": NOUN, "j": NOUN, "e": OTHER, "r": PRONOUN, "d": ADVERB, "v": VERB, "p": PREPOSITION, "f": PLACE}
_KINDS |= dict.fromkeys("mqabzst", MODIFIER)
_WHOLE = {"eng": NOUN, "vn": NOUN, "an": NOUN, "ad": ADVERB}
_WORDS = dict.fromkeys(("的", "之"), OF) | dict.fromkeys(("和", "与", "及", "以及", "、"), AND)
_WORDS |= {"们": NOUN, "并": ADVERB}
_WORDS |= dict.fromkeys(("我", "你", "您", "咱", "俺", "自己", "大家", "人家", "别人", "谁", "何", "哪"), PRONOUN)
_HAN_WORD = re.compile(r"[\u3400-\u9fff·]{2,5}|[A-Za-z][\w.-]*")


def load() -> None:
    """Read the dictionary (most of a second), so that the first answer is as quick as the next."""
    _jieba()


@functools.cache
def _jieba() -> tuple[Callable[[str], list[str]], Mapping[str, str]]:
    with warnings.catch_warnings():  # it may ask setuptools for a function that is to go
        warnings.simplefilter("ignore")
        import jieba
        import jieba.posseg
    jieba.setLogLevel(logging.CRITICAL)  # a cache that cannot be written is no mistake
    jieba.initialize()
    return jieba.lcut, jieba.posseg.dt.word_tag_tab


@functools.lru_cache(maxsize=4096)
def words_of(text: str) -> tuple[str, ...]:
    """The words of a text; joined, they are the text."""
    return tuple(_jieba()[0](text))


def tag_of(word: str) -> str:
    """The part of speech as jieba writes it (`n`, `nr` for people, `ns` for places, `v` ...), or nothing."""
    return _jieba()[1].get(word, "")


def kind_of(word: str) -> str:
    """The kind of a word in one letter, so that patterns of words are regular expressions."""
    if word in _WORDS:
        return _WORDS[word]
    if word.startswith("《"):
        return NOUN
    tag = tag_of(word)
    if not tag and _HAN_WORD.fullmatch(word):  # what the dictionary does not have is a name, unless it is 结了
        return VERB if word[-1] in "了着过得在到给" else NOUN
    if not tag:
        return MODIFIER if word.isdigit() else OTHER
    return _WHOLE.get(tag) or _KINDS.get(tag[0], OTHER)
