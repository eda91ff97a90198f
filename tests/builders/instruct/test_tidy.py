"""What is changed in a turn, and that code, formulas and tables are not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders.document import Document
from builders.instruct.tidy import Tidy, tidy, unescape
from builders.text.normalise import normalise

CODE = "用 Python 写：\n```python\ndef f(x):\n\tif x < 1:\n\t    return  0  # ... 到此\n\n    return f(x-1)\n```\n时间复杂度是 O(n)."
TABLE = "| 姓名 | 分数 |\n|:----|----:|\n| 张三 |  90 |\n\n    缩进的一行"
FORMULA = "设 $x_{1}=1{,}000$，则 $$\\sum_{i=1}^{n} i^2$$ ...再看 ＡＢＣ、①、㎡。"


@pytest.mark.parametrize(
    "text", [CODE, TABLE, FORMULA, "👨\u200d👩\u200d👧 ❤\ufe0f", "a &lt; b 与 a < b", "  首行缩进"]
)
def test_nothing_changes(text: str) -> None:
    document = Tidy()(Document("d", text))
    assert (document.text, document.notes) == (text, [])


def test_normalise_would_break_them() -> None:
    """Why this recipe has a step of its own."""
    assert all(normalise(text).text != text for text in (CODE, TABLE, FORMULA))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("一\r\n二\r三\u2028四", "一\n二\n三\n四"),
        ("\ufeff你\u200b好\xad\x00", "你好"),
        ("\n \n\t\n    return 1\n\n", "    return 1"),
        ("it&#39;s &quot;好&quot; &amp; 3&lt;5", 'it\'s "好" & 3<5'),
        ("&amp;lt; 只解一层", "&lt; 只解一层"),
        ("HTML 里用 &lt; 表示小于号", "HTML 里用 &lt; 表示小于号"),
        ("&lt;b&gt; 就是 <b>", "&lt;b&gt; 就是 <b>"),
        ("AT&T 写作 AT&amp;T", "AT&T 写作 AT&amp;T"),
        ("&copy; 和 &nbsp; 不动", "&copy; 和 &nbsp; 不动"),
    ],
)
def test_what_changes(text: str, expected: str) -> None:
    assert Tidy()(Document("d", text)).text == expected


def test_what_was_escaped_is_noted_and_can_stay() -> None:
    document = Tidy()(Document("d", "3&lt;5 且 4&lt;5 且 5&gt;4"))
    assert [(note.kind, note.text) for note in document.notes] == [("escaped for HTML", "&lt; &gt;")]
    assert Tidy(entities=False)(Document("d", "3&lt;5")).text == "3&lt;5"


@given(st.text())
def test_it_is_done_once(text: str) -> None:
    once = tidy(text)
    assert tidy(once) == once
    assert len(unescape(once)) <= len(once)
