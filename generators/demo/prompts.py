"""What a prompt holds and asks for: the passage, how many of what, how long, what is there already."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cached_property

from generators.demo.chat import ChatRequest

MOST = 50  # of anything that is asked for
_PASSAGE = re.compile(r"<原文>\s*(.*?)\s*</原文>", re.DOTALL)
_ENTRY = re.compile(r"<词条>\s*(.*?)\s*</词条>", re.DOTALL)
_HAN = re.compile(r"[\u3400-\u9fff]")
_NUMBER = r"(\d{1,3}|[一二两三四五六七八九十])(?:\s*[-–~～至到]\s*(?:\d{1,3}|[一二两三四五六七八九十]))?"
_DIGITS = {digit: value for value, digit in enumerate("一二三四五六七八九十", start=1)} | {"两": 2}


class Prompt:
    """A conversation as siku's prompts are written; everything is read when it is first asked for."""

    def __init__(self, request: ChatRequest) -> None:
        self._request = request
        self._texts = request.texts("user") or [""]

    @cached_property
    def passage(self) -> str:
        return passage_of(self._request)

    @cached_property
    def entry(self) -> str:
        """The entry of an encyclopedia that is asked about, or nothing."""
        return next((found[1] for text in reversed(self._texts) if (found := _ENTRY.search(text))), "")

    @cached_property
    def demand(self) -> str:
        """What the user wants, in order: all messages without passages."""
        return "\n".join(_PASSAGE.sub("", text) for text in self._texts)

    @cached_property
    def known(self) -> str:
        """Where questions stand that are not to be written again: earlier replies, and what the user says."""
        return "\n".join((*self._request.texts("assistant"), self.demand))

    @cached_property
    def title(self) -> str:
        found = re.search(r"^(?:标题|题目)[:：]\s*(\S.*?)\s*$", self.demand, re.MULTILINE)
        return found[1] if found else ""

    @property
    def wants_answer(self) -> bool:
        return bool(self.passage) and bool(re.search(r"answer|答案|回答", self.demand))

    @property
    def least_items(self) -> int:
        """How many items the schema of the reply demands in its first list."""
        properties = (self._request.schema or {}).get("properties")
        lists = properties.values() if isinstance(properties, Mapping) else ()
        found = (one.get("minItems") for one in lists if isinstance(one, Mapping))
        return next((min(MOST, count) for count in found if isinstance(count, int) and count > 0), 0)

    def count(self, units: str, of: str = "") -> int:
        """How many of a unit are to be written, `请再写 1 组`; of a range the beginning; 0 where nothing is said.

        What stands after 写 comes first, for a repair also says how many are good already; the latest message counts.
        """
        what = rf"\s*(?:{units})" + (rf"[^\d，。；\n]{{0,6}}(?:{of})" if of else "")
        demands = [_PASSAGE.sub("", text) for text in reversed(self._texts)]
        for before in (r"写[出成]?一?段?\s*", ""):
            for demand in demands:
                if found := re.findall(before + _NUMBER + what, demand):
                    return min(MOST, _DIGITS.get(found[-1]) or int(found[-1]))
        return 0

    def limit(self, what: str, default: int) -> int:
        """The most characters that something may have: `问题不超过 15 个字`."""
        found = re.findall(rf"{what}(?:最多|不超过|不多于)\s*(\d{{1,5}})\s*个?字", self.demand)
        return int(found[-1]) if found and int(found[-1]) else default


def passage_of(request: ChatRequest) -> str:
    """The passage that is asked about: marked as such, else the longest Chinese paragraph of the last user message."""
    texts = request.texts("user")
    for text in reversed(texts):
        if found := _PASSAGE.search(text):
            return found[1]
    paragraphs = texts[-1].split("\n") if texts else []
    return max((one.strip() for one in paragraphs if _is_chinese(one)), key=len, default="")


def _is_chinese(text: str) -> bool:
    return 2 * len(_HAN.findall(text)) > len(text.strip())
