"""What the page shows of one model: its name or letter, and the conversation with it as text that nothing can break."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

from builders.publish.page import Html, element, join
from trainers.arena.contenders import Contender
from trainers.arena.conversation import Conversation, Turn
from trainers.arena.replies import Reply
from validators.replies import without_thinking

HALF = re.compile("(\ufffd+)")
STATES = {
    "waiting": "waiting for the first word",
    "coming": "writing",
    "cut": "cut off at the most tokens",
    "stopped": "stopped",
    "failed": "failed",
}


def column(conversation: Conversation, place: int) -> Html:
    """The conversation with the model at a place."""
    letter = conversation.title(place)
    behind = None if conversation.is_blind else conversation.contenders[place].model
    head = element(
        "h2",
        element("span", letter, class_="who", lang="zh"),
        element("span", behind, class_="soft") if behind and behind != letter else None,
    )
    hidden = _names_of(conversation.contenders[place]) if conversation.is_blind else ()
    turns = [_turn(turn, place, hidden) for turn in conversation.turns]
    said = join(turns) if turns else element("p", "nothing said yet", class_="empty")
    return element("section", head, said, class_="contender", aria_label=f"model {letter}")


def _names_of(contender: Contender) -> tuple[str, ...]:
    """What would tell who it is."""
    address = urlsplit(contender.url)
    return contender.name, contender.model, address.hostname or "", str(address.port or "")


def _turn(turn: Turn, place: int, hidden: Sequence[str]) -> Html:
    asked = element("div", turn.prompt, class_="asked", lang="zh")
    return join([asked, _reply(turn.replies[place], hidden)])


def _reply(reply: Reply, hidden: Sequence[str]) -> Html:
    """Thinking, folded; what was said; what became of it. Details that hold one of `hidden` are left out."""
    said = without_thinking(reply.text)
    thinking = "\n".join(part.strip() for part in (reply.reasoning, said.thinking) if part.strip())
    parts: list[Any] = []
    if thinking:
        whole = element("div", readable(thinking), class_="reading", lang="zh")
        parts.append(element("details", element("summary", "thinking"), whole))
    if text := said.text.strip("\n"):
        parts.append(element("div", readable(text), class_="reading", lang="zh"))
    elif reply.state == "done":
        parts.append(element("p", "it said nothing", class_="soft"))
    if reply.problem:
        shows = reply.detail and not any(name and name in reply.detail for name in hidden)
        told = f"{reply.problem} ({reply.detail})" if shows else reply.problem
        parts.append(element("p", told, class_="problem", role="alert"))
    elif state := STATES.get(reply.state):
        parts.append(element("p", state, class_=f"state {reply.state}"))
    if reply.note:
        parts.append(element("p", reply.note, class_="soft"))
    return element("div", *parts, class_="reply", aria_live="off")


def readable(text: str) -> Html:
    """A text for the eye: a character that is lost is named, in place of a mark that looks like one."""
    return join(
        element("span", "⟨U+FFFD⟩", class_="half", title="half a character, of which the rest never came")
        if place % 2
        else piece
        for place, piece in enumerate(HALF.split(text))
    )
