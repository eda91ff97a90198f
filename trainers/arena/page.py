"""The page of the arena: columns, controls, votes, and the table. State is kept for each session, by its hash."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, field
from typing import Any

from builders.publish.local_page.notebook import Notebook, this_person
from builders.publish.local_page.serving import header, legend, load_gradio, make_blocks
from builders.publish.page import Html, element
from trainers.arena.column import column
from trainers.arena.contenders import Contender, Sampling
from trainers.arena.controls import read_ranking, read_sampling
from trainers.arena.conversation import LETTERS, Conversation, Manner, begin
from trainers.arena.presets import Preset
from trainers.arena.table import as_html, table_of
from trainers.arena.votes import ALL_BAD, BEST, RANK, TIE
from validators.errors import SikuError

EMPTY = element("p", "", class_="soft")
Updates = dict[Any, Any]


@dataclass
class Room:
    """What one arena has: who takes part, where votes go, and the conversation of each session."""

    contenders: Sequence[Contender]
    store: Notebook
    sampling: Sampling
    manner: Manner
    presets: Sequence[Preset] = ()
    seed: int | None = None
    system: str = ""
    sessions: dict[str, Conversation] = field(default_factory=dict)
    writing: asyncio.Lock = field(default_factory=asyncio.Lock)

    def conversation(self, session: str) -> Conversation:
        """The conversation of a session, begun with all contenders where there is none."""
        if session not in self.sessions:
            self.start(session, [one.name for one in self.contenders], self.system)
        return self.sessions[session]

    def start(self, session: str, names: Sequence[str], system: str) -> Conversation:
        """A new conversation with those that are named, in a new order."""
        self.leave(session)
        chosen = [one for one in self.contenders if one.name in names] or list(self.contenders)
        self.sessions[session] = begin(chosen, self.manner, system, self.seed)
        return self.sessions[session]

    def leave(self, session: str) -> None:
        if before := self.sessions.pop(session, None):
            before.stop()

    async def keep(self, conversation: Conversation, who: str, choice: str, ranks: Sequence[int]) -> None:
        """Write a vote down. Raises SikuError, and then there is none, where there is no name or no place for it."""
        if not who.strip():
            raise SikuError("a vote needs your name", next="it is asked for below")
        said = conversation.vote(choice, ranks)
        try:
            await asyncio.to_thread(self.store.append, conversation.id, who, **said)
        except SikuError:
            conversation.has_voted = False
            raise

    async def table(self) -> Html:
        """The table of all votes, and its files; two people's votes do not write them at once."""
        async with self.writing:
            try:
                return as_html(*await asyncio.to_thread(table_of, self.store))
            except SikuError as error:
                return problem(error)


def problem(error: SikuError) -> Html:
    said = ": ".join(part for part in (error.what, error.why) if part)
    return element("p", said, f". {error.next}" if error.next else "", class_="problem", role="alert")


def make_page(room: Room) -> tuple[Any, dict[str, str]]:
    """The page, to be served, and its keys."""
    return _Page(room).blocks, _keys(len(room.contenders))


def _keys(most: int) -> dict[str, str]:
    """From key to the button that it presses."""
    keys = {"n": "arena-new", "s": "arena-stop"}
    if most > 1:
        keys |= {str(place + 1): f"arena-best-{place}" for place in range(min(most, 9))}
        keys |= {"t": "arena-tie", "b": "arena-bad"}
    return keys


class _Page:
    """Components by name, and the functions of their events."""

    def __init__(self, room: Room) -> None:
        self.room, self.gradio = room, load_gradio()
        self.most = len(room.contenders)
        self.blocks = make_blocks("siku arena")
        with self.blocks:
            self.gradio.HTML(header("siku arena", f"{self.most} models" if self.most > 1 else room.contenders[0].name))
            with self.gradio.Tabs():
                with self.gradio.Tab("Chat"):
                    self._columns()
                    self._controls()
                with self.gradio.Tab("Table") as self.table_tab:
                    self.table = self.gradio.HTML(as_html({"votes": 0}), elem_id="arena-table")
            self._events()

    # ------------------------------------------------------------ what is on it

    def _columns(self) -> None:
        gr = self.gradio
        self.columns, self.replies, self.retries = [], [], []
        with gr.Row(elem_classes="columns"):
            for place in range(self.most):
                with gr.Column(min_width=260) as one:
                    self.replies.append(gr.HTML(EMPTY, elem_id=f"arena-reply-{place}"))
                    self.retries.append(gr.Button(f"Try {LETTERS[place]} again", size="sm", visible=False))
                self.columns.append(one)
        self.status = gr.HTML(EMPTY, elem_id="arena-status")
        self.bests: list[Any] = []
        with gr.Row(visible=self.most > 1):
            for place in range(self.most if self.most > 1 else 0):
                word = "is better" if self.most == 2 else "is best"
                label = f"{LETTERS[place]} {word}"
                self.bests.append(gr.Button(label, interactive=False, min_width=90, elem_id=f"arena-best-{place}"))
            self.tie = gr.Button("Tie", interactive=False, min_width=90, elem_id="arena-tie")
            self.bad = gr.Button(
                "Both bad" if self.most == 2 else "All bad", interactive=False, min_width=90, elem_id="arena-bad"
            )
        with gr.Row(visible=self.most > 2):
            self.ranking = gr.Textbox(
                label="Or rank them",
                placeholder="B > A = C",
                max_lines=1,
                scale=3,
                elem_id="arena-ranking",
            )
            self.rank = gr.Button("Vote this ranking", interactive=False, elem_id="arena-rank")

    def _controls(self) -> None:
        gr, room = self.gradio, self.room
        self.prompt = gr.Textbox(
            label="Prompt", lines=3, max_lines=12, placeholder="说点什么；Shift+Enter 发送", elem_id="arena-prompt"
        )
        with gr.Row():
            self.send = gr.Button("Send", variant="primary", min_width=90, elem_id="arena-send")
            self.stop = gr.Button("Stop", min_width=90, elem_id="arena-stop")
            self.new = gr.Button("New conversation", min_width=160, elem_id="arena-new")
        labels = [(f"{place + 1}. {preset.label}", place) for place, preset in enumerate(room.presets)]
        self.preset = gr.Dropdown(
            labels, value=None, label=f"Prompts ({len(labels)})", visible=bool(labels), elem_id="arena-preset"
        )
        with gr.Accordion("Who, how, and your name", open=False):
            names = [one.name for one in room.contenders]
            self.names = gr.CheckboxGroup(
                names, value=names, label="Models that take part, from the next conversation on", visible=self.most > 1
            )
            self.system = gr.Textbox(
                room.system, label="System prompt, from the next conversation on", lines=2, elem_id="arena-system"
            )
            self._sampling()
            self.who = gr.Textbox(this_person(), label="Your name, kept with votes", max_lines=1, elem_id="arena-who")
        words = {"1 2 …": "is better", "t": "tie", "b": "all bad"} if self.most > 1 else {}
        gr.HTML(legend({**words, "n": "new conversation", "s": "stop", "Shift+Enter": "send", "Esc": "leave a field"}))

    def _sampling(self) -> None:
        gr, given = self.gradio, self.room.sampling
        with gr.Row():
            self.sampling = [
                gr.Slider(0, 2, given.temperature, step=0.05, label="temperature", min_width=220),
                gr.Slider(0.01, 1, given.top_p, step=0.01, label="top_p", min_width=220),
                gr.Number(given.top_k, label="top_k (0: all)", precision=0, minimum=0, min_width=220),
                gr.Number(given.max_tokens, label="most tokens", precision=0, minimum=1, min_width=220),
                gr.Slider(0.8, 2, given.repetition_penalty, step=0.01, label="repetition penalty", min_width=220),
                gr.Textbox(
                    "" if given.seed is None else str(given.seed), label="seed (empty: any)", max_lines=1, min_width=220
                ),
            ]

    # ------------------------------------------------------------ what happens

    def _events(self) -> None:
        gr = self.gradio
        talking = [self.prompt, self.system, self.names, *self.sampling]
        shown = [*self.columns, *self.replies, *self.retries, *self.buttons, self.prompt, self.status, self.table]
        options = {"show_progress": "hidden", "concurrency_limit": None}
        gr.on([self.send.click, self.prompt.submit], _with_session(self._say), talking, shown, **options)
        self.stop.click(_with_session(self._stop), None, None, **options)
        self.new.click(_with_session(self._new), [self.names, self.system], shown, **options)
        if self.room.presets:
            self.preset.input(self._choose, self.preset, [self.prompt, self.system], **options)
        for place, button in enumerate(self.retries):
            button.click(self._retrying(place), None, shown, **options)
        for place, button in enumerate(self.bests):
            button.click(self._voting(BEST, place), self.who, shown, **options)
        self.tie.click(self._voting(TIE), self.who, shown, **options)
        self.bad.click(self._voting(ALL_BAD), self.who, shown, **options)
        self.rank.click(_with_session(self._ranked), [self.who, self.ranking], shown, **options)
        self.table_tab.select(self._table, None, self.table, **options)
        self.blocks.load(_with_session(self._arrive), None, [*shown, self.who], **options)
        self.blocks.unload(_with_session(self._leave))

    @property
    def buttons(self) -> list[Any]:
        return [*self.bests, self.tie, self.bad, self.rank]

    async def _arrive(self, request: Any) -> Updates:
        found = {**self._show(self.room.conversation(_session(request))), self.table: await self.room.table()}
        return found | (
            {self.who: self.gradio.update(value=request.username, interactive=False)} if request.username else {}
        )

    async def _leave(self, request: Any) -> None:
        self.room.leave(_session(request))

    async def _say(
        self, request: Any, prompt: str, system: str, names: Sequence[str], *sampling: Any
    ) -> AsyncGenerator[Updates, None]:
        conversation = self.room.conversation(_session(request))
        try:
            chosen = read_sampling(sampling)
        except SikuError as error:
            yield {self.status: problem(error)}
            return
        if not prompt.strip() or conversation.is_busy:
            words = "it is still being written" if conversation.is_busy else "there is nothing to send yet"
            yield {self.status: element("p", words, class_="soft")}
            return
        if not conversation.turns:  # what was set since the page was opened counts
            conversation = self.room.start(_session(request), names, system)
        yield {self.prompt: ""}
        async with contextlib.aclosing(conversation.say(prompt.strip(), chosen)) as saying:
            async for _ in saying:
                yield self._show_if_here(request, conversation)

    def _retrying(self, place: int) -> Any:
        async def retry(request: Any) -> AsyncGenerator[Updates, None]:
            conversation = self.room.conversation(_session(request))
            if place < len(conversation.contenders):
                async with contextlib.aclosing(conversation.retry(place)) as trying:
                    async for _ in trying:
                        yield self._show_if_here(request, conversation)

        return _with_session(retry)

    async def _stop(self, request: Any) -> None:
        self.room.conversation(_session(request)).stop()

    async def _new(self, request: Any, names: Sequence[str], system: str) -> Updates:
        return self._show(self.room.start(_session(request), names, system))

    async def _choose(self, place: int | None) -> Updates:
        if place is None:
            return {}
        preset = self.room.presets[place]
        return {self.prompt: preset.prompt} | ({self.system: preset.system} if preset.system else {})

    def _voting(self, choice: str, place: int = 0) -> Any:
        async def vote(request: Any, who: str) -> AsyncGenerator[Updates, None]:
            places = self.room.conversation(_session(request)).votable
            async for shown in self._vote(request, who, choice, [1 if one == place else 2 for one in places]):
                yield shown

        return _with_session(vote)

    async def _ranked(self, request: Any, who: str, ranking: str) -> AsyncGenerator[Updates, None]:
        places = self.room.conversation(_session(request)).votable
        try:
            ranks = read_ranking(ranking, [LETTERS[place] for place in places])
        except SikuError as error:
            yield {self.status: problem(error)}
            return
        async for shown in self._vote(request, who, RANK, ranks):
            yield shown

    async def _vote(self, request: Any, who: str, choice: str, ranks: Sequence[int]) -> AsyncGenerator[Updates, None]:
        """Names first; the table takes a while where there are thousands of votes."""
        conversation = self.room.conversation(_session(request))
        if conversation.has_voted:  # two clicks
            yield self._show(conversation)
            return
        try:
            await self.room.keep(conversation, request.username or who, choice, ranks)
        except SikuError as error:
            yield {self.status: problem(error)}
            return
        yield self._show(conversation)
        yield {self.table: await self.room.table()}

    async def _table(self) -> Html:
        return await self.room.table()

    # ------------------------------------------------------------ what is shown of a conversation

    def _show_if_here(self, request: Any, conversation: Conversation) -> Updates:
        """Nothing of a conversation that was left for a new one while it was being written."""
        here = self.room.sessions.get(_session(request)) is conversation
        return self._show(conversation) if here else {self.status: self.gradio.skip()}

    def _show(self, conversation: Conversation) -> Updates:
        gr, found = self.gradio, dict[Any, Any]()
        here = len(conversation.contenders)
        last = conversation.turns[-1].replies if conversation.turns else []
        for place in range(self.most):
            found[self.columns[place]] = gr.update(visible=place < here)
            failed = place < len(last) and last[place].state == "failed"
            label = f"Try {conversation.title(place)} again" if place < here else ""
            found[self.retries[place]] = gr.update(visible=failed and not conversation.has_voted, value=label)
            if place < here:
                found[self.replies[place]] = column(conversation, place)
        votable = conversation.votable
        for place, button in enumerate(self.bests):
            found[button] = gr.update(interactive=place in votable, visible=place < here)
        for button in (self.tie, self.bad, self.rank):
            found[button] = gr.update(interactive=bool(votable))
        found[self.status] = status(conversation)
        return found


def status(conversation: Conversation) -> Html:
    """What a person may want to know now, in a line."""
    if conversation.has_voted:
        told = ", ".join(f"{LETTERS[place]} was {one.name}" for place, one in enumerate(conversation.contenders))
        return element("p", f"Thank you: {told}.", class_="revealed", role="status")
    if conversation.is_busy or not conversation.turns or len(conversation.contenders) == 1 or conversation.votable:
        return EMPTY
    return element("p", "a vote needs two replies: try those that failed again", class_="soft", role="status")


def _session(request: Any) -> str:
    return str(request.session_hash)


def _with_session(function: Any) -> Any:
    """The same function, whose `request` Gradio fills in: it goes by annotations, and must not be loaded for help."""
    getattr(function, "__func__", function).__annotations__["request"] = load_gradio().Request
    return function
