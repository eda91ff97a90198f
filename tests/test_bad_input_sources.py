"""What lies about in the folders of people who build other things than novels: each piece has its reason, nothing is lost."""

from __future__ import annotations

import bz2
import gzip
import json
import os
import shutil
import subprocess
import tarfile
import zipfile
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from builders.engine.build import Built, build
from builders.engine.finish import Request
from builders.engine.plan import apply_settings
from builders.engine.recipe import find_recipe
from tests.running import HOME, Siku, command

RECIPES = {
    "wiki-pretrain": "wiki",
    "baike-knowledge": "baike",
    "dialogue-sft": "dialogue",
    "instruct-sft": "instruct",
    "paper-abstract": "papers",
    "paper-review": "reviews",
    "text-pretrain": "texts",
    "chat-stage1": "dialogue",
}
SCEL = b"\x40\x15\x00\x00" + bytes(2000)
PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 4


def write_rubbish(folder: Path) -> dict[str, str]:
    """Files that no source of rows can use, and what has to be said of each."""
    folder.mkdir()
    rows = b"".join(b'{"id": %d}\n' % number for number in range(3))
    plain = {
        "空.jsonl": (b"", "empty file"),
        "空.csv": (b"", "empty file"),
        "白.jsonl": (b"\n \n\n", "empty file"),
        "无行.json": (b"[]", "empty file"),
        "图.png": (PNG, "not a text: .png"),
        "词.scel": (SCEL, ""),
        "断.jsonl.bz2": (bz2.compress(os.urandom(900))[:-200], "breaks off"),
        "断.jsonl.gz": (gzip.compress(rows)[:-9], "breaks off"),
        "坏.zip": (b"PK\x03\x04 no archive", "broken zip"),
        "坏.tar": (b"no archive" * 100, "broken tar"),
        "坏.parquet": (b"PAR1 no parquet PAR1", "broken Parquet"),
        "深.json": (b"[" * 100_000, "broken JSON"),
        "长.jsonl": (b'{"text": "' + b"x" * 1_200_000 + b'"}\n', "too long: line 1, max_line_mb is 1"),
    }
    for name, (raw, _) in plain.items():
        (folder / name).write_bytes(raw)
    with zipfile.ZipFile(folder / "弹.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.jsonl", b" " * 60_000_000)
    with tarfile.open(folder / "外.tar", "w") as archive:
        link = tarfile.TarInfo("link.jsonl")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)
    (folder / "环").symlink_to(folder / "环")
    (folder / "圈").symlink_to(folder, target_is_directory=True)
    (folder / "去.jsonl").symlink_to(folder / "nowhere")
    (folder / "空夹").mkdir()
    return {name: reason for name, (_, reason) in plain.items()} | {
        "弹.zip": "zip bomb",
        "外.tar": "",
        "环": "",
        "去.jsonl": "cannot be read: No such file",
    }


def built(name: str, source: Path, out: Path) -> Built:
    recipe = apply_settings(find_recipe(name, HOME / "recipes"), ["source.max_line_mb=1"])
    return build(Request(recipe=recipe, inputs=[source], out=out, workers=1))


def rows(done: Built, place: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = pq.read_table(done.folder / place).to_pylist()
    return found


@pytest.mark.parametrize("name", RECIPES)
def test_rubbish_beside_good_input(name: str, tmp_path: Path) -> None:
    source = tmp_path / "in"
    shutil.copytree(HOME / "examples" / RECIPES[name], source)
    clean = built(name, source, tmp_path / "clean")
    expected = write_rubbish(source / "rubbish")
    soiled = built(name, source, tmp_path / "soiled")
    assert rows(soiled, "train") == rows(clean, "train")
    reasons: dict[str, list[str]] = {}
    for row in rows(soiled, "dropped"):
        place = str(json.loads(row["meta"]).get("source", ""))
        if place.startswith("rubbish/"):
            reasons.setdefault(place.removeprefix("rubbish/").partition("!")[0], []).append(row["reason"])
    assert reasons.keys() == expected.keys()
    for file, reason in expected.items():
        assert any(f"quarantined: {reason}" in one for one in reasons[file]), (file, reasons[file])


@pytest.mark.parametrize("name", ["wiki-pretrain", "dialogue-sft", "chat-stage1"])
def test_nothing_but_pictures(name: str, siku: Siku, tmp_path: Path) -> None:
    (tmp_path / "pictures").mkdir()
    for number in range(3):
        (tmp_path / f"pictures/{number}.png").write_bytes(PNG)
    ran = siku("build", name, "--input", "pictures", "--workers", "1", "--json", code=2)
    assert ran.json["error"]["why"] == "3 x not a text"
    assert ran.json["error"]["where"].startswith("0.png: not a text")
    assert len(ran.err.strip().splitlines()) == 4
    assert not list(tmp_path.glob("out/[!.]*/*"))


WRONG_ROWS = '[1]\n"s"\n3\nnull\n{}\n{"a": \n{"title": {"b": [1]}, "text": [2], "messages": 5}\n'


@pytest.mark.parametrize("name", RECIPES)
def test_every_wrong_row_has_a_reason(name: str, tmp_path: Path) -> None:
    """Of a file of rows that nobody could use no row is missing: all are there one by one, or the file as a whole."""
    source = tmp_path / "in"
    shutil.copytree(HOME / "examples" / RECIPES[name], source)
    (source / "乱.jsonl").write_bytes(WRONG_ROWS.encode() + b"\xff\xfe\x00\n")
    dropped = [row["reason"] for row in rows(built(name, source, tmp_path / "out"), "dropped") if "乱" in row["meta"]]
    assert len(dropped) == 8 or (len(dropped) == 1 and "unknown format" in dropped[0]), dropped
    assert all(one.startswith(("quarantined: ", "no answer: ")) for one in dropped), dropped


def test_pages_that_are_none(tmp_path: Path) -> None:
    pages = {
        "话.html": ("只有一句话，没有网页。".encode(), "no entry in the page"),
        "空.html": (b"", "empty file"),
        "图.html": (PNG, "not text"),
        "验证.html": ("<html><title>百度安全验证</title><body>请完成验证</body></html>".encode(), "blocked page"),
        "乱.htm": (b"<" * 5000, "no entry in the page"),
        "词.txt": ("白鹭\n都江堰\n".encode(), "not an entry"),
        "词.scel": (SCEL, "not an entry"),
    }
    shutil.copytree(HOME / "examples/baike", tmp_path / "in")
    for name, (raw, _) in pages.items():
        (tmp_path / "in" / name).write_bytes(raw)
    dropped = rows(built("baike-knowledge", tmp_path / "in", tmp_path / "out"), "dropped")
    told = {json.loads(row["meta"])["source"]: row["reason"] for row in dropped if row["step"] == "Baike"}
    assert told.keys() == pages.keys()
    for name, (_, reason) in pages.items():
        assert told[name].startswith(f"quarantined: {reason}"), told[name]


def test_dumps_that_are_none(tmp_path: Path) -> None:
    page = "<page><title>井</title><ns>0</ns><id>7</id><revision><id>8</id><text>{}</text></revision></page>"
    text = "村口有一口老井，井水冬天冒着白气，夏天凉得牙疼。大人们说，这井是先有的，村子是后有的，谁也不知道是谁挖的。"
    good = page.format(f"{text}绳子在石沿上磨出了十几道深沟。").encode()
    dumps = {
        "散-pages-articles.xml": (b"there is no page in it", "XML outside of pages"),
        "空-pages-articles.xml": (b"", "empty file"),
        "网-pages-articles.xml": (b"<!DOCTYPE html><html><body>404</body></html>", "document type in the XML"),
        "乱-pages-articles.xml.bz2": (b"BZh9" + bytes(3000), "broken bz2"),
        "半-pages-articles.xml": (b"<mediawiki>" + good + good.replace(b">7<", b">9<")[:150], "page without an end"),
        "断-pages-articles.xml.bz2": (bz2.compress(good.replace(b">7<", b">5<") * 50)[:-60], "broken bz2"),
    }
    (tmp_path / "in").mkdir()
    for name, (raw, _) in dumps.items():
        (tmp_path / "in" / name).write_bytes(raw)
    done = built("wiki-pretrain", tmp_path / "in", tmp_path / "out")
    assert [row["id"] for row in rows(done, "train")] == ["7"], "the whole page of a dump that was cut off is there"
    for name, (_, reason) in dumps.items():
        mine = [row["reason"] for row in rows(done, "dropped") if name in row["meta"]]
        assert [one for one in mine if one.startswith(f"quarantined: {reason}")], (name, mine)


def test_a_word_list_that_is_none(siku: Siku, tmp_path: Path) -> None:
    """Nothing is asked of the server: there is none."""
    (tmp_path / "empty.txt").write_text("# 只有说明\n\n")
    (tmp_path / "no.scel").write_bytes(PNG)
    (tmp_path / "half.scel").write_bytes(SCEL[:100])
    (tmp_path / "program.txt").write_bytes(b"\x7fELF" + bytes(300))
    (tmp_path / "folder").mkdir()
    for words in ("empty.txt", "no.scel", "half.scel", "program.txt", "folder", "nowhere.txt"):
        ran = siku("crawl", "baike", "--words", words, "--base", "http://127.0.0.1:9/item", "--out", "pages", code=2)
        assert ran.err.startswith("error: no word list\nwhere: ")
        assert len(ran.err.strip().splitlines()) == 4
    assert not (tmp_path / "pages").exists()


@pytest.mark.skipif(os.geteuid() == 0 and shutil.which("setpriv") is None, reason="root reads every file")
@pytest.mark.parametrize("name", ["baike-knowledge", "dialogue-sft", "wiki-pretrain"])
def test_a_file_that_may_not_be_read(name: str, tmp_path: Path) -> None:
    shutil.copytree(HOME / "examples" / RECIPES[name], tmp_path / "in")
    secret = {"baike-knowledge": "密.html", "dialogue-sft": "密.jsonl", "wiki-pretrain": "密-pages-articles.xml"}[name]
    (tmp_path / "in" / secret).write_text("不可读。")
    (tmp_path / "in" / secret).chmod(0)
    rights = "-dac_override,-dac_read_search"
    without = ["setpriv", f"--bounding-set={rights}", f"--inh-caps={rights}"] if os.geteuid() == 0 else []
    words = command("build", name, "--input", "in", "--workers", "1", "--json")
    run = subprocess.run([*without, *words], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (run.returncode, "Traceback" in run.stderr) == (1, False), run.stderr
    told = pq.read_table(tmp_path / "out" / name / "1/dropped").to_pylist()
    assert [row["reason"] for row in told if secret in row["meta"]] == [
        "quarantined: cannot be read: Permission denied"
    ]
