"""Settings and sweeps: all combinations, all mistakes."""

from __future__ import annotations

import pytest

from trainers.evaluation.predict import Decoding
from trainers.generation.ways import read_ways


def test_without_anything_the_likeliest_token_is_taken() -> None:
    settings, ways, problems = read_ways([], [])
    assert not problems
    assert [way.decoding for way in ways] == [Decoding()]
    assert ways[0].label == "greedy"
    assert settings.max_new_tokens == 256


def test_all_combinations() -> None:
    _, ways, problems = read_ways(["max_new_tokens=9"], ["temperature=0.1,0.7", "top_p=0.8, 0.95,0.8"])
    assert not problems
    assert [way.label for way in ways] == [
        "temperature=0.1 top_p=0.8",
        "temperature=0.1 top_p=0.95",
        "temperature=0.7 top_p=0.8",
        "temperature=0.7 top_p=0.95",
    ]
    assert ways[3].decoding == Decoding(max_new_tokens=9, temperature=0.7, top_p=0.95)


def test_a_label_tells_what_was_set() -> None:
    _, ways, _ = read_ways(["temperature=0.7", "top_k=20", "max_new_tokens=5"], [])
    assert [way.label for way in ways] == ["temperature=0.7 top_k=20"]


@pytest.mark.parametrize("words", [(["top_k=5"], []), ([], ["top_p=0.5,0.9"])])
def test_what_limits_chance_brings_a_temperature(words: tuple[list[str], list[str]]) -> None:
    _, ways, problems = read_ways(*words)
    assert not problems
    assert {way.decoding.temperature for way in ways} == {1.0}


@pytest.mark.parametrize(
    ("given", "sweep", "told"),
    [
        (["top_k=5", "temperature=0"], [], ["top_k: it changes nothing at temperature 0"]),
        ([], ["temperature=0", "top_p=0.5"], ["top_p: it changes nothing at temperature 0"]),
        ([], ["temprature=1"], ["--sweep temprature: it cannot be swept"]),
        ([], ["limit=1"], ["--sweep limit: it cannot be swept"]),
        ([], ["temperature="], ["--sweep temperature=: it has no values"]),
        ([], ["temperature"], ["--sweep temperature: it must read key=value,value"]),
        (["top_p=0", "x=1"], ["top_k=a,-1"], ["top_p=0: ", "x=1: ", "top_k=a: ", "top_k=-1: "]),
        ([], ["seed=" + ",".join(map(str, range(20))), "top_k=" + ",".join(map(str, range(1, 12)))], ["220 comb"]),
    ],
)
def test_mistakes_are_told_all_at_once(given: list[str], sweep: list[str], told: list[str]) -> None:
    problems = read_ways(given, sweep)[2]
    assert len(problems) == len(told)
    assert all(words in problem.what for words, problem in zip(told, problems, strict=True))


def test_a_mistyped_key_gets_the_nearest() -> None:
    (problem,) = read_ways([], ["temprature=1"])[2]
    assert problem.why == "did you mean temperature?"
    (problem,) = read_ways([], ["limit=1"])[2]
    assert "--set" in problem.why
