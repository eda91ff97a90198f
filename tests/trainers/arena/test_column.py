"""What is shown of one model: text that breaks nothing, thinking folded, and nothing that says who hides behind A."""

from __future__ import annotations

import pytest

from trainers.arena.column import column
from trainers.arena.contenders import Contender, Sampling
from trainers.arena.conversation import Conversation, Turn
from trainers.arena.replies import Reply

CONTENDERS = (Contender("底座", "http://127.0.0.1:8081/v1", "qwen3-8b"), Contender("微调", "http://127.0.0.1:8082/v1"))


def shown(reply: Reply, has_voted: bool = False) -> str:
    turn = Turn("问<b>", Sampling(), [reply, Reply("好", state="done")])
    return column(Conversation(CONTENDERS, 1, turns=[turn], has_voted=has_voted), 0)


def test_no_text_is_html() -> None:
    page = shown(Reply("<img src=x onerror=alert(1)>\n**强**", "<i>", "failed", "it </p> broke", "<u>", "<s>"))
    for tag in ("<img", "<b>", "<i>", "<u>", "<s>", "it </p>"):
        assert tag not in page
    assert "&lt;img src=x onerror=alert(1)&gt;\n**强**" in page


@pytest.mark.parametrize(
    "detail", ["no route to 127.0.0.1", "port 8081", "The model 'qwen3-8b' does not exist", "底座?"]
)
def test_a_detail_that_says_who_it_is_waits_for_the_vote(detail: str) -> None:
    reply = Reply(state="failed", problem="nobody answers there", detail=detail)
    blind, told = shown(reply), shown(reply, has_voted=True)
    assert "nobody answers there" in blind and "nobody answers there" in told
    for name in ("127.0.0.1", "8081", "qwen3-8b", "底座"):
        assert name not in blind
    assert "底座" in told and "(" in told


def test_a_detail_that_says_nobody_is_shown() -> None:
    assert "broke off (out of memory)" in shown(
        Reply("雪", state="failed", problem="broke off", detail="out of memory")
    )


def test_thinking_is_folded() -> None:
    page = shown(Reply("<think>想一想</think>\n\n答", "另想", "done"))
    assert page.count("<details>") == 1 and "&lt;think" not in page
    assert page.index("另想") < page.index("想一想") < page.index("</details>") < page.index("答")
    assert "it said nothing" in shown(Reply("", "想", "done"))


def test_a_lost_character_is_named() -> None:
    page = shown(Reply("雪\ufffd夜\ufffd", state="done"))
    assert "\ufffd" not in page and page.count("⟨U+FFFD⟩") == 2
