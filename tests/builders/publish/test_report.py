"""The report: complete, the same every time, safe whatever the texts hold, small, and fit for a phone."""

from __future__ import annotations

import html.parser
import json
import re
import shutil
import subprocess
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from builders.document import Document
from builders.engine.build import build
from builders.engine.finish import Request
from builders.engine.recipe import find_recipe
from builders.publish.report import FILE, render_report, write_report
from tests.running import HOME

HOSTILE = "<script>alert(1)</script>\"><img src=x onerror=alert(1)></style><!-- ' -->&amp;]]>"
MAX_BYTES = 2_000_000
Make = Callable[[], Any]


class Reader(html.parser.HTMLParser):
    """Counts the elements and attributes of a page, checks that they nest, and gathers its text."""

    VOID = frozenset({"meta", "br"})

    def __init__(self, page: bytes) -> None:
        super().__init__()
        self.elements: Counter[str] = Counter()
        self.attributes: Counter[str] = Counter()
        self.ids: Counter[str] = Counter()
        self.links: set[str] = set()
        self.open: list[str] = []
        self.headings: list[str] = []
        self.text = ""
        self.feed(page.decode())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements[tag] += 1
        self.attributes.update(name for name, _ in attrs)
        values = dict(attrs)
        if name := values.get("id"):
            self.ids[name] += 1
        if link := values.get("href"):
            self.links.add(link)
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open[-1:] != ["style"]:
            self.text += data
        if self.open[-1:] == ["h2"]:
            self.headings.append(data)


def test_it_tells_everything_in_order(make: Make, tmp_path: Path) -> None:
    page = Reader(render_report(tmp_path, make().write(tmp_path)))
    parts = [
        *("small", "f" * 64, "siku build small", "Documents in", "Where the characters went", "Step by step"),
        *("What each step did", "too short", "Evidence", "Quarantined input", "31 % control", "Length of rows"),
        *("Encodings met", "gb18030", "Duplicates", "0.910", "Characters per book", "20 kept rows", "7 dropped rows"),
        *("How it was made", "min_chars", "pyarrow", "书1.txt", "How to read this page", "fingerprint 指纹"),
    ]
    assert [part for part in parts if part not in page.text] == []
    headings = ["In short", "Where", "Step by", "What each", "Quarantined", "Length", "Encodings", "Duplicates"]
    headings += ["Characters per book", "20 kept", "7 dropped", "How it was", "How to read"]
    assert [title.startswith(heading) for title, heading in zip(page.headings, headings, strict=True)] == [True] * 13


def test_it_is_sound_html_that_asks_for_nothing(make: Make, tmp_path: Path) -> None:
    raw = render_report(tmp_path, make().write(tmp_path))
    page = Reader(raw)
    assert page.open == []
    assert max(page.ids.values()) == 1
    assert page.elements["h1"] == 1
    assert page.elements["script"] == page.elements["img"] == page.elements["link"] == page.elements["iframe"] == 0
    assert {link.removeprefix("#") for link in page.links} <= page.ids.keys()
    assert b"http://" not in raw and b"https://" not in raw and b"url(" not in raw and b"@import" not in raw
    assert b"default-src &#x27;none&#x27;" in raw
    assert page.elements["title"] >= 2 and page.elements["desc"] >= 2, "every chart says what it shows"


def test_the_same_dataset_gives_the_same_bytes(make: Make, tmp_path: Path) -> None:
    one, other = tmp_path / "one", tmp_path / "elsewhere" / "other"
    manifest = make().write(one)
    write_report(one, manifest)
    write_report(other, make().write(other) | {"files": {"train/part-00000.parquet": {"bytes": 1}}})
    assert (one / FILE).read_bytes() == (other / FILE).read_bytes()
    assert str(tmp_path).encode() not in (one / FILE).read_bytes()
    into = tmp_path / "into"
    into.mkdir()
    write_report(one, manifest, into=into)
    assert (into / FILE).read_bytes() == (one / FILE).read_bytes()


def test_nothing_from_the_corpus_becomes_markup(make: Make, tmp_path: Path) -> None:
    plain = Reader(render_report(tmp_path / "plain", make().write(tmp_path / "plain")))
    page = Reader(render_report(tmp_path / "hostile", hostile(make).write(tmp_path / "hostile")))
    assert page.open == []
    assert page.elements["script"] == page.elements["img"] == 0
    assert page.elements["style"] == 1
    assert set(page.attributes) == set(plain.attributes)
    assert page.text.count("<script>alert(1)</script>") > 20


def hostile(make: Make) -> Any:
    """The same dataset with markup wherever a text, a name, a title, a reason, an id or a kind can stand."""
    made = make()
    made.name = f"small {HOSTILE}"
    meta = {"title": HOSTILE, "chapter": HOSTILE, "encoding": HOSTILE}
    made.train = [Document(f"{one.id}{HOSTILE}", one.text + HOSTILE, meta) for one in made.train]
    made.dropped = [
        (f"{name}{HOSTILE}", f"{HOSTILE}{text}", step, f"{reason}{HOSTILE}", kept and kept + HOSTILE, jaccard, meta)
        for name, text, step, reason, kept, jaccard, _ in made.dropped
    ]
    made.evidence = [(name, step, kind + HOSTILE, text + HOSTILE) for name, step, kind, text in made.evidence]
    made.examples = [[HOSTILE, f"前{HOSTILE}", "前"], ["e", "后", f"后{HOSTILE}"]]
    return made


def test_differences_are_marked(make: Make, tmp_path: Path) -> None:
    raw = render_report(tmp_path, make().write(tmp_path)).decode()
    assert "雪还没有停。<del>请收藏本站</del>" in raw
    assert "写给他的。<del>转载</del>" in raw, "what only the removed copy has"
    assert "no difference in the first" in raw, "an exact copy"


def test_what_cannot_be_seen_is_written_out(make: Make, tmp_path: Path) -> None:
    made = make()
    made.examples = [["a-0001", "雪\u200b夜\ue4c6\u202e", "雪夜"]]
    raw = render_report(tmp_path, made.write(tmp_path)).decode()
    assert "⟨U+200B⟩" in raw and "⟨U+E4C6⟩" in raw
    assert not re.search("[\x00-\x08\u200b-\u200f\u202a-\u202e]", raw)


def test_only_beginnings_of_long_texts_are_shown_with_their_length(make: Make, tmp_path: Path) -> None:
    made = make()
    made.train.append(Document("z-0001", "长" * 1_234_567, {"title": "长"}))
    raw = render_report(tmp_path, made.write(tmp_path))
    assert len(raw) < 200_000
    assert raw.decode().count("长" * 301) == 0


def test_it_stays_small_however_large_the_dataset(make: Make, tmp_path: Path) -> None:
    made = make()
    text = '&"<\u200b' * 2000
    made.train = [Document(f"a-{n:04d}", text, {"title": text, "encoding": text}) for n in range(300)]
    made.dropped = [
        (f"c{rule}-{n:04d}", text, "Tidy", f"rule {rule}{text}", None, None, {"title": text})
        for rule in range(30)
        for n in range(20)
    ]
    made.dropped += [
        (f"d-{n:04d}", "x" + text, "Copies", "near duplicate", f"a-{n // 3:04d}", 0.9, {}) for n in range(300)
    ]
    made.dropped += [(f"q-{n:04d}", text, "Texts", f"quarantined: {text}", None, None, {}) for n in range(300)]
    made.evidence = [
        (f"a-{n:04d}", "Tidy", f"kind {kind}{text}", f"{n}{text}") for kind in range(30) for n in range(20)
    ]
    made.inputs = 5000
    manifest = made.write(tmp_path)
    manifest["plan"]["source"]["words"] = [text] * 100
    assert len(render_report(tmp_path, manifest)) < MAX_BYTES


def test_quarantined_input_is_listed_up_to_a_hundred(make: Make, tmp_path: Path) -> None:
    made = make()
    made.dropped = [(f"q-{n:04d}", "", "Texts", f"quarantined: empty: {n} bytes", None, None, {}) for n in range(150)]
    text = Reader(render_report(tmp_path, made.write(tmp_path))).text
    assert len(re.findall(r"empty: \d+ bytes", text)) == 100
    assert "100 of 150 are shown" in text


@pytest.mark.parametrize("without", ["valid", "dropped", "evidence", "examples"])
def test_parts_may_be_missing(make: Make, tmp_path: Path, without: str) -> None:
    made = make()
    setattr(made, without, [])
    assert Reader(render_report(tmp_path, made.write(tmp_path))).open == []


def test_a_dataset_without_steps_or_facets(make: Make, tmp_path: Path) -> None:
    made = make()
    made.dropped, made.evidence, made.examples = [], [], []
    manifest = made.write(tmp_path)
    manifest["ledger"]["steps"] = manifest["steps"] = manifest["plan"]["steps"] = []
    manifest["statistics"]["facets"] = {}
    assert Reader(render_report(tmp_path, manifest)).open == []


def test_a_copy_of_a_document_that_was_cut_up_is_shown_with_its_first_block(make: Make, tmp_path: Path) -> None:
    made = make()
    made.train = [
        Document(f"{one.id}.{block:03d}", one.text[block * 20 - 20 :][:20]) for one in made.train for block in (1, 2)
    ]
    raw = render_report(tmp_path, made.write(tmp_path)).decode()
    assert "a-0001.001</code>" in raw
    assert "No row has this id" not in raw


def test_a_kept_document_that_a_later_step_refused_is_found(make: Make, tmp_path: Path) -> None:
    made = make()
    made.dropped.append(("gone", "原来的文字，后来也没有留下。", "Copies", "too odd", None, None, {}))
    made.dropped.append(("copy", "原来的文字，后来也没有留下！", "Copies", "near duplicate", "gone", 0.9, {}))
    made.dropped.append(("other", "没有原文的副本", "Copies", "near duplicate", "nowhere", 0.9, {}))
    raw = render_report(tmp_path, made.write(tmp_path)).decode()
    assert "后来也没有留下<del>！</del>" in raw
    assert raw.count("No row has this id") == 2  # once among the clusters, once among the pairs


def test_a_guard_that_warned_is_named(make: Make, tmp_path: Path) -> None:
    made = make()
    made.dropped = [(f"c-{n}", "短", "Tidy", "too short", None, None, {}) for n in range(30)]
    text = Reader(render_report(tmp_path, made.write(tmp_path))).text
    assert "Tidy removed 50.8 % of what reached it; its guard warns above 30 %." in text


def test_rows_of_messages_are_shown_too(make: Make, tmp_path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    made = make()
    manifest = made.write(tmp_path)
    rows = [{"id": "m-1", "messages": [{"role": "user", "content": "雪停了吗？"}], "parents": ["a-0001"]}]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "train" / "part-00000.parquet")
    assert "雪停了吗？" in render_report(tmp_path, manifest).decode()


def test_two_copies_of_a_conversation_differ_where_their_turns_do(tmp_path: Path) -> None:
    """Both have their roles; only the punctuation is marked."""
    rows = [["桥修好了吗？", "修好了，明天就能走。"], ["桥修好了吗？", "修好了：明天就能走。"]]
    (tmp_path / "a.jsonl").write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))
    recipe = find_recipe("chat-stage1", HOME / "recipes")
    built = build(Request(recipe=recipe, inputs=[tmp_path / "a.jsonl"], out=tmp_path / "out", workers=1))
    pair = (built.folder / FILE).read_text(encoding="utf-8").split('class="pair"')[1]
    assert set(re.findall(r"<(?:ins|del)>([^<]*)</", pair)) == {"：", "，"}
    assert pair.count("assistant: ") == 2


@pytest.mark.slow
def test_no_width_needs_sideways_scrolling(make: Make, tmp_path: Path) -> None:
    """A browser window refuses to be as narrow as a phone, so the page stands in frames of several widths."""
    browser = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if browser is None:
        pytest.skip("no Chromium on this machine")
    made = hostile(make)
    long = "很长的标题没有一个空格" * 20 + "W" * 300
    made.train += [
        Document(f"w-{n:04d}", "W" * 4000 + "字" * 4000, {"title": long, "chapter": long}) for n in range(40)
    ]
    tell = "parent.postMessage(innerWidth + ':' + document.documentElement.scrollWidth, '*')"
    page = render_report(tmp_path, made.write(tmp_path)).decode()
    page = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", page)
    (tmp_path / "page.html").write_text(page.replace("</body>", f"<script>{tell}</script></body>"), encoding="utf-8")
    widths = (360, 390, 768, 1280, 1600)
    frames = [f'<iframe src="page.html" style="width:{width}px;height:900px;border:0"></iframe>' for width in widths]
    listen = "<script>onmessage = (told) => { document.title += ' ' + told.data }</script>"
    (tmp_path / "frames.html").write_text(f"<title>told</title>{listen}{''.join(frames)}", encoding="utf-8")
    flags = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--hide-scrollbars"]
    flags += [f"--user-data-dir={tmp_path / 'profile'}", "--virtual-time-budget=5000", "--dump-dom"]
    command = [browser, *flags, (tmp_path / "frames.html").as_uri()]
    dumped = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False).stdout
    told = dict(pair.split(":") for pair in re.findall(r"\d+:\d+", dumped.partition("</title>")[0]))
    assert {int(width): int(scroll_width) for width, scroll_width in told.items()} == {width: width for width in widths}
