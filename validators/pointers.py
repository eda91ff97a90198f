"""Does a text point at the passage that it was made from? A row stands alone: its reader has no 原文 and no 上文."""

from __future__ import annotations

import re

from validators.folding import to_plain

# Not 中文里, 平原文化, 日本文学, 晚上文艺活动, 从材料科学看.
_POINTER = re.compile(
    r"(?<![中英日法德俄外语国古])文[中里](?!子|学)|(?<![平高草中荒])原文(?!化|明)|(?<!日)本文(?!化|学|明|字|人)"
    r"|(?:(?<![\u4e00-\u9fff])|(?<=[在从见如由]))[上下]文(?!化|学|明|字|物|献|艺|凭|科)"
    r"|(?:这|那|该|上面的?)[段篇](?:话|文字|文章|材料|内容|描述|叙述|短文)"
    r"|(?:材料|文章|资料|短文)[中里]?(?:提到|显示|指出|写道|所说)"
    r"|(?:根据|依据|按照|从)(?:上述|以上|这[段篇]|文章|短文|材料(?![的科学力]))"
)


def find_pointer(text: str, passage: str) -> str | None:
    """What points at the passage, in simplified script, or None. What the passage says itself may be said again.

    >>> find_pointer("根據文章，他是渔夫。", "他是渔夫。"), find_pointer("中文里没有时态。", "")
    ('根据文章', None)
    """
    plain = to_plain(passage)
    found = (pointer[0] for pointer in _POINTER.finditer(to_plain(text)))
    return next((pointer for pointer in found if pointer not in plain), None)
