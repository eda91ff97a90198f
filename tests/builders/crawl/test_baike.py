"""Entry pages by a list of words."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any
from urllib.parse import quote

import orjson
import pytest

from builders.crawl.baike import crawl_baike, entry_url
from builders.crawl.manners import Manners
from builders.crawl.visit import FAILURES_IN_A_ROW, CrawlResult
from builders.engine.progress import Progress
from builders.sources.scel import parse_scel
from tests.builders.crawl.servers import Asked, LoopbackSite, Reply, moved, page
from tests.builders.sources.test_scel import lexicon
from tests.running import HOME
from validators.errors import SikuError

QUICK = Manners(delay_s=0, backoff_s=0.01, tries=2, timeout_s=5)
WORDS = ["雪夜", "归人", "灯", "渡口", "北风"]


def path_of(word: str) -> str:
    return f"/item/{quote(word)}"


def entry(word: str, **headers: str) -> Reply:
    return page(
        f"{word}_百科",
        f"<dd class=lemmaWgt-lemmaTitle-title><h1>{word}</h1></dd><div class=para>{word}的条目。</div>",
        **headers,
    )


@pytest.fixture
def words(tmp_path: Path) -> Path:
    path = tmp_path / "words.txt"
    path.write_text("\n".join(WORDS), encoding="utf-8")
    return path


def crawl(site: LoopbackSite, words: Path, out: Path, manners: Manners = QUICK, **more: Any) -> CrawlResult:
    with Progress(quiet=True) as progress:
        return crawl_baike(words=words, out=out, base=f"{site.url}/item", manners=manners, progress=progress, **more)


def journal(out: Path) -> list[dict[str, Any]]:
    return [orjson.loads(line) for line in (out / ".crawl/journal.jsonl").read_bytes().splitlines()]


def by_word(site: LoopbackSite, out: Path) -> dict[str, dict[str, Any]]:
    paths = {f"{site.url}{path_of(word)}": word for word in WORDS}
    return {paths[line["url"]]: line for line in journal(out) if "url" in line}


def test_entries_missing_ones_and_failures(site: LoopbackSite, words: Path, tmp_path: Path) -> None:
    site.routes |= {
        path_of("雪夜"): entry("雪夜"),
        path_of("归人"): moved(f"{path_of('归人')}/128"),
        f"{path_of('归人')}/128": entry("归人"),
        path_of("灯"): page("百科", "<p class=sorryCont>抱歉，没有收录</p>"),
        path_of("北风"): Reply(status=500),
    }
    result = crawl(site, words, tmp_path / "out")
    assert (result.kept, result.missing, result.refused, result.failed, result.exit_code) == (2, 2, 0, 1, 1)
    assert result.reasons == {"answer 500": 1}
    lines = by_word(site, tmp_path / "out")
    assert {word: line["outcome"] for word, line in lines.items()} == dict(
        zip(WORDS, ["kept", "kept", "missing", "missing", "failed"], strict=True)
    )
    assert lines["归人"]["final_url"].endswith("/128")
    assert (lines["渡口"]["status"], lines["灯"]["status"]) == (404, 200)
    kept = sorted((tmp_path / "out/pages").rglob("*.html"))
    assert sorted(path.name.split("-")[0] for path in kept) == ["归人", "雪夜"]
    assert (tmp_path / "out" / lines["雪夜"]["file"]).read_bytes() == entry("雪夜").body


def test_nothing_of_time_or_place_in_the_journal(site: LoopbackSite, words: Path, tmp_path: Path) -> None:
    site.routes |= {path_of(word): entry(word) for word in WORDS}
    crawl(site, words, tmp_path / "a")
    crawl(site, words, tmp_path / "b")
    assert journal(tmp_path / "a") == journal(tmp_path / "b")


def test_the_same_command_again_asks_for_nothing_that_is_settled(
    site: LoopbackSite, words: Path, tmp_path: Path
) -> None:
    site.routes |= {path_of(word): entry(word) for word in WORDS[:4]}
    crawl(site, words, tmp_path / "out")
    site.asked.clear()
    assert crawl(site, words, tmp_path / "out").requests == 0
    assert site.asked == []


def test_fresh_asks_for_all_and_pays_for_what_is_new(site: LoopbackSite, words: Path, tmp_path: Path) -> None:
    def versioned(asked: Asked) -> Reply:
        known = asked.headers.get("if-none-match") == '"1"'
        return Reply(status=304) if known else entry("雪夜", etag='"1"')

    site.routes |= {path_of(word): entry(word) for word in WORDS} | {path_of("雪夜"): versioned}
    crawl(site, words, tmp_path / "out")
    site.routes[path_of("灯")] = entry("新灯")
    result = crawl(site, words, tmp_path / "out", fresh=True)
    assert (result.requests, result.unchanged, result.kept) == (5, 1, 5)
    assert "新灯".encode() in (tmp_path / "out" / by_word(site, tmp_path / "out")["灯"]["file"]).read_bytes()
    assert crawl(site, words, tmp_path / "out").requests == 1


def test_a_second_round_with_versions(site: LoopbackSite, words: Path, tmp_path: Path) -> None:
    def versioned(asked: Asked) -> Reply:
        if asked.headers.get("if-none-match") == '"1"':
            return Reply(status=304)
        return entry("雪夜", etag='"1"')

    def dated(asked: Asked) -> Reply:
        since = asked.headers.get("if-modified-since")
        return entry("归人二" if since else "归人", last_modified="Sat, 01 Aug 2026 00:00:00 GMT")

    site.routes |= {path_of(word): entry(word) for word in WORDS}
    site.routes |= {path_of("雪夜"): versioned, path_of("归人"): dated}
    crawl(site, words, tmp_path / "out")
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "out/pages").rglob("*")}
    site.asked.clear()
    result = crawl(site, words, tmp_path / "out")
    assert (result.requests, result.unchanged, result.kept) == (2, 1, 5)
    assert site.paths() == [path_of("雪夜"), path_of("归人")]
    files = {word: tmp_path / "out" / line["file"] for word, line in by_word(site, tmp_path / "out").items()}
    assert files["雪夜"].stat().st_mtime_ns == before[files["雪夜"]]
    assert "归人二".encode() in files["归人"].read_bytes()


def test_a_failure_is_tried_again_by_the_next_run(site: LoopbackSite, words: Path, tmp_path: Path) -> None:
    site.routes |= {path_of(word): entry(word) for word in WORDS[1:]} | {path_of("雪夜"): Reply(status=500)}
    assert crawl(site, words, tmp_path / "out").failed == 1
    site.routes[path_of("雪夜")] = entry("雪夜")
    site.asked.clear()
    assert crawl(site, words, tmp_path / "out").exit_code == 0
    assert site.paths() == [path_of("雪夜")]


def test_a_deleted_page_is_fetched_again(site: LoopbackSite, words: Path, tmp_path: Path) -> None:
    site.routes |= {path_of(word): entry(word, etag='"1"') for word in WORDS}
    crawl(site, words, tmp_path / "out")
    (tmp_path / "out" / by_word(site, tmp_path / "out")["灯"]["file"]).unlink()
    crawl(site, words, tmp_path / "out")
    assert len(list((tmp_path / "out/pages").rglob("*.html"))) == 5
    assert (
        next(asked for asked in reversed(site.asked) if asked.path == path_of("灯")).headers.get("if-none-match")
        is None
    )


def test_a_verification_page_stops_and_the_same_command_goes_on(
    site: LoopbackSite, words: Path, tmp_path: Path
) -> None:
    site.routes |= {path_of(word): entry(word) for word in WORDS}
    site.routes[path_of("灯")] = moved("https://wappass.baidu.com/static/captcha/?u=1")
    with pytest.raises(SikuError) as caught:
        crawl(site, words, tmp_path / "out")
    error = caught.value
    assert (error.exit_code, "2 of 5" in error.what, "verification" in error.why) == (4, True, True)
    assert "same command" in error.next
    assert site.paths() == [path_of(word) for word in WORDS[:3]]
    assert len(list((tmp_path / "out/pages").rglob("*.html"))) == 2
    site.routes[path_of("灯")] = entry("灯")
    site.asked.clear()
    assert crawl(site, words, tmp_path / "out").kept == 5
    assert site.paths() == [path_of(word) for word in WORDS[2:]]


@pytest.mark.parametrize("status", [403, 500])
def test_a_host_that_always_says_no_is_left_alone(site: LoopbackSite, tmp_path: Path, status: int) -> None:
    words = tmp_path / "many.txt"
    words.write_text("\n".join(f"词{number}" for number in range(50)), encoding="utf-8")
    site.routes |= {path_of(f"词{number}"): Reply(status=status) for number in range(50)}
    with pytest.raises(SikuError) as caught:
        crawl(site, words, tmp_path / "out", QUICK._replace(tries=1))
    assert caught.value.exit_code == 4
    assert len(site.paths()) == FAILURES_IN_A_ROW


def test_robots_refuse_without_a_request(site: LoopbackSite, words: Path, tmp_path: Path) -> None:
    site.routes["/robots.txt"] = Reply(b"User-agent: *\nDisallow: /item/\n")
    result = crawl(site, words, tmp_path / "out")
    assert (result.refused, result.exit_code) == (5, 1)
    assert result.reasons == {"robots.txt does not allow it": 5}
    assert site.paths() == []


def test_a_journal_cut_off_in_the_middle_of_a_line(site: LoopbackSite, words: Path, tmp_path: Path) -> None:
    site.routes |= {path_of(word): entry(word) for word in WORDS}
    crawl(site, words, tmp_path / "out")
    path = tmp_path / "out/.crawl/journal.jsonl"
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:3]) + b"not json\n" + lines[3][:20])
    site.asked.clear()
    assert crawl(site, words, tmp_path / "out").kept == 5
    assert site.paths() == [path_of(word) for word in WORDS[3:]]


def test_two_crawls_in_one_folder(site: LoopbackSite, words: Path, tmp_path: Path) -> None:
    def second(asked: Asked) -> Reply:
        with pytest.raises(SikuError, match="another crawl"):
            crawl(site, words, tmp_path / "out")
        return entry("雪夜")

    site.routes |= {path_of("雪夜"): second}
    assert crawl(site, words, tmp_path / "out").kept == 1


def test_word_lists(tmp_path: Path) -> None:
    from builders.crawl.words import read_words

    path = tmp_path / "words.txt"
    path.write_bytes("# 词表\n雪夜\t120\n归人\n\n雪夜\n北风吹雁门外的路上没有一个人影\n".encode("gb18030"))
    assert read_words(path) == (["雪夜", "归人", "北风吹雁门外的路上没有一个人影"], [])
    path.write_text("雪夜\n" + "长" * 101, encoding="utf-8")
    assert read_words(path)[0] == ["雪夜"]
    assert read_words(path)[1][0].startswith("no words: 1 lines")
    for content in (b"", b"\n#\n", b"%PDF-1.7\n\0\1\2"):
        path.write_bytes(content)
        with pytest.raises(SikuError) as caught:
            read_words(path)
        assert caught.value.exit_code == 2
    (tmp_path / "words.scel").write_bytes(b"no lexicon")
    with pytest.raises(SikuError, match="no word list"):
        read_words(tmp_path / "words.scel")
    with pytest.raises(SikuError):
        read_words(tmp_path / "none.txt")


def test_a_cell_lexicon_is_a_word_list(tmp_path: Path) -> None:
    from builders.crawl.words import read_words

    path = tmp_path / "words.scel"
    path.write_bytes(lexicon())
    assert read_words(path) == (parse_scel(lexicon()).words, [])
    path.write_bytes(lexicon()[:-3])
    assert read_words(path)[1] == ["word list is truncated: the words in its whole part were taken"]


def test_words_become_paths() -> None:
    assert entry_url("https://baike.example/item/", "C/C++ 语言?#1") == (
        "https://baike.example/item/C%2FC%2B%2B%20%E8%AF%AD%E8%A8%80%3F%231"
    )


def test_a_base_that_is_none(words: Path, tmp_path: Path) -> None:
    with Progress(quiet=True) as progress, pytest.raises(SikuError) as caught:
        crawl_baike(words=words, out=tmp_path / "out", base="baike.example/item", progress=progress)
    assert caught.value.exit_code == 2


# ---------------------------------------------------------------- kill -9

PROGRAM = """
import sys
from pathlib import Path
from builders.crawl.baike import crawl_baike
from builders.crawl.manners import Manners
from builders.engine.progress import Progress
words, out, base = sys.argv[1:]
result = crawl_baike(words=Path(words), out=Path(out), base=base, manners=Manners(delay_s=0), progress=Progress(quiet=True))
sys.exit(result.exit_code)
"""


def test_killed_at_any_moment_the_same_command_goes_on(site: LoopbackSite, tmp_path: Path) -> None:
    count = 150
    words = tmp_path / "words.txt"
    words.write_text("\n".join(f"词{number}" for number in range(count)), encoding="utf-8")
    site.routes |= {path_of(f"词{number}"): entry(f"词{number}") for number in range(count)}
    command = [sys.executable, "-c", PROGRAM, str(words), str(tmp_path / "out"), f"{site.url}/item"]
    rng, kills = random.Random(7), 0
    while kills < 4:
        before = len(site.asked)
        process = subprocess.Popen(command, cwd=HOME, env=os.environ)
        deadline = time.monotonic() + 60
        while (
            len(site.asked) < before + 2 + rng.randrange(12) and process.poll() is None and time.monotonic() < deadline
        ):
            time.sleep(rng.uniform(0, 0.004))
        process.send_signal(signal.SIGKILL)
        if process.wait() == 0:
            break
        kills += 1
    assert kills >= 3
    subprocess.run(command, cwd=HOME, check=True)
    assert len(list((tmp_path / "out/pages").rglob("*.html"))) == count
    asked = Counter(site.paths())
    assert len(asked) == count
    assert sum(asked.values()) <= count + kills  # what was in the air when the process died
    assert max(asked.values()) <= 1 + kills
