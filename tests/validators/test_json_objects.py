"""`read_objects`: whole objects of any shape, wherever they stand, in linear time, and never an exception."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from validators.json_objects import read_objects

MARKS = [*"\"'“”‘’「」『』{}[]｛｝【】:：,，、\\ \n`1a甲", '{"a":', '"b":"', "“a”：", '{"a":"', "{“a”：“", '","b":"']
KEYS = st.text(st.one_of(st.sampled_from(MARKS).map(lambda mark: mark[0]), st.characters(exclude_categories=["Cs"])))
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False) | KEYS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=12,
)
OBJECTS = st.dictionaries(KEYS, VALUES, max_size=4)
LAYOUTS: list[dict[str, Any]] = [{}, {"indent": 2}, {"separators": (",", ":")}, {"ensure_ascii": False}]


@contextmanager
def never_hanging(limit_s: int = 30) -> Iterator[None]:
    """Ends what is hopeless: linear reading takes a hundredth of the limit, quadratic reading a multiple of it."""

    def give_up(*_: object) -> None:
        raise TimeoutError("this text is not read in linear time")

    before = signal.signal(signal.SIGALRM, give_up)
    signal.alarm(limit_s)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


@pytest.mark.parametrize(
    ("text", "values", "liberties"),
    [
        ('{"a": 1}', [{"a": 1}], []),
        ('[{"a": 1}, [{"b": {"c": [null, true, -2.5e3]}}]]', [{"a": 1}, {"b": {"c": [None, True, -2500.0]}}], []),
        ('{"a": 1, "a": {"b": 2, "b": 3}}', [{"a": {"b": 3}}], []),
        ('{"a": 1} {"b": 2}', [{"a": 1}, {"b": 2}], ["several objects"]),
        ('[{"a": 1},]', [{"a": 1}], []),
        ('[{"a": 1,}, {"b": [1, 2,],}]', [{"a": 1}, {"b": [1, 2]}], ["trailing comma"]),
        ('看：{"a": [1, {"b": "c"}]}。', [{"a": [1, {"b": "c"}]}], ["prose"]),
        ('```json\n{"a": "```"}\n```', [{"a": "```"}], ["fence"]),
        ('```{"a": 1}```\n然后```{"b": 2}```', [{"a": 1}, {"b": 2}], ["several objects", "fence", "prose"]),
        ("{'a': 'b', 'c': [True, False, None]}", [{"a": "b", "c": [True, False, None]}], ["single quotes", "Python word"]),
        ("{“a”：“b”，“c”：12}", [{"a": "b", "c": 12}], ["Chinese marks"]),
        ('{"a": "b"c"d", "e": ["f"g"h", "i"]}', [{"a": 'b"c"d', "e": ['f"g"h', "i"]}], ["quotation mark in a string"]),
        ('{"a": "b\n\nc"}', [{"a": "b\n\nc"}], ["line break in a string"]),
        ('{"a": 007, "b": 1e999, "c": 12345678901234567890123}!', [{"a": "007", "b": "1e999", "c": 1.2345678901234568e22}], ["odd number", "prose"]),
        ('{"a": ' + "9" * 5000 + "}", [{"a": "9" * 5000}], ["odd number"]),
        ('{"a": "\\ud800"}', [{"a": "\ufffd"}], []),
        ('{"a": "\ud800"}', [{"a": "\ufffd"}], ["half a character"]),
        ('{"a": [1 2 {"b": 3} "c"]}', [{"a": [1, 2, {"b": 3}, "c"]}], ["missing comma"]),
        ('{"a": {"b": [1, 2}}', [{"a": {"b": [1, 2]}}], ["missing bracket"]),
        ('{} {"a": {}} [{}]', [{}, {"a": {}}, {}], ["several objects"]),
        ("1, [2], \"{\", '[' {", [], []),
        ("[1, [2, [3]]]", [], []),
        ("", [], []),
    ],
)  # fmt: skip
def test_values_and_what_was_forgiven(text: str, values: list[dict[str, Any]], liberties: list[str]) -> None:
    objects = read_objects(text)
    assert list(objects.values) == values
    if values:
        assert list(objects.liberties) == liberties
    assert objects.broken == ()
    json.dumps(objects.values, ensure_ascii=False).encode()


@pytest.mark.parametrize(
    ("text", "values", "broken", "truncated"),
    [
        ('{"a": 1, "b": 甲} {"c": 2}', [{"c": 2}], [{"a": 1, "b": None}], False),
        ('{"a": {"b": 1}, 甲}', [{"b": 1}], [{"a": {"b": 1}}], False),
        ('{"a": [{"b": 1}, {"c": ?}, {"d": 2}], "e": 3} {"f": 4}', [{"b": 1}, {"d": 2}, {"f": 4}], [{"a": None}, {"c": None}], False),
        ('[{"a": "b, {"a": "c"}]', [{"a": "c"}], [{"a": None}], False),
        ('[{"a": "b" x}, {"z": "c"}]', [{"z": "c"}], [{"a": None}], False),
        ('{"a": [{"b": 1}, {"c": ', [{"b": 1}], [], True),
        ('{"a": {"b": 1}, 甲', [{"b": 1}], [{"a": {"b": 1}}], True),
        ('[[{"a": 1}]', [{"a": 1}], [], True),
        ('{"a": 1', [], [], True),
        ('{"a": 1} {', [{"a": 1}], [], True),
        ('["a", "b', [], [], True),
        ("[", [], [], True),
        ("{甲 [乙", [], [], False),
    ],
)  # fmt: skip
def test_broken_and_truncated(
    text: str, values: list[dict[str, Any]], broken: list[dict[str, Any]], truncated: bool
) -> None:
    objects = read_objects(text)
    assert (list(objects.values), list(objects.broken), objects.truncated) == (values, broken, truncated)
    assert ("broken object" in objects.liberties) == bool(broken)


@given(OBJECTS, st.sampled_from(LAYOUTS))
@settings(deadline=None)
def test_a_well_formed_object_is_read_as_it_is_anywhere(value: dict[str, Any], layout: dict[str, Any]) -> None:
    text = json.dumps(value, **layout)
    assert read_objects(text).values == (value,)
    for around in ("好的：{}", "{}。", "```json\n{}\n```", "1. {}\n2. {}", "[{},]", "[共{2}个]：{}{}", "{} <- [甲"):
        objects = read_objects(around.replace("{}", text))
        assert objects.values == (value,) * around.count("{}")
        assert not objects.truncated
        assert objects.broken == ()


@given(OBJECTS, st.sampled_from(LAYOUTS), st.data())
@settings(deadline=None)
def test_a_text_cut_anywhere_in_an_object_is_truncated(
    value: dict[str, Any], layout: dict[str, Any], data: st.DataObject
) -> None:
    text = json.dumps([{"first": 1}, value], **layout)
    end = data.draw(st.integers(text.index("}") + 1, len(text) - 1), label="end")
    objects = read_objects(text[:end])
    assert objects.truncated
    assert objects.values[0] == {"first": 1}


@given(
    st.lists(st.sampled_from([*MARKS, "question", "true", "\\u12", "\ud842", "\\ud842", "<", "\ufeff"]), max_size=40)
)
@settings(max_examples=300, deadline=None)
def test_nothing_raises_and_what_is_read_can_be_written(parts: list[str]) -> None:
    objects = read_objects("".join(parts))
    json.dumps([*objects.values, *objects.broken], ensure_ascii=False).encode()


# Each repeats to a text on which a reader that goes back, or looks ahead without bound, is quadratic.
UNITS = [
    "{", "[", '"', "}", "]", "【", "{ ", "{]", '{"', '{"a', '{"a"', '{"a":', '{"a":"', '{"a":"x', '{"a":"x",', '{"a":"x"}',
    '{"a":[', '{"a":[{},', '{"a":{},', '{"a":1,', '{"a":,', '["', '["a",', '",', '","', '","a":"', '", "a', '"}', '"]',
    "\\", '\\"', '{"\\"', "{'a':'", "{“a”：“", "“", "”", '"“', '{"a":「', '",「', '“a”：、『\\{"a":"、、', "{}", "[{}]", "```json\n{",
    " ", "\n", "\ud842", '{"a":"{"b":"',
]  # fmt: skip


@pytest.mark.parametrize("before", ["", '{"a":"'])
@pytest.mark.parametrize("unit", UNITS)
def test_time_is_linear(unit: str, before: str) -> None:
    with never_hanging():
        objects = read_objects(before + unit * (100_000 // len(unit)))
    assert len(objects.values) <= 100_000


@given(
    st.lists(st.sampled_from(MARKS), max_size=4),
    st.lists(st.sampled_from(MARKS), min_size=1, max_size=6),
    st.lists(st.sampled_from(MARKS), max_size=3),
)
@settings(max_examples=60, deadline=None)
def test_time_is_linear_in_repetitions_of_anything(before: list[str], unit: list[str], after: list[str]) -> None:
    repeated = "".join(unit)
    with never_hanging():
        read_objects("".join(before) + repeated * (40_000 // len(repeated)) + "".join(after))


def test_there_is_no_limit_to_depth() -> None:
    depth = 50_000
    text = '{"a":[' * depth + "1" + "]}" * depth
    value: Any
    (value,) = read_objects(text).values
    for _ in range(depth):
        (value,) = value["a"]
    assert value == 1
