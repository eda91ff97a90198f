"""What `siku inspect` prints of a row that a model wrote: the passage, the prompt, every reply, the verdicts."""

from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from builders.engine.recipe import Recipe
from builders.publish.page import visible
from builders.publish.terminal import OK, print_json, table, tell_end, tell_way
from generators.inspect import story_of
from validators.replies import without_thinking

OPENS, CLOSES = "【", "】"
LABEL_COLUMNS = 10
Json = Mapping[str, Any]


def show_story(folder: Path, name: str, recipe: Recipe, inputs: Sequence[Path], *, as_json: bool) -> int:
    """The story of a row, a passage or a dead letter."""
    story = story_of(folder, name, recipe, inputs)
    if as_json:
        print_json(story)
    elif "passages" in story:
        _tell_passages(story)
    else:
        _tell(story)
    return OK


def _tell_passages(story: Json) -> None:
    print(f"{story['id']} was cut into {len(story['passages'])} passages; each has a story: siku inspect DATASET ID")
    rows = [(one["id"], one["characters"], one["rows"], one["end"]) for one in story["passages"]]
    table(("passage", "characters", "rows", "dead"), rows)


def _tell(story: Json) -> None:
    tell_end(story)
    if passage := story["passage"]:
        _tell_passage(passage)
    else:
        print(f"\npassage: not known: {story['missing']}")
    if "attempts" not in story:
        print(f"\njournal: {story['journal']}")
        tell_way(story)
        return
    _tell_question(story)
    before: list[Json] = list(story["attempts"][0]["messages"])
    for attempt in story["attempts"]:
        _tell_attempt(attempt, before)
        before = attempt["messages"]
    _tell_outcome(story["outcome"])
    tell_way({**story, "evidence": ()})


def _tell_passage(passage: Json) -> None:
    """The passage with what supports the answer standing out."""
    from rich.text import Text

    coloured = sys.stdout.isatty() and "NO_COLOR" not in os.environ and os.environ.get("TERM") != "dumb"
    text, spans = passage["text"], passage["support"]
    told = Text()
    last = 0
    for start, end in spans:
        told.append(visible(text[last:start]))
        piece = visible(text[start:end])
        told.append(piece if coloured else f"{OPENS}{piece}{CLOSES}", style="bold reverse" if coloured else "")
        last = end
    told.append(visible(text[last:].rstrip()))
    marked = "; what supports the answer is marked" if spans else ""
    print(f"\npassage {passage['id']}, {passage['characters']:,} characters{marked}")
    _print_block("", told)


def _tell_question(story: Json) -> None:
    asked, first = story["asked"], story["attempts"][0]
    print(
        f"\n{asked['model']} was asked for {asked['wanted']} under the prompt {asked['prompt']}; from {asked['least']} "
        "on it is done"
    )
    settings = {name: value for name, value in first["parameters"].items() if name not in ("model", "sample")}
    print(f"  {', '.join(f'{name} {value}' for name, value in settings.items())}")
    for message in first["messages"]:
        _print_block(message["role"], message["content"])


def _tell_attempt(attempt: Json, before: Sequence[Json]) -> None:
    reply, failure = attempt["reply"], attempt["failure"]
    print(f"\nreply {attempt['number']} ({attempt['kind']}): {', '.join(_circumstances(attempt))}")
    for message in _new_messages(attempt["messages"], before):
        _print_block("told", message["content"])
    if tried := attempt["tried_before"]:
        causes = Counter(one["cause"] for one in tried).items()
        told = ", ".join(f"{visible(cause)} x {count}" if count > 1 else visible(cause) for cause, count in causes)
        print(f"  tried before: {told}{_detail(tried[-1]['detail'])}")
    if failure:
        print(f"  no reply: {visible(failure['cause'])}{_detail(failure['detail'])}")
        return
    thought = without_thinking(reply["text"])
    if thinking := "\n".join(filter(None, (reply["reasoning"], thought.thinking))).strip():
        _print_block("thinking", thinking)
    _print_block("reply", thought.text)
    if attempt["error"]:
        print(f"  fault of the whole, {attempt['error']['check']}: {visible(attempt['error']['why'])}")
    if attempt["forgiven"]:
        print(f"  forgiven: {', '.join(attempt['forgiven'])}")
    if attempt["kind"] != "judge":
        print(f"  taken: {attempt['accepted']}")
    for one in attempt["refused"]:
        for verdict in one["verdicts"]:
            print(f"  refused {one['path']}, {verdict['check']}: {visible(verdict['why'])}")


def _circumstances(attempt: Json) -> Iterator[str]:
    reply = attempt["reply"]
    if reply:
        yield f"ended with {visible(reply['finish_reason'])}"
        yield f"{reply['prompt_tokens']:,} + {reply['completion_tokens']:,} tokens"
    else:
        yield "given up"
    if "endpoint" in attempt:
        yield f"{attempt['seconds']:,.2f} s"
        yield f"{attempt['endpoint']} as {attempt['form']}"
    if attempt["parameters"]["sample"]:
        yield f"fresh sample {attempt['parameters']['sample']}"


def _new_messages(messages: Sequence[Json], before: Sequence[Json]) -> list[Json]:
    """What the user said that was not said before: of a repair what is wrong, of a new conversation its question."""
    said = [message["content"] for message in before]
    return [one for one in messages if one["role"] == "user" and one["content"] not in said]


def _detail(detail: str) -> str:
    return f" ({visible(detail)})" if detail else ""


def _tell_outcome(outcome: Json) -> None:
    if dead := outcome["dead"]:
        print(f"\ncame to nothing: {dead['check']}: {visible(dead['why'])}")
        return
    repaired = ", after the model was told what was wrong" if outcome["repaired"] else ""
    print(f"\ncame to {len(outcome['samples'])} samples{repaired}")
    for row in outcome["rows"]:
        print(f"  {row['id']}: {row['end']}")


def _print_block(label: str, content: Any) -> None:
    """Text of several lines under a label; on a terminal cut to its width, with Chinese counted double."""
    from rich.console import Console
    from rich.text import Text

    text = content if isinstance(content, Text) else Text(visible(content))
    head = f"  {label:<{LABEL_COLUMNS}}| " if label else "  | "
    console = Console(highlight=False, markup=False, soft_wrap=True)
    lines = list(text.split("\n", allow_blank=True))
    if sys.stdout.isatty():
        columns = max(20, console.width - len(head) - 1)
        lines = [part for line in lines for part in line.divide(_breaks(line.plain, columns))]
    for number, line in enumerate(lines):
        console.print(Text.assemble(head if number == 0 else f"{' ' * (len(head) - 2)}| ", line))


def _breaks(line: str, columns: int) -> list[int]:
    """Where a line has to be broken: Chinese may be anywhere."""
    from rich.cells import cell_len

    breaks: list[int] = []
    used = 0
    for place, character in enumerate(line):
        used += cell_len(character)
        if used > columns:
            breaks.append(place)
            used = cell_len(character)
    return breaks
