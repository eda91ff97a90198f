"""How a row that a model wrote came about: the passage with what supports the answer, every reply, the verdicts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from builders.publish.page import Html, definitions, element, join
from builders.publish.view.folio import opener
from builders.publish.view.texts import reading
from validators.replies import without_thinking

Json = Mapping[str, Any]


def story_panel(story: Json) -> Html:
    """What `generators.inspect.story_of` tells of a row."""
    if "passages" in story:
        lines = [
            (opener(one["id"]), f"{one['characters']:,} characters, {one['rows']} rows {one['end']}")
            for one in story["passages"]
        ]
        return join(
            [
                element("p", f"{story['id']} was cut into {len(story['passages'])} passages."),
                definitions(lines, "facts"),
            ]
        )
    parts = [_passage(story)]
    if "attempts" not in story:
        return join([*parts, element("p", f"Journal: {story.get('journal', 'not known')}", class_="problem")])
    parts += [_asked(story), *(_attempt(one) for one in story["attempts"]), _outcome(story["outcome"])]
    return join(parts)


def _passage(story: Json) -> Html:
    passage = story.get("passage")
    if not passage:
        return element("p", f"The passage is not known: {story.get('missing', '')}", class_="problem")
    spans = [(start, end) for start, end in passage["support"]]
    marked = "; what supports the answer is marked" if spans else "; nothing in it supports the answer word for word"
    title = element("h4", f"Passage {passage['id']}, {passage['characters']:,} characters{marked}")
    return join([title, reading(passage["text"], spans)])


def _asked(story: Json) -> Html:
    asked, first = story["asked"], story["attempts"][0]
    told = f"{asked['model']} was asked for {asked['wanted']} under the prompt {asked['prompt']}"
    settings = {name: value for name, value in first["parameters"].items() if name not in ("model", "sample")}
    turns = [(message["role"], _said(message["content"])) for message in first["messages"]]
    return element(
        "details",
        element("summary", told),
        definitions([*settings.items(), *turns], "facts"),
    )


def _attempt(attempt: Json) -> Html:
    reply, failure = attempt["reply"], attempt["failure"]
    title = f"Reply {attempt['number']} ({attempt['kind']}): {', '.join(_circumstances(attempt))}"
    parts: list[Html] = []
    if failure:
        parts.append(element("p", f"no reply: {failure['cause']} {failure['detail']}", class_="problem"))
    else:
        thought = without_thinking(reply["text"])
        thinking = "\n".join(filter(None, (reply["reasoning"], thought.thinking))).strip()
        if thinking:
            parts.append(element("details", element("summary", "thinking"), _said(thinking)))
        parts.append(_said(thought.text))
    parts += [element("p", told, class_="problem") for told in _faults(attempt)]
    if not failure and attempt["kind"] != "judge":
        parts.append(element("p", f"taken: {attempt['accepted']}", class_="soft"))
    return element("details", element("summary", title), *parts, open="open")


def _circumstances(attempt: Json) -> Iterator[str]:
    reply = attempt["reply"]
    if reply:
        yield f"ended with {reply['finish_reason']}"
        yield f"{reply['prompt_tokens']:,} + {reply['completion_tokens']:,} tokens"
    else:
        yield "given up"
    if "endpoint" in attempt:
        yield f"{attempt['seconds']:,.2f} s"
        yield str(attempt["endpoint"])


def _faults(attempt: Json) -> Iterator[str]:
    if error := attempt["error"]:
        yield f"fault of the whole, {error['check']}: {error['why']}"
    if attempt["forgiven"]:
        yield f"forgiven: {', '.join(attempt['forgiven'])}"
    for one in attempt["refused"]:
        for verdict in one["verdicts"]:
            yield f"refused {one['path']}, {verdict['check']}: {verdict['why']}"


def _outcome(outcome: Json) -> Html:
    if dead := outcome["dead"]:
        return element("p", f"Came to nothing: {dead['check']}: {dead['why']}", class_="problem")
    rows = [(opener(one["id"]), one["end"]) for one in outcome["rows"]]
    return join([element("h4", f"Came to {len(outcome['samples'])} samples"), definitions(rows, "facts")])


def _said(text: str) -> Html:
    return element("div", text, class_="reading", lang="zh")
