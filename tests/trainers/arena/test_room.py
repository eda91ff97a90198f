"""An arena's room: a vote that cannot be kept is none, and people vote at the same time."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from builders.publish.local_page.notebook import Notebook
from trainers.arena.contenders import Contender, Sampling
from trainers.arena.conversation import Conversation, Manner, Turn
from trainers.arena.page import Room
from trainers.arena.replies import Reply
from trainers.arena.votes import TIE, read_votes
from validators.errors import SikuError

CONTENDERS = [Contender(name, "http://127.0.0.1:1/v1") for name in "甲乙丙"]


def room(store: Path) -> Room:
    return Room(CONTENDERS, Notebook(store), Sampling(), Manner())


def answered(arena: Room, session: str) -> Conversation:
    conversation = arena.conversation(session)
    conversation.turns.append(Turn("问", Sampling(), [Reply("好", state="done") for _ in conversation.contenders]))
    return conversation


def test_a_vote_that_cannot_be_kept_can_be_given_again(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    arena = room(tmp_path / "file" / "votes.jsonl")
    conversation = answered(arena, "s1")
    with pytest.raises(SikuError, match="cannot be kept"):
        asyncio.run(arena.keep(conversation, "王五", TIE, []))
    with pytest.raises(SikuError, match="needs your name"):
        asyncio.run(arena.keep(conversation, " ", TIE, []))
    assert conversation.votable and conversation.is_blind
    arena.store = Notebook(tmp_path / "votes.jsonl")
    asyncio.run(arena.keep(conversation, "王五", TIE, []))
    assert len(read_votes(arena.store)) == 1 and not conversation.is_blind


def test_people_vote_at_once_and_in_two_arenas(tmp_path: Path) -> None:
    arenas = [room(tmp_path / "votes.jsonl") for _ in range(2)]

    async def all_vote() -> None:
        async with asyncio.TaskGroup() as group:
            for number in range(10):
                conversation = answered(arenas[number % 2], f"s{number}")
                group.create_task(arenas[number % 2].keep(conversation, f"人{number}", TIE, []))
            for _ in range(2):
                group.create_task(arenas[0].table())

    asyncio.run(all_vote())
    assert len(read_votes(arenas[0].store)) == 10
    assert "votes: 10" in asyncio.run(arenas[1].table())


def test_sessions_are_apart_and_those_that_leave_are_forgotten(tmp_path: Path) -> None:
    arena = room(tmp_path / "votes.jsonl")
    one, other = arena.conversation("s1"), arena.conversation("s2")
    assert one is arena.conversation("s1") and one is not other
    few = arena.start("s1", ["甲", "丙"], "你是船夫。")
    assert {contender.name for contender in few.contenders} == {"甲", "丙"} and few.system == "你是船夫。"
    assert len(arena.start("s1", [], "").contenders) == 3  # nobody is no choice
    arena.leave("s1")
    arena.leave("s1")
    assert list(arena.sessions) == ["s2"]
