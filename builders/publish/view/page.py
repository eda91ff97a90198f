"""The page of `siku view`: fields, buttons and keys around a `Desk`."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from builders.publish.local_page.notebook import this_person
from builders.publish.local_page.serving import header, legend, load_gradio, make_blocks
from builders.publish.page import Html, element
from builders.publish.view.desk import STATES, Desk, Stand, told
from builders.publish.view.query import Place, Query
from validators.errors import SikuError

STYLE = Path(__file__).with_name("view.css")
KEYS = {
    "j": "next",
    "ArrowRight": "next",
    "k": "previous",
    "ArrowLeft": "previous",
    "a": "accept",
    "r": "reject",
    "e": "edit",
    "c": "comment",
    "u": "withdraw",
    "/": "words",
}
LEGEND = {
    "j →": "next",
    "k ←": "previous",
    "a": "accept",
    "r": "reject",
    "e": "edit",
    "c": "comment",
    "u": "undo",
    "/": "search",
    "Esc": "leave a field",
}
BUTTONS = {
    "previous": ("← k", "secondary"),
    "next": ("j →", "secondary"),
    "accept": ("accept a", "primary"),
    "reject": ("reject r", "stop"),
    "edit": ("edit e", "secondary"),
    "withdraw": ("undo u", "secondary"),
}
SIDES: dict[str, tuple[Place, ...]] = {
    "kept": ("kept",),
    "dropped": ("dropped",),
    "side by side": ("kept", "dropped"),
    "evidence": ("evidence",),
}
# A click or Enter on a row, a link or a button within the HTML is told to Python; so is what stands in the fields.
_LISTENER = """
const follow = () => {
  const box = element.querySelector('.siku-lists'), row = element.querySelector('.current');
  if (box && row) box.scrollTop = row.offsetTop - box.clientHeight / 3;
};
watch('value', follow);
const press = (target) => {
  const row = target.closest('[data-row]'), link = target.closest('[data-open]');
  if (link) trigger('select', {open: link.dataset.open});
  else if (row) trigger('select', {row: Number(row.dataset.row)});
  else if (target.closest('[data-whole]')) trigger('select', {whole: true});
  else if (target.closest('[data-cancel]')) trigger('select', {cancel: true});
  else if (target.closest('[data-save]')) save();
};
const save = () => trigger('submit', {contents: [...element.querySelectorAll('textarea')].map((one) => one.value)});
element.addEventListener('click', (event) => press(event.target));
element.addEventListener('keydown', (event) => {
  if (event.target.matches('textarea')) {
    if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) save();
  } else if (event.key === 'Enter' && event.target.matches('[data-row]')) press(event.target);
});
"""
# A reviewer is asked for a name once: the browser keeps it.
_REMEMBER_NAME = "(name) => { localStorage.setItem('siku-reviewer', name); }"
_REMEMBERED_NAME = "(name) => localStorage.getItem('siku-reviewer') || name"
Change = Callable[..., Stand]


class Page:
    """The blocks of the page, and what happens when somebody presses something."""

    def __init__(self, desk: Desk) -> None:
        self.desk, self.gradio = desk, load_gradio()
        self.blocks = make_blocks(f"siku view {_name(desk)}")
        with self.blocks:
            self._draw()
            self._connect()

    # ------------------------------------------------------------ what is there

    def _draw(self) -> None:
        gr, desk = self.gradio, self.desk
        stand = desk.look(Stand(), [Query()])
        self.stand = gr.State(stand)
        gr.HTML(header(_name(desk), _figures(desk.shelf.manifest)))
        with gr.Row(equal_height=False):
            with gr.Column(scale=5, min_width=300):
                self._draw_search()
                self.lists = gr.HTML(desk.lists(stand), elem_id="lists", js_on_load=_LISTENER)
                with gr.Row():
                    self.back = gr.Button("← page before", elem_id="back", size="sm")
                    self.further = gr.Button("next page →", elem_id="further", size="sm")
            with gr.Column(scale=7, min_width=300):
                self._draw_document(stand)

    def _draw_search(self) -> None:
        gr, desk = self.gradio, self.desk
        rules = [("dropped", *one) for one in desk.shelf.rules("dropped")]
        rules += [("evidence", *one) for one in desk.shelf.rules("evidence")]
        self.rules = {f"{place}: {step}, {rule} ({count:,})": (step, rule) for place, step, rule, count in rules}
        self.words = gr.Textbox(label="Search 搜索", placeholder="words, then Enter", elem_id="words", max_lines=1)
        with gr.Row():
            hows = [("substring", "substring"), ("regex", "regex"), ("id", "id")]
            self.how = gr.Radio(hows, value="substring", show_label=False, container=False, elem_id="how")
            self.side = gr.Radio(list(SIDES), value="kept", show_label=False, container=False, elem_id="side")
        with gr.Accordion("Filters 筛选", open=False, elem_id="filters"):
            with gr.Row():
                self.split = gr.Dropdown([("train and valid", ""), "train", "valid"], value="", label="Split")
                self.rule = gr.Dropdown([("any", ""), *self.rules], value="", label="Step and reason")
            with gr.Row():
                self.column = gr.Dropdown(
                    [("none", ""), *desk.shelf.columns], value="", label="Column", elem_id="column"
                )
                self.value = gr.Dropdown([], value=None, label="Its value", allow_custom_value=True, elem_id="value")
            with gr.Row():
                self.least = gr.Textbox(label="Characters from", placeholder="any", elem_id="least", min_width=100)
                self.most = gr.Textbox(label="to", placeholder="any", elem_id="most", min_width=100)
                states = [(one or "any", one) for one in STATES]
                self.state = gr.Dropdown(states, value="", label="Reviewed", min_width=120)
            self.search = gr.Button("Search", size="sm", variant="primary", elem_id="search")

    def _draw_document(self, stand: Stand) -> None:
        gr, desk = self.gradio, self.desk
        with gr.Row(elem_id="bar"):
            self.buttons = {
                name: gr.Button(label, elem_id=name, size="sm", min_width=60, variant=kind)
                for name, (label, kind) in BUTTONS.items()
            }
        with gr.Row():
            self.who = gr.Textbox(this_person(), label="Reviewer", elem_id="who", max_lines=1, min_width=110, scale=1)
            self.comment = gr.Textbox(
                label="Comment 批注", placeholder="then Enter", elem_id="comment", max_lines=1, min_width=160, scale=3
            )
        self.panel = gr.Radio(desk.titles, value="Text", show_label=False, container=False, elem_id="panel")
        self.message = gr.HTML(_message(stand), elem_id="message")
        self.document = gr.HTML(desk.document(stand, this_person()), elem_id="document", js_on_load=_LISTENER)
        gr.HTML(legend(LEGEND))

    # ------------------------------------------------------------ what happens

    def _connect(self) -> None:
        gr, desk = self.gradio, self.desk
        fields = [self.words, self.how, self.side, self.split, self.rule, self.column, self.value]
        fields += [self.least, self.most, self.state]
        listeners = (self.words, self.least, self.most)
        for listen in (*(one.submit for one in listeners), self.search.click, self.how.input, self.side.input):
            self._on(listen, self._look, fields, slow=True)
        self.column.input(desk_values(desk, gr), self.column, self.value, **_QUIET)
        self._on(self.buttons["next"].click, lambda stand, who: desk.move(stand, 1))
        self._on(self.buttons["previous"].click, lambda stand, who: desk.move(stand, -1))
        self._on(self.back.click, lambda stand, who: desk.turn(stand, -1))
        self._on(self.further.click, lambda stand, who: desk.turn(stand, 1))
        self._on(self.panel.input, lambda stand, who, panel: _shown(stand, panel), [self.panel], slow=True)
        self._on(self.buttons["accept"].click, lambda stand, who: desk.decide(stand, who, "accept"))
        self._on(self.buttons["reject"].click, lambda stand, who: desk.decide(stand, who, "reject"))
        self._on(self.buttons["withdraw"].click, desk.withdraw)
        self._on(
            self.buttons["edit"].click,
            lambda stand, who: dataclasses.replace(stand, editing=True, panel="Text", message=""),
        )
        said = self._on(self.comment.submit, desk.comment, [self.comment])
        said.then(lambda: "", None, self.comment, **_QUIET)
        for place in (self.lists, self.document):
            self._on_told(place.select, self._select)
        self._on_told(self.document.submit, self._save)
        self.who.input(None, self.who, None, js=_REMEMBER_NAME, **_QUIET)
        known = self.blocks.load(None, self.who, self.who, js=_REMEMBERED_NAME, **_QUIET)
        known.then(self._again(), [self.stand, self.who], [*self._outputs(), self.who], **_QUIET)

    def _outputs(self) -> list[Any]:
        return [self.stand, self.lists, self.document, self.message, self.panel]

    def _on(self, listen: Any, change: Change, fields: list[Any] | None = None, *, slow: bool = False) -> Any:
        """When that happens, show what the stand has become. Keys may be faster than answers: each of them counts."""

        def happen(stand: Stand, who: str, *values: Any, request: Any) -> tuple[Any, ...]:
            name = _person(request, who)
            return self._show(change(stand, name, *values), name)

        inputs = [self.stand, self.who, *(fields or [])]
        return listen(_with_request(happen, self.gradio), inputs, self._outputs(), **(_SLOW if slow else _QUIET))

    def _on_told(self, listen: Any, change: Callable[[Stand, str, Mapping[str, Any]], Stand]) -> None:
        gr = self.gradio

        def happen(stand: Stand, who: str, event: Any, request: Any) -> tuple[Any, ...]:
            name = _person(request, who)
            return self._show(change(stand, name, event._data or {}), name)

        happen.__annotations__.update(event=gr.EventData, request=gr.Request)
        listen(happen, [self.stand, self.who], self._outputs(), **_QUIET)

    def _show(self, stand: Stand, who: str) -> tuple[Any, ...]:
        return stand, self.desk.lists(stand), self.desk.document(stand, who), _message(stand), stand.panel

    def _again(self) -> Callable[..., tuple[Any, ...]]:
        """What a window shows that was opened or loaded again."""

        def happen(stand: Stand, who: str, *, request: Any) -> tuple[Any, ...]:
            name = _person(request, who)
            return *self._show(stand, name), name if name != who.strip() else self.gradio.skip()

        return _with_request(happen, self.gradio)

    def _look(self, stand: Stand, who: str, *values: Any) -> Stand:
        words, how, side, split, rule, column, value, least, most, state = values
        try:
            lengths = [_length(least), _length(most)]
        except SikuError as error:
            return dataclasses.replace(stand, message=told(error))
        step, begins = self.rules.get(rule or "", ("", ""))
        ids, ids_out = self.desk.ids(state or "", who)
        query = Query(
            words=_utf8(words or ""),
            how=how,
            split=split or "",
            column=column or "",
            value="" if value is None else _utf8(str(value)),
            step=step,
            rule=begins,
            least_chars=lengths[0],
            most_chars=lengths[1],
            ids=ids,
            ids_out=ids_out,
        )
        return self.desk.look(stand, [dataclasses.replace(query, place=place) for place in SIDES[side]])

    def _select(self, stand: Stand, who: str, event: Mapping[str, Any]) -> Stand:
        match event:
            case {"open": str(name)}:
                return self.desk.open(stand, name)
            case {"row": int(row)}:
                return self.desk.pick(stand, row)
            case {"whole": True}:
                return dataclasses.replace(stand, whole=True, message="")
            case {"cancel": True}:
                return dataclasses.replace(stand, editing=False, message="")
        return stand

    def _save(self, stand: Stand, who: str, event: Mapping[str, Any]) -> Stand:
        contents = event.get("contents")
        if not stand.editing or not isinstance(contents, list) or not all(isinstance(one, str) for one in contents):
            return stand
        return self.desk.save(stand, who, contents)


# One thing after the other, in the order in which it was asked for: what is pressed while a search runs is about what
# that search finds. A search takes a second, so people who review together hardly wait for each other.
_QUIET: dict[str, Any] = {
    "show_progress": "hidden",
    "trigger_mode": "multiple",
    "concurrency_limit": 1,
    "concurrency_id": "stand",
    "api_visibility": "private",
}
_SLOW = _QUIET | {"show_progress": "minimal"}


def desk_values(desk: Desk, gr: Any) -> Callable[[str], Any]:
    def offer(column: str) -> Any:
        return gr.Dropdown(choices=desk.shelf.values(column or ""), value=None)

    return offer


def _with_request(happen: Callable[..., tuple[Any, ...]], gr: Any) -> Callable[..., tuple[Any, ...]]:
    """Gradio gives the request to a parameter that is annotated so, by its place; the others are inputs."""

    def called(request: Any, *values: Any) -> tuple[Any, ...]:
        return happen(*values, request=request)

    called.__annotations__["request"] = gr.Request
    return called


def _person(request: Any, who: str) -> str:
    """Who is there: with a password the name that was given with it."""
    return str(getattr(request, "username", None) or who or "").strip()


def _utf8(text: str) -> str:
    """What a browser sends may hold half a character."""
    return text.encode("utf-8", "replace").decode()


def _length(text: str | None) -> int | None:
    """A number of characters, None for any. Raises SikuError for what is none."""
    digits = (text or "").replace(",", "").strip()
    if not digits:
        return None
    if not digits.isascii() or not digits.isdigit() or len(digits) > 12:
        raise SikuError(f"{digits[:40]!r} is no number of characters")
    return int(digits)


def _shown(stand: Stand, panel: str) -> Stand:
    return dataclasses.replace(stand, panel=panel, editing=False, message="")


def _message(stand: Stand) -> Html:
    return element("p", stand.message, class_="siku-message", role="status") if stand.message else Html("")


def _name(desk: Desk) -> str:
    manifest = desk.shelf.manifest
    return f"{manifest['name']}@{manifest['version']}"


def _figures(manifest: Mapping[str, Any]) -> str:
    rows = manifest.get("rows", {})
    figures = {**rows, **{name: manifest.get(name, 0) for name in ("dropped", "duplicates", "quarantined")}}
    return ", ".join(f"{name} {count:,}" for name, count in figures.items() if count)
