"""Two people score at the same time, with the keyboard, in Chromium; the server is killed in between."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Any

import pytest

from builders.publish.local_page.serving import load_gradio
from generators.demo.server import Endpoint
from tests.browser import Look, Serve, assert_fits
from tests.running import Siku
from tests.trainers.judging.human.test_items import some_items
from tests.trainers.judging.scripted import BAD, GOOD, SAME, Script, row, write
from trainers.judging.human.page import _step
from trainers.judging.human.scores import HUMAN_SCORES, HumanScores
from trainers.judging.human.scoring import Scoring
from trainers.judging.rubric import CONTINUATION

HOSTILE = (
    "<img src=x onerror=alert(1)></script><script>alert(2)</script><b>粗</b>[链接](javascript:alert(3)) "
    "${value} {{value}} {{#each value}}x{{/each}} @children `${alert(4)}` **星**"
)
BEFORE = "\n".join("　　山雨初歇，渡口的石阶上还积着水。老船夫把竹篙横在膝头，望着对岸的灯火出神。" for _ in range(40))


def two_files(folder: Path) -> tuple[Path, Path]:
    """Two rows of two models, three texts: the models say the same of the second row."""
    prompts = [f"{HOSTILE}\n{BEFORE}", BEFORE]
    a = [
        row(n, text, prompt=prompts[n], reference=f"{HOSTILE}原文") for n, text in enumerate([f"{GOOD}{HOSTILE}", SAME])
    ]
    b = [row(n, text, prompt=prompts[n]) for n, text in enumerate([f"{BAD}，乙", SAME])]
    return write(folder / "model-one.jsonl", a), write(folder / "model-two.jsonl", b)


def come_in(page: Any, who: str, done: int) -> None:
    page.wait_for_selector(".siku-before")
    page.fill("#siku-name input", who)
    page.press("#siku-name input", "Enter")
    page.wait_for_function("document.activeElement.closest('.siku-axis') !== null")
    scored(page, done)


def scored(page: Any, done: int) -> None:
    page.wait_for_function(f"document.querySelector('.siku-progress').innerText.includes('{done} of 3 scored')")


def press(page: Any, keys: str, done: int) -> None:
    for key in keys:
        page.keyboard.press(key)
    page.keyboard.press("Enter")
    scored(page, done)


def chosen(page: Any) -> str:
    return "".join(page.eval_on_selector_all(".siku-axis input:checked", "found => found.map(one => one.value)"))


def test_what_cannot_be_kept_is_told_and_stays_on_the_page(tmp_path: Path) -> None:
    (tmp_path / HUMAN_SCORES).symlink_to(tmp_path / "gone" / "file")
    scoring = Scoring(some_items(1), HumanScores(tmp_path, CONTINUATION))
    place, who, *shown = _step(load_gradio(), scoring, scoring.go_on, 0, "王", "评语", 4, 3, 5)
    assert (place, who) == (0, "王")
    assert any("this cannot be kept" in str(one) for one in shown)


@pytest.mark.slow
def test_two_people_score_and_go_on_after_a_kill(tmp_path: Path, siku: Siku, serve_page: Serve, look: Look) -> None:
    a, b = two_files(tmp_path)
    with Endpoint(Script(), model="judge").running() as url:
        siku("judge", "--a", a, "--b", b, "--endpoint", url, "--rubric", "continuation", "-q")
    words = ("judge", "--human", "--a", a, "--b", b)
    first = serve_page(*words)
    wang, li = look(first.url), look(first.url, width=390, dark=True)
    come_in(wang, "王", 0)
    come_in(li, "li", 0)
    seen = set()
    for number, (ones, twos) in enumerate([("435", "431"), ("545", "522")], start=1):
        for page, keys in ((wang, ones), (li, twos)):
            seen.add(page.inner_text(".siku-text"))
            assert "model-" not in page.content()  # nobody sees whose it is
            assert_fits(page)
            press(page, keys, number)
    wang.keyboard.press("p")
    wang.wait_for_function("document.querySelectorAll('.siku-axis input:checked').length === 3")
    assert chosen(wang) == "545"
    wang.keyboard.press("c")
    wang.keyboard.type("像原作 <b>")
    wang.keyboard.press("Control+Enter")
    wang.wait_for_function("!document.querySelector('.siku-axis input:checked')")
    press(wang, "5", 2)  # the other axes have no score: it stays
    assert "Still without a score: 背景知识, 文风" in wang.inner_text(".problem")
    assert chosen(wang) == "5"
    first.stop(signal.SIGKILL)

    again = serve_page(*words)
    for who, keys in (("王", "444"), ("li", "443")):
        page = look(again.url)
        come_in(page, who, 2)
        seen.add(page.inner_text(".siku-text"))
        press(page, keys, 3)
        assert "All 3 texts are scored" in page.inner_text("body")
        page.context.close()
    assert again.stop() == 0
    assert {f"{GOOD}{HOSTILE}", f"{BAD}，乙", SAME} == seen

    figures = siku(*words, "--table", "--json").json
    assert figures["people"] == [
        {"name": "li", "texts": 3, "comments": 0},
        {"name": "王", "texts": 3, "comments": 1},
    ]
    everything = figures["agreement"]["all"]
    assert everything["people"]["texts"] == 3
    assert everything["people"]["value"] is not None
    assert everything["with"]["judge"]["texts"] == 3
    table = siku(*words, "--table").out
    assert "people and judge" in table


@pytest.mark.slow
def test_a_rubric_of_ten_points_shows_its_words_as_words(tmp_path: Path, serve_page: Serve, look: Look) -> None:
    a = write(tmp_path / "a.jsonl", [row(1, GOOD, reference=HOSTILE)])
    rubric = tmp_path / "r.toml"
    rubric.write_text(
        f"highest = 10\n[[axes]]\nname = '文风{HOSTILE}'\ndescription = '顺{HOSTILE}'\n", encoding="utf-8"
    )
    page = look(serve_page("judge", "--human", "--a", a, "--rubric", rubric).url, width=390)
    page.wait_for_selector(".siku-before")
    assert f"文风{HOSTILE}" in page.inner_text(".siku-axis")
    assert page.inner_text(".siku-meaning") == f"顺{HOSTILE}"
    page.click("summary")
    assert HOSTILE in page.inner_text("details")
    assert_fits(page)
    page.keyboard.press("Escape")
    page.wait_for_function("document.querySelector('#siku-next').innerText === 'Next'")
    page.focus(".siku-axis input")
    page.keyboard.press("0")
    page.wait_for_function("document.querySelector('.siku-axis input:checked')?.value === '10'")
    page.focus("#siku-next")
    page.keyboard.press("Enter")
    page.wait_for_function("document.body.innerText.includes('All 1 texts are scored')")
