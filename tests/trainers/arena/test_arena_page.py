"""The arena as people use it: three models, one of which dies in mid-stream, votes, the table, and what lasts."""

from __future__ import annotations

import asyncio
import json
import signal
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from generators.demo.server import Endpoint as Server
from tests.browser import Look, Serve, assert_fits
from tests.running import Siku
from tests.servers.behaviours import Drip, Pass
from tests.servers.llama_server import LlamaSettings, llama_server
from tests.servers.proxy import Behaviour, Exchange, Proxy, Request

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not all(map(find_spec, ("xllamacpp", "gguf", "torch", "gradio", "playwright"))),
        reason="needs the extras ui, train and dev",
    ),
]
SLOWLY = "慢慢说"
INJECTED = (
    "<img src=x onerror=alert(1)> </script><script>alert(2)</script> <b>粗</b> [链接](javascript:alert(3)) "
    "${alert(4)} {{constructor.constructor('alert(5)')()}}\n第二行"
)


@dataclass(frozen=True)
class Dies:
    """Sends a beginning of the reply, and then the process is gone."""

    after_bytes: int = 1000

    async def __call__(self, exchange: Exchange) -> None:
        await exchange.send((await exchange.ask()).encoded[: self.after_bytes])
        await asyncio.sleep(0.3)  # the client is to see what has come
        exchange.reset()


class DiesOnce:
    """Lists its models, dies at the first question, and answers all later ones; slowly where it is asked to."""

    def __init__(self) -> None:
        self.asked = 0

    def __call__(self, request: Request) -> Behaviour:
        if request.method != "POST":
            return Pass()
        self.asked += 1
        is_slow = SLOWLY in request.json["messages"][-1]["content"]
        return Dies() if self.asked == 1 else Drip(piece_bytes=300, pause_s=0.5) if is_slow else Pass()


def place_of(page: Any, text: str) -> int:
    """The place of the column that says something; waited for."""
    page.locator(".contender", has_text=text).wait_for()
    return next(place for place in range(3) if text in page.inner_text(f"#arena-reply-{place}"))


def say(page: Any, text: str) -> None:
    page.fill("#arena-prompt textarea", text)
    page.click("#arena-send")


def call_oneself(page: Any, name: str) -> None:
    """Gradio makes the fields of a closed part when it is opened, and sets them once more; a person is slower."""
    page.get_by_role("button", name="Who, how, and your name").click()
    field = page.locator("#arena-who input")
    field.wait_for()
    page.wait_for_timeout(500)
    field.fill(name)
    assert field.input_value() == name


def wait_until_votable(page: Any, *places: int) -> None:
    for place in places:
        page.locator(f"#arena-best-{place}:not([disabled])").wait_for()


def pictures(page: Any, folder: Path, name: str) -> None:
    """At both widths, light and dark; nothing is wider than the window."""
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        for width in (1280, 390):
            page.set_viewport_size({"width": width, "height": 900})
            page.wait_for_timeout(200)
            assert_fits(page)
            page.screenshot(path=folder / f"{name}-{scheme}-{width}.png", full_page=True)
    page.emulate_media(color_scheme="light")
    page.set_viewport_size({"width": 1280, "height": 900})


def stands_below(page: Any) -> bool:
    boxes = [page.locator(f"#arena-reply-{place}").bounding_box() for place in range(2)]
    return bool(boxes[1]["y"] >= boxes[0]["y"] + boxes[0]["height"])


def test_the_arena(serve_page: Serve, look: Look, siku: Siku, tiny_gguf: Path, tmp_path: Path) -> None:
    (tmp_path / "prompts.csv").write_bytes("编号,问题\r\n1,雪夜渡口在哪里？\r\n2,写长江。\r\n".encode("gb18030"))
    with (
        llama_server(LlamaSettings(tiny_gguf)) as llama,
        Server(lambda request: INJECTED).running() as upstream,
        Proxy(upstream, DiesOnce()).running() as dying,
    ):
        words = ["arena", "--endpoint", f"甲={llama.url}", "--model", f"乙={tiny_gguf}", "--endpoint", f"丙={dying}"]
        words += ["--prompts", "prompts.csv", "--max-tokens", "200"]
        served = serve_page(*words)
        page = look(served.url)
        first_conversation(page, tmp_path)
        second_person(look(served.url))
        assert served.stop(signal.SIGINT) == 0  # with both pages open

        again = look(serve_page(*words).url)  # votes survive
        again.get_by_role("tab", name="Table").click()
        again.locator("#arena-table", has_text="votes: 2").wait_for()

    told = siku("arena", "--table", "--json").json
    assert (told["votes"], told["ties"], told["torn"]) == (2, 1, 0)
    assert sorted(one["name"] for one in told["models"]) == ["丙", "乙", "甲"]
    kept = [json.loads(line) for line in (tmp_path / "out/arena/votes.jsonl").read_text().splitlines()]
    assert [one["who"] for one in kept] == ["王五", "李四"]
    first = kept[0]
    assert first["choice"] == "rank" and sorted(map(len, first["tiers"])) == [1, 2]
    assert [turn["prompt"] for turn in first["turns"]] == ["雪夜渡口在哪里？", "<b>再说</b>"]
    assert first["turns"][1]["replies"]["丙"] == INJECTED
    assert first["turns"][0]["sampling"]["max_tokens"] == 200
    assert all(first["turns"][0]["replies"].values()) and set(first["order"]) == {"甲", "乙", "丙"}


def first_conversation(page: Any, folder: Path) -> None:
    """A preset, a death, another try, a second turn."""
    page.locator("#arena-preset input").click()
    page.get_by_role("option", name="雪夜渡口").click()
    page.wait_for_function("document.querySelector('#arena-prompt textarea').value.includes('雪夜渡口')")
    page.click("#arena-send")
    dead = place_of(page, "the reply broke off: connection lost")
    living = [place for place in range(3) if place != dead]
    wait_until_votable(page, *living)  # the others went on
    assert page.locator(f"#arena-best-{dead}").is_disabled()
    assert "<img src=x" in page.inner_text(f"#arena-reply-{dead}")  # what had come stays
    assert "\ufffd" not in page.inner_text("body")
    for name in "甲乙丙":
        assert name not in page.inner_text(".columns")
    pictures(page, folder, "died")

    page.get_by_role("button", name=f"Try {'ABC'[dead]} again").click()
    wait_until_votable(page, 0, 1, 2)
    say(page, "<b>再说</b>")
    page.wait_for_function("document.querySelectorAll('.contender .asked').length == 6")
    wait_until_votable(page, 0, 1, 2)
    for line in INJECTED.split("\n"):
        assert page.inner_text(f"#arena-reply-{dead}").count(line) == 2
    assert not page.locator(".contender img, .contender b, .contender script, .contender a").count()
    first_vote(page, folder, dead, living)


def first_vote(page: Any, folder: Path, dead: int, living: list[int]) -> None:
    """A ranking, the names, the table."""
    call_oneself(page, "王五")
    page.fill("#arena-ranking input", "D > A")
    page.click("#arena-rank")
    page.locator("#arena-status", has_text="this is no ranking").wait_for()
    page.fill("#arena-ranking input", f"{'ABC'[dead]} > {'ABC'[living[0]]} = {'ABC'[living[1]]}")
    page.click("#arena-rank")
    page.locator("#arena-status", has_text=f"{'ABC'[dead]} was 丙").wait_for()
    assert page.inner_text(f"#arena-reply-{dead} h2 .who") == "丙"
    pictures(page, folder, "voted")
    page.get_by_role("tab", name="Table").click()
    page.locator("#arena-table", has_text="votes: 1").wait_for()
    pictures(page, folder, "table")
    page.get_by_role("tab", name="Chat").click()
    page.set_viewport_size({"width": 390, "height": 900})
    assert stands_below(page)


def second_person(page: Any) -> None:
    """Somebody else at the same time, with the keyboard: one that is stopped, one that is left, a tie."""
    page.locator(".contender", has_text="nothing said yet").first.wait_for()
    call_oneself(page, "李四")
    say(page, SLOWLY)
    page.locator(".state.coming").first.wait_for()
    page.click("#arena-stop")
    page.locator(".state.stopped").first.wait_for()
    wait_until_votable(page, 0, 1, 2)
    say(page, SLOWLY)
    page.locator(".state.coming").first.wait_for()
    page.click("#arena-new")
    page.locator(".contender", has_text="nothing said yet").nth(2).wait_for()
    page.fill("#arena-prompt textarea", "写长江。")
    page.press("#arena-prompt textarea", "Shift+Enter")
    wait_until_votable(page, 0, 1, 2)
    page.press("#arena-prompt textarea", "Escape")
    page.keyboard.press("t")
    page.locator("#arena-status", has_text="Thank you").wait_for()
    page.keyboard.press("n")
    page.locator(".contender", has_text="nothing said yet").first.wait_for()
