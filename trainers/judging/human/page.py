"""The page on which people score texts: what went before, the text, the axes; keys for all of it."""

from __future__ import annotations

import socket
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from builders.publish.local_page.notebook import this_person
from builders.publish.local_page.serving import header, load_gradio, make_blocks, password_of, serve
from builders.publish.page import Html, element, join
from trainers.judging.human.items import Item
from trainers.judging.human.scoring import Given, Scoring, View
from validators.command_line import Args
from validators.errors import SikuError

HERE = Path(__file__).parent
BEGIN, SHOW = "() => window.sikuBegin()", "() => window.sikuShow()"  # with the first axis in focus, or without
KEYS = {"p": "siku-previous", "ArrowLeft": "siku-previous", "n": "siku-next", "ArrowRight": "siku-next"}
LEGEND = (("Enter", "next"), ("p", "previous"), ("c", "comment"))


def serve_scoring(args: Args, on: socket.socket, scoring: Scoring) -> int:
    """Serve the page until Ctrl-C."""
    blocks = make_scoring_page(scoring, has_names=bool(password_of(args)))
    return serve(blocks, args, on, keys=KEYS, style=HERE / "page.css")


def make_scoring_page(scoring: Scoring, *, has_names: bool) -> Any:
    """The page as `gradio.Blocks`. `has_names`: whoever comes in has given a name with the password."""
    gradio, rubric = load_gradio(), scoring.scores.rubric
    blocks = make_blocks("Scores")
    with blocks:
        gradio.HTML(header("siku judge --human", f"{len(scoring.items.items):,} texts"))
        place, who = gradio.State(0), gradio.State("")
        with gradio.Row():
            progress = gradio.HTML()
            name = gradio.Textbox(label="Your name", elem_id="siku-name", max_lines=1, interactive=not has_names)
        with gradio.Row(elem_classes="siku-sides"):
            with gradio.Column(scale=3, min_width=280):
                shown = gradio.HTML()
            with gradio.Column(scale=2, min_width=280, elem_classes="siku-board"):
                with gradio.Column(visible=False) as board:
                    axes = [_axis(gradio, axis.name, axis.description, rubric.highest) for axis in rubric.axes]
                    comment = gradio.Textbox(label="Comment", elem_id="siku-comment", lines=1, max_lines=6)
                note = gradio.HTML()
                with gradio.Row():
                    previous = gradio.Button("Previous", elem_id="siku-previous")
                    next = gradio.Button("Next", elem_id="siku-next", variant="primary")
                gradio.HTML(_legend(rubric.highest))
        given = [place, who, comment, *axes]
        outputs = [place, who, progress, shown, board, previous, next, note, comment, *axes]
        _let_in(gradio, scoring, blocks, name, who, outputs, has_names)
        for button, go in ((next, scoring.go_on), (previous, scoring.go_back)):
            step = partial(_step, gradio, scoring, go)
            button.click(step, given, outputs, show_progress="hidden").then(None, js=BEGIN)
    return blocks


def _let_in(
    gradio: Any, scoring: Scoring, blocks: Any, name: Any, who: Any, outputs: Sequence[Any], has_names: bool
) -> None:
    """What happens when somebody comes, or another one writes a name."""
    axes = len(scoring.scores.axes)

    def come_in(request: Any) -> list[Any]:
        person = (request.username or "") if has_names else this_person()
        return [person, *_outputs(gradio, scoring.begin(person), person, axes)]

    def be_called(typed: str, before: str) -> list[Any]:
        if has_names or typed.strip() == before.strip():
            return [gradio.skip()] * len(outputs)
        return _outputs(gradio, scoring.begin(typed), typed, axes)

    come_in.__annotations__["request"] = gradio.Request  # what Gradio goes by; it is not loaded when this is read
    script = (HERE / "page.js").read_text(encoding="utf-8")
    blocks.load(come_in, None, [name, *outputs]).then(None, js=f"() => {{ ({script})(); window.sikuBegin(); }}")
    for event, after in ((name.submit, BEGIN), (name.blur, SHOW)):
        event(be_called, [name, who], outputs, show_progress="hidden").then(None, js=after)


def _step(
    gradio: Any,
    scoring: Scoring,
    go: Callable[[str, int, Given, str], View],
    place: int,
    who: str,
    comment: str,
    *given: int | None,
) -> list[Any]:
    """What the page shows after `go`; the same text with the reason where what was said could not be kept."""
    try:
        view = go(who, place, given, comment)
    except SikuError as error:
        view = scoring.at(who, place, f"{error.what}: {error.why}" if error.why else error.what, stays=True)
    return _outputs(gradio, view, who, len(given))


def _axis(gradio: Any, name: str, meaning: str, highest: int) -> Any:
    scale = [(str(score), score) for score in range(1, highest + 1)]
    radio = gradio.Radio(scale, label=name, elem_classes="siku-axis")
    gradio.HTML(element("div", meaning, class_="siku-meaning", lang="zh"))
    return radio


def _outputs(gradio: Any, view: View, who: str, axes: int) -> list[Any]:
    """What the page shows, in the order of its outputs. What is chosen stays where something is missing."""
    note = element("div", view.note, class_="problem", role="alert") if view.note else ""
    scores = list(view.said.scores.values()) if view.said else [None] * axes
    return [
        view.place,
        who,
        _progress(view),
        _shown(view),
        gradio.update(visible=view.item is not None),
        gradio.update(interactive=view.place > 0),
        gradio.update(interactive=view.item is not None),
        note,
        gradio.skip() if view.stays else (view.said.comment if view.said else ""),
        *([gradio.skip()] * axes if view.stays else scores),
    ]


def _progress(view: View) -> Html:
    where = f"text {view.place + 1:,}" if view.item else ""
    return element(
        "div",
        element("progress", value=view.done, max=max(view.texts, 1), aria_label="scored"),
        element("span", f"{view.done:,} of {view.texts:,} scored"),
        element("span", where, class_="soft"),
        class_="siku-progress",
    )


def _shown(view: View) -> Html:
    if view.item:
        return _text_of(view.item)
    if not view.place:  # nobody has come yet
        return join([])
    told = f"All {view.texts:,} texts are scored. Thank you." if view.done == view.texts else "This was the last text."
    return element("div", told, class_="empty")


def _text_of(item: Item) -> Html:
    """The prompt, the text and, behind a fold, the reference. Not whose text it is."""
    text = element("div", item.text, class_="reading siku-text", lang="zh")
    reference = element(
        "details",
        element("summary", "Reference"),
        element("div", item.reference, class_="reading", lang="zh"),
        class_="siku-reference",
    )
    return join(
        [
            element("div", "What went before", class_="siku-part"),
            element(
                "div",
                item.prompt,
                id="siku-before",
                class_="reading siku-before",
                lang="zh",
                tabindex=0,
                role="region",
                aria_label="What went before",
            ),
            element("div", "Text to score", class_="siku-part"),
            text if item.text.strip() else element("div", "there is no text", class_="empty"),
            reference if item.reference.strip() else None,
        ]
    )


def _legend(highest: int) -> Html:
    digits = (
        ("1 to 9, 0", "score the axis in focus; 0 is 10")
        if highest > 9
        else (f"1 to {highest}", "score the axis in focus")
    )
    keys = (element("li", element("kbd", key), " ", meaning) for key, meaning in (digits, *LEGEND))
    return element("ul", *keys, class_="legend")
