"""What the page shows of one model: its name or letter, and the conversation with it as text that nothing can break."""

from __future__ import annotations

import re
from typing import Any

from builders.publish.page import Html, element, join
from trainers.arena.conversation import Conversation, Turn
from trainers.arena.replies import Reply

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
    turns = [_turn(turn, place) for turn in conversation.turns]
    said = join(turns) if turns else element("p", "nothing said yet", class_="empty")
    return element("section", head, said, class_="contender", aria_label=f"model {letter}")


def _turn(turn: Turn, place: int) -> Html:
    asked = element("div", turn.prompt, class_="asked", lang="zh")
    return join([asked, _reply(turn.replies[place])])


def _reply(reply: Reply) -> Html:
    thinking = None
    if reply.reasoning:
        thinking = element(
            "details", element("summary", "thinking"), element("div", readable(reply.reasoning), class_="reading")
        )
    parts: list[Any] = [thinking]
    if reply.text:
        parts.append(element("div", readable(reply.text), class_="reading", lang="zh"))
    elif reply.state == "done":
        parts.append(element("p", "it said nothing", class_="soft"))
    if reply.problem:
        parts.append(element("p", reply.problem, class_="problem", role="alert"))
    elif told := STATES.get(reply.state):
        parts.append(element("p", told, class_=f"state {reply.state}"))
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
