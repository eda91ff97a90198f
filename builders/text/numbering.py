"""What is odd about the numbers of a book's chapters, as a person would say it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

_PART_MARK = re.compile(r"[上中下前后後]$|[上中下][篇部卷集]|[（(【\[]?[一二三四五六七八九十\d]+[）)】\]]?$|[上中下][）)】\]]$")


@dataclass(frozen=True, slots=True)
class Numbered:
    """A chapter as far as its number goes."""

    volume: str
    unit: str
    label: str  # 第十二章
    name: str
    number: int
    last_number: int
    text: str
