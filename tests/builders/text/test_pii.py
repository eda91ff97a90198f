"""The `Pii` step: a report with starred numbers, and marks in their place."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders.document import Document, Note
from builders.text.pii import MARKS, Pii
from validators.errors import SikuError
from validators.pii import PII_TYPES, find_pii

TEXT = "请联系张三，手机13911112222或+86 138-1111-2222，邮箱san@example.com，QQ：10001234，服务器10.0.0.1。"
MASKED = "请联系张三，手机[手机号]或[手机号]，邮箱[邮箱]，QQ：[QQ号]，服务器[IP地址]。"
NOTES = [
    Note("pii: cn_mobile", "139****2222"),
    Note("pii: cn_mobile", "+86 138-****-2222"),
    Note("pii: email", "s***@example.com"),
    Note("pii: qq", "10******"),
    Note("pii: ip", "10.0.*.*"),
]


def edited(text: str, step: Pii) -> Document:
    return step(Document("1", text))


def test_golden() -> None:
    assert Pii.version == 1
    reported = edited(TEXT, Pii())
    assert (reported.text, reported.notes) == (TEXT, NOTES)
    masked = edited(TEXT, Pii(mode="mask"))
    assert (masked.text, masked.notes) == (MASKED, NOTES)


def test_every_type_has_a_mark_that_is_no_entity() -> None:
    assert set(MARKS) == set(PII_TYPES)
    for mark in MARKS.values():
        assert find_pii(f"{mark}12345{mark}") == []
        assert mark.startswith("[") and mark.endswith("]")


def test_only_the_types_that_are_asked_for() -> None:
    masked = edited(TEXT, Pii(mode="mask", types=("email",)))
    assert masked.text == TEXT.replace("san@example.com", "[邮箱]")
    assert masked.notes == [Note("pii: email", "s***@example.com")]
    assert edited(TEXT, Pii(mode="mask", types=())).notes == []


def test_a_number_behind_another_is_masked_as_well() -> None:
    # Joined to more digits the first is a run that goes on; once those are a mark, it is a number by itself.
    text = "139-1111-2222-13811112222"
    assert [one.text for one in find_pii(text)] == ["13811112222"]
    assert edited(text, Pii(mode="mask")).text == "[手机号]-[手机号]"


def test_text_without_personal_data_stays() -> None:
    text = "2024年5月1日，他走了3.5公里。\n@张三 你好"
    document = edited(text, Pii(mode="mask"))
    assert (document.text, document.notes) == (text, [])


PIECES = "13911112222|-| |139-1111-2222|a@example.com|QQ|：|10001|8.8.8.8|.|010-87654321|号|第|节|[手机号]|[QQ号]|6225|+86|(|)|汉|1|\n|@"
pieces = st.sampled_from(PIECES.split("|"))


@given(st.lists(pieces, max_size=14).map("".join))
def test_masking_twice_is_masking_once(text: str) -> None:
    once = edited(text, Pii(mode="mask"))
    assert find_pii(once.text) == []
    twice = edited(once.text, Pii(mode="mask"))
    assert (twice.text, twice.notes) == (once.text, [])


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: Pii(mode="masks"), "did you mean mask?"),  # type: ignore[arg-type]
        (lambda: Pii(types=("cn_id", "e-mail")), "did you mean email?"),
        (lambda: Pii(types=("passport",)), "there is: bank_card"),
    ],
)
def test_a_wrong_setting_is_named(make: object, said: str) -> None:
    assert callable(make)
    with pytest.raises(SikuError) as error:
        make()
    assert said in (error.value.why or "")
    assert "step Pii" in (error.value.where or "")
