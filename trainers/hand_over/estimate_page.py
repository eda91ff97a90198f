"""What `siku estimate` shows on a terminal of any width."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from builders.publish.terminal import table
from trainers.hand_over.lengths import ERROR, ESTIMATE

LABEL_CHARS = 12
Json = dict[str, Any]


def show(found: Json) -> None:
    data = found["data"]
    print(f"{data['name']} {data['version']}")
    for label, value in _lines(found):
        print(f"{label:<{LABEL_CHARS}}{value}")
    bins = [(_up_to(one["up_to"]), one["rows"], one["longer"]) for one in found["lengths"]]
    table(("tokens", "rows", "longer"), bins)
    for label, value in (*_cost(found["cost"]), *_synthesis(found["synthesis"]), *_training(found["training"])):
        print(f"{label:<{LABEL_CHARS}}{value}")


def _up_to(edge: int | None) -> str:
    return "more" if edge is None else f"to {edge:,}"


def _lines(found: Json) -> Iterator[tuple[str, str]]:
    for name in ("rows", "tokens"):
        yield name, ", ".join(f"{count:,} {split}" for split, count in found[name].items())
    yield "counted by", found["tokens_by"]
    if found["tokens_by"] == ESTIMATE:
        low, high = ERROR
        yield "", f"(off by {low:+.0%} to {high:+.0%}:"
        yield "", "{:,} to {:,})".format(*found["tokens_between"]["train"])
    if found["rows_refused"]:
        yield "not counted", f"{found['rows_refused']:,} rows that the chat template refuses"
    yield "median row", f"{found['median']:,} tokens"
    yield "longest row", f"{found['longest']:,} tokens"


def _cost(cost: Json | None) -> Iterator[tuple[str, str]]:
    if cost is None:
        return
    yield "fine-tuning", f"{cost['tokens']:,} tokens"
    yield "", f"× {cost['epochs']:g} epochs"
    yield "", f"× {cost['price_per_million']:g} per million"
    if cost["exchange_rate"] != 1:
        yield "", f"× {cost['exchange_rate']:g}"
    yield "", f"= {_money(cost['total'])}"
    if cost["between"] is not None:
        yield "", "({} to {})".format(*map(_money, cost["between"]))


def _synthesis(paid: Json | None) -> Iterator[tuple[str, str]]:
    if paid is None:
        return
    if paid["replies"] is None:
        yield "synthesis", "the journal is not there:"
        yield "", paid["journal"]
        return
    yield "synthesis", f"{paid['replies']:,} replies"
    yield "", f"{paid['prompt']:,} tokens of prompts"
    yield "", f"{paid['completion']:,} of completions"
    if paid["total"] is not None:
        yield "", f"= {_money(paid['total'])}"


def _training(probe: Json | None) -> Iterator[tuple[str, str]]:
    if probe is None:
        return
    yield "training", f"{probe['steps']:,} steps of {probe['task']}"
    yield "", f"{probe['tokens']:,} tokens"
    yield "", f"at {probe['tokens_per_second']:,.0f} a second"
    yield "", f"about {probe['seconds']:,.0f} s"
    yield "", f"{probe['memory']['total'] / 1e9:,.2f} GB of memory"


def _money(amount: float) -> str:
    """Of small amounts not only zeros."""
    return f"{amount:,.2f}" if amount >= 1 else f"{amount:.2g}"
