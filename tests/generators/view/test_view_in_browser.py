"""`siku view` as a reviewer uses it, from the first search to the next version of the dataset."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from builders.engine.tables import read_dataset_rows
from builders.review.decisions import Reviews, reviews_file
from tests.browser import Look, Serve, assert_fits
from tests.corpora import passage
from tests.running import Siku

EVIL = (
    "<img src=x onerror=alert(1)>",
    "</script><script>alert(2)</script>",
    "<b>粗体</b>",
    "[点我](javascript:alert(3))",
    "{{value}} ${1+1}",
)
PICTURES = os.environ.get("SIKU_PICTURES", "")  # where to leave the pictures, to look at them


@pytest.fixture
def out(tmp_path: Path, siku: Siku) -> Path:
    rows = [{"id": f"t{n:02d}", "title": f"书{n % 3}", "text": passage(f"view {n}", 300)} for n in range(30)]
    lines = passage("around", 1500).split("\n")
    rows[7]["text"] = "\n".join(f"{line}他写道：{EVIL[n % 5]}。" for n, line in enumerate(lines))
    rows[7]["title"] = EVIL[0]
    copy = rows[3]["text"]
    rows.append({"id": "u01", "title": "书1", "text": copy[:100] + "改了几个字" + copy[130:]})
    (tmp_path / "texts").mkdir()
    written = "\n".join(json.dumps(row, ensure_ascii=False) for row in rows)
    (tmp_path / "texts" / "texts.jsonl").write_text(written)
    build(siku, tmp_path)
    return tmp_path / "out"


def build(siku: Siku, folder: Path, *more: str) -> Any:
    words = ("build", "text-pretrain", "--input", folder / "texts", "--out", folder / "out", "--json", "-q")
    return siku(*words, *more).json


def search(page: Any, words: str) -> None:
    page.fill("#words textarea, #words input", words)
    page.press("#words textarea, #words input", "Enter")


def shows(page: Any, where: str, text: str) -> None:
    page.locator(where, has_text=text).first.wait_for()


def current(page: Any) -> str:
    return str(page.locator("#lists .current code").inner_text())


def press(page: Any, key: str, row: str) -> None:
    """A key, and the row that is open after it."""
    page.keyboard.press(key)
    page.locator(f"#lists .current code:text-is('{row}')").wait_for()


def picture(page: Any, name: str) -> None:
    assert_fits(page)
    if PICTURES:
        page.screenshot(path=f"{PICTURES}/{name}.png")


@pytest.mark.slow
def test_from_the_first_search_to_the_next_version(
    tmp_path: Path, out: Path, siku: Siku, serve_page: Serve, look: Look
) -> None:
    served = serve_page("view", "text-pretrain@1", "--out", out)
    page = look(served.url)
    browse(page)
    injections_are_text(page)
    copies_and_life(page)
    review(page)
    other = look(served.url, width=390, dark=True)
    second_reviewer(other)
    page.locator("#panel label", has_text="Reviewers").click()
    shows(page, "#document", "Krippendorff's alpha")
    shows(page, "#document", "li and wang")
    picture(page, "reviewers")
    assert served.stop() == 0

    again = serve_page("view", "text-pretrain@1", "--out", out)
    page = look(again.url, dark=True)
    shows(page, "#lists .current", "accept")
    shows(page, "#document", "wang: accept")
    picture(page, "dark")
    assert again.stop() == 0
    next_version(tmp_path, out, siku)


def browse(page: Any) -> None:
    page.locator(".siku-row").nth(19).wait_for()
    shows(page, "#lists", "1 to 20 of 30")
    page.click("#further")
    shows(page, "#lists", "21 to 30 of 30")
    search(page, "(")
    page.locator("#how label", has_text="regex").click()
    shows(page, "#message", "this is no regular expression")
    search(page, "灯花跳.一下")
    page.locator("#document mark", has_text="灯花跳了一下").first.wait_for()
    page.locator("#how label", has_text="substring").click()
    filters(page)
    search(page, "没有这句话")
    shows(page, "#lists", "Nothing here is like that.")
    shows(page, "#document", "No document is open.")
    picture(page, "nothing")


def filters(page: Any) -> None:
    search(page, "")
    page.locator("#filters button").first.click()
    page.fill("#most textarea, #most input", "many")
    page.click("#search")
    shows(page, "#message", "'many' is no number of characters")
    page.fill("#most textarea, #most input", "1,000")
    page.locator("#column input").click()
    page.get_by_role("option", name="title").click()
    page.locator("#value input").click()
    page.get_by_role("option", name="书2").click()
    page.click("#search")
    shows(page, "#lists", "1 to 10 of 10")
    picture(page, "filters")
    page.locator("#column input").click()
    page.get_by_role("option", name="none").click()
    page.fill("#most textarea, #most input", "")
    page.locator("#filters button").first.click()


def injections_are_text(page: Any) -> None:
    search(page, "onerror")
    shows(page, "#lists .current", "t07")
    for one in EVIL:
        assert one in page.inner_text("#document .reading"), one
    assert EVIL[0] in page.inner_text("#document .facts")
    assert page.locator("#document img, #document script, #document b, #document a, #lists img").count() == 0
    picture(page, "injections")


def copies_and_life(page: Any) -> None:
    search(page, "")
    page.locator("#side label", has_text="side by side").click()
    shows(page, "#lists", "Dropped")
    page.locator(".siku-row", has_text="u01").click()
    shows(page, "#document", "Dropped by NearDuplicates")
    page.locator("#panel label", has_text="Copies").click()
    shows(page, "#document del", "改了几个字")
    shows(page, "#document", "1 dropped as copies of")
    picture(page, "copies")
    page.locator("#panel label", has_text="Life").click()
    shows(page, "#document .siku-life", "NearDuplicates")
    picture(page, "life")
    page.locator("#document .siku-link", has_text="t03").first.click()
    shows(page, "#document .id", "t03")
    page.locator("#side label", has_text="kept").first.click()
    shows(page, "#lists", "1 to 20 of 30")


def review(page: Any) -> None:
    """As wang: t00 accepted, t01 rejected with a comment, t02 edited; keys do nothing while somebody writes."""
    page.fill("#who input, #who textarea", "wang")
    page.keyboard.press("Escape")
    press(page, "j", "t01")
    press(page, "k", "t00")
    press(page, "a", "t01")
    page.keyboard.press("c")
    page.keyboard.type("era: 情节重复 j")
    page.keyboard.press("Enter")
    shows(page, "#document .comments", "era: 情节重复 j")
    page.keyboard.press("Escape")
    press(page, "r", "t02")
    page.keyboard.press("e")
    field = page.locator("#document textarea")
    field.wait_for()
    before = field.input_value()
    field.fill(before + "\n完。<i>\u200b")
    field.press("Control+Enter")
    shows(page, "#document ins", "完。<i>⟨U+200B⟩")
    picture(page, "edited")
    page.keyboard.press("j")
    page.locator("#lists .current code:text-is('t03')").wait_for()
    press(page, "r", "t04")
    press(page, "k", "t03")
    page.keyboard.press("u")
    shows(page, "#message", "t03: nothing any more")


def second_reviewer(page: Any) -> None:
    shows(page, "#lists .current", "accept")
    page.fill("#who input, #who textarea", "li")
    page.keyboard.press("Escape")
    press(page, "a", "t01")
    press(page, "a", "t02")
    picture(page, "phone")


def next_version(folder: Path, out: Path, siku: Siku) -> None:
    said = {(one.item, one.who): one for one in Reviews(reviews_file(out / "text-pretrain" / "1")).newest()}
    assert {key: one.choice for key, one in said.items()} == {
        ("t00", "wang"): "accept",
        ("t01", "wang"): "reject",
        ("t02", "wang"): "edit",
        ("t00", "li"): "accept",
        ("t01", "li"): "accept",
    }
    build(siku, folder, "--as", "2", "--set", "reviewed=text-pretrain@1")
    dropped = {row["id"]: row for row in read_dataset_rows(out / "text-pretrain" / "2", "dropped")}
    assert dropped["t01"]["step"] == "Reviewed"
    reason = "rejected, reviewers differ: wang rejects (era: 情节重复 j), li accepts"
    assert dropped["t01"]["reason"] == reason
    kept = {row["id"]: row["text"] for row in read_dataset_rows(out / "text-pretrain" / "2", "train")}
    old = {row["id"]: row["text"] for row in read_dataset_rows(out / "text-pretrain" / "1", "train")}
    assert kept["t02"] == old["t02"] + "\n完。<i>\u200b" and "t01" not in kept
    figures = siku("view", "text-pretrain@1", "--out", out, "--agreement", "--json").json
    assert figures["documents"] == 2 and figures["share"] == 0.5 and figures["torn"] == 0
