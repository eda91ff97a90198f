"""`siku crawl` as people type it, and what the recipes make of what it fetched."""

from __future__ import annotations

import hashlib
from pathlib import Path
from urllib.parse import quote

import pyarrow.parquet as pq

from tests.builders.crawl.servers import LoopbackSite, Reply, page
from tests.corpora import passage
from tests.running import Siku

QUICK = ("--delay", "0", "-q")


def test_a_book_of_a_site_becomes_a_dataset(site: LoopbackSite, siku: Siku, tmp_path: Path) -> None:
    titles = [f"第{number}章 渡口" for number in "一二三"]
    links = "".join(f"<li><a href='/b/{place}.html'>{title}</a></li>" for place, title in enumerate(titles))
    site.routes["/b/"] = page("雪夜", f"<h1>雪夜</h1><ul class=toc>{links}</ul>")
    for place, title in enumerate(titles):
        text = "".join(f"<p>{line}</p>" for line in passage(title, 300).split("\n"))
        site.routes[f"/b/{place}.html"] = page(title, f"<h1>{title}</h1><div id=text>{text}</div>")
    words = ("crawl", "site", "--start", f"{site.url}/b/", "--follow", ".toc a", "--text", "#text", "--out", "books")
    fetched = siku(*words, *QUICK, "--json").json
    assert (fetched["kept"], fetched["failed"], fetched["refused"]) == (4, 0, 0)
    siku("build", "novel-pretrain", "--input", "books", "-q")
    rows = pq.read_table(tmp_path / "out/novel-pretrain/1/train").to_pylist()
    assert [(row["title"], row["chapter"]) for row in rows] == [("雪夜", title) for title in titles]
    assert rows[0]["text"] == passage(titles[0], 300)


def test_entries_of_a_word_list_become_questions(site: LoopbackSite, siku: Siku, tmp_path: Path) -> None:
    (tmp_path / "词.txt").write_text("渡口\n石桥\n没有的词\n", encoding="utf-8")
    for word in ("渡口", "石桥"):
        entry = (
            f"<h1 class='J-lemma-title'>{word}</h1><div class='J-summary'>{word}是过河的地方。{passage(word, 80)}</div>"
        )
        site.routes[f"/item/{quote(word)}"] = page(f"{word}_百科", f"<div class='J-lemma-content'></div>{entry}")
    words = ("crawl", "baike", "--words", "词.txt", "--base", f"{site.url}/item", "--out", "页")
    fetched = siku(*words, *QUICK, "--json").json
    assert (fetched["kept"], fetched["missing"]) == (2, 1)
    assert siku(*words, *QUICK, "--json").json["requests"] <= 2  # what is missing may be asked for again, no more
    siku("build", "baike-knowledge", "--input", "页", "-q")
    rows = pq.read_table(tmp_path / "out/baike-knowledge/1/train").to_pylist()
    assert {row["title"] for row in rows} == {"渡口", "石桥"}


def test_a_dump_is_checked(site: LoopbackSite, siku: Siku, tmp_path: Path) -> None:
    content = passage("dump", 5000).encode()
    site.routes["/d/dump.xml"] = Reply(body=content)
    words = ("crawl", "dump", f"{site.url}/d/dump.xml", "--out", "dumps", *QUICK)
    assert siku(*words, "--sha256", "0" * 64, code=3).err.startswith("error: ")
    assert not (tmp_path / "dumps/dump.xml").exists()
    fetched = siku(*words, "--sha256", hashlib.sha256(content).hexdigest(), "--json").json
    assert (tmp_path / "dumps" / fetched["file"]).read_bytes() == content


def test_a_verification_page_stops_the_crawl(site: LoopbackSite, siku: Siku, tmp_path: Path) -> None:
    (tmp_path / "词.txt").write_text("渡口\n石桥\n", encoding="utf-8")
    site.routes[f"/item/{quote('渡口')}"] = page("百度安全验证", "<p>请完成验证</p>")
    ran = siku("crawl", "baike", "--words", "词.txt", "--base", f"{site.url}/item", "--out", "页", *QUICK, code=4)
    assert len(ran.err.strip().splitlines()) <= 4
    assert not list((tmp_path / "页").rglob("*.html"))
