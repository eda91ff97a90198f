"""Many mistakes, one message of four lines."""

from __future__ import annotations

import pytest

from validators.command_line import Args, Command
from validators.errors import SikuError
from validators.problems import complete, in_four_lines, raise_together

ONE = SikuError("no rows", where="small@1", next="siku build small")
TWO = SikuError("max_length is 0", why="it must be at least 1")
THREE = SikuError("rows are too long", where="small@1", next="siku build small")


def test_nothing_is_wrong() -> None:
    raise_together([])


def test_one_problem_is_told_as_it_is() -> None:
    with pytest.raises(SikuError) as told:
        raise_together([ONE])
    assert told.value is ONE


def test_all_are_told_each_place_and_way_out_once() -> None:
    with pytest.raises(SikuError) as told:
        raise_together([ONE, TWO, THREE])
    assert told.value.exit_code == 2
    assert told.value.lines() == [
        "error: 3 things are wrong",
        "where: small@1",
        "why:   no rows; max_length is 0 (it must be at least 1); rows are too long",
        "next:  siku build small",
    ]


@pytest.mark.parametrize(
    "error",
    [
        ONE,
        TWO,
        SikuError("--set seed=x: it must be a whole number"),
        SikuError("it\nfails", where="a\nb", why="c\nd", next="e\nf", exit_code=3),
    ],
)
def test_a_command_says_what_where_why_and_next_a_line_each(error: SikuError) -> None:
    def fail(args: Args) -> int:
        raise error

    with pytest.raises(SikuError) as told:
        in_four_lines(Command("train sft", "", fail)).run(Args())
    lines = "\n".join(told.value.lines()).splitlines()
    assert [line.partition(":")[0] for line in lines] == ["error", "where", "why", "next"]
    assert all(line[7:].strip() for line in lines)
    assert told.value.exit_code == error.exit_code


def test_what_stands_behind_a_colon_is_the_reason() -> None:
    told = complete(SikuError("--set seed=x: it must be a whole number"), "siku train sft")
    assert (told.what, told.why) == ("--set seed=x", "it must be a whole number")
    assert (told.where, told.next) == ("siku train sft", "siku train sft --help")
