"""`siku view` of rows that a model wrote: the passage with what supports the answer, the replies, edits of turns."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest

from builders.engine.tables import read_dataset_rows
from generators.demo.chat import ChatRequest, Said
from generators.demo.server import Endpoint
from tests.browser import Look, Serve, assert_fits
from tests.running import Siku

RIVER = "长江发源于唐古拉山，全长6300多公里。它流经十一个省市，最后在上海注入东海。"
GOOD = {"question": "长江发源于哪里？", "answer": "长江发源于唐古拉山。"}
LATER = {"question": "长江在哪里入海？", "answer": "长江最后在上海注入东海。"}
POINTING = {"question": "它有多长？", "answer": "全长6300多公里。"}
EVIL = "<img src=x onerror=alert(1)>"
PICTURES = os.environ.get("SIKU_PICTURES", "")


def answer(request: ChatRequest) -> Said:
    """The first reply points at the text and is corrected; it thinks in HTML."""
    if len(request.texts("user")) == 1:
        return Said(orjson.dumps({"pairs": [GOOD, POINTING, POINTING]}).decode(), reasoning=EVIL)
    return Said(f"<think>{EVIL}</think>{orjson.dumps({'pairs': [LATER]}).decode()}")


@pytest.fixture
def endpoint() -> Iterator[str]:
    with Endpoint(answer).running() as url:
        yield url


@pytest.mark.slow
def test_the_passage_the_replies_and_an_edited_turn(
    tmp_path: Path, siku: Siku, serve_page: Serve, look: Look, endpoint: str
) -> None:
    (tmp_path / "in.jsonl").write_text(json.dumps({"id": "river", "text": RIVER}, ensure_ascii=False))
    words = ("synth-qa", "--input", "in.jsonl", "--endpoint", endpoint, "--json", "-q")
    siku(*words)
    served = serve_page("view", "synth-qa@1")
    page = look(served.url)
    page.locator(".siku-row", has_text="river-0002").click()
    page.locator("#document .turn.assistant", has_text=LATER["answer"]).wait_for()
    replies_are_shown(page)
    page.keyboard.press("Escape")
    page.keyboard.press("e")
    fields = page.locator("#document textarea")
    fields.nth(1).wait_for()
    assert [one.input_value() for one in fields.all()] == [LATER["question"], LATER["answer"]]
    fields.nth(1).fill("长江在上海注入东海。")
    page.get_by_text("Save (Ctrl+Enter)").click()
    page.locator("#document del", has_text="最后").wait_for()
    assert served.stop() == 0
    made = siku(*words, "--as", "2", "--set", "reviewed=synth-qa@1").json
    assert (made["requests"], made["rows"]) == (0, 2)
    rows = {row["id"]: row for row in read_dataset_rows(tmp_path / "out" / "synth-qa" / "2", "train")}
    assert [one["content"] for one in rows["river-0002"]["messages"]] == [LATER["question"], "长江在上海注入东海。"]


def replies_are_shown(page: Any) -> None:
    page.locator("#panel label", has_text="Model").click()
    page.locator("#document mark", has_text="最后在上海注入东海").wait_for()
    shown = page.inner_text("#document")
    assert "Reply 1 (first)" in shown and "Reply 2 (repair)" in shown
    assert "refused $.pairs[1], pronoun_question" in shown and "Came to 2 samples" in shown
    for summary in page.get_by_text("thinking", exact=True).all():
        summary.click()
    assert page.inner_text("#document").count(EVIL) == 2 and page.locator("#document img").count() == 0
    assert_fits(page)
    if PICTURES:
        page.screenshot(path=f"{PICTURES}/model.png", full_page=True)
