"""How figures are written for people."""

from __future__ import annotations

import pytest

from builders.publish.figures import counted, in_wan, percent, short_number, signed, whole_percent


@pytest.mark.parametrize(
    ("share", "written"),
    [
        (0, "0 %"),
        (1, "100 %"),
        (0.00003, "< 0.01 %"),
        (0.0052, "0.52 %"),
        (0.0312, "3.1 %"),
        (0.999, "99.9 %"),
        (0.99997, "> 99.9 %"),
        (1.023, "102.3 %"),
        (-0.25, "-25.0 %"),
    ],
)
def test_percent(share: float, written: str) -> None:
    assert percent(share) == written


@pytest.mark.parametrize(
    ("count", "written"),
    [(0, "0"), (9_999, "9,999"), (12_345, "12.3 k"), (999_950, "1 M"), (1_240_000, "1.24 M"), (3 * 10**12, "3 T")],
)
def test_short_number(count: int, written: str) -> None:
    assert short_number(count) == written


@pytest.mark.parametrize(
    ("chars", "written"),
    [(9_999, ""), (12_345, "1.2 万字"), (12_400_000, "1,240 万字"), (315_000_000, "3.15 亿字")],
)
def test_in_wan(chars: int, written: str) -> None:
    assert in_wan(chars) == written


def test_small_words() -> None:
    assert [signed(-1200), signed(0), signed(7)] == ["−1,200", "0", "+7"]
    assert [counted(1, "row"), counted(2, "row")] == ["1 row", "2 rows"]
    assert whole_percent(0.3) == "30 %"
