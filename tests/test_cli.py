"""The command line as people use it: a process, its words, its exit code."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from opencc import OpenCC

from tests.corpora import passage, write_books
from tests.running import HOME, Siku, digests


@pytest.fixture
def books(tmp_path: Path) -> Path:
    write_books(tmp_path / "书库", 3)
    return tmp_path / "书库"


def test_the_examples_build_without_an_input(siku: Siku) -> None:
    built = siku("build", "novel-pretrain", "--json").json
    assert list(built) == [
        *("name", "version", "fingerprint", "path", "rows", "dropped", "duplicates", "quarantined"),
        *("characters", "steps", "seconds"),
    ]
    assert built["rows"]["train"] > 15
    assert built["duplicates"] >= 5, "a chapter posted twice and an edition in the other script"
    assert built["quarantined"] == 0
    assert {"name", "in", "out", "dropped", "characters_removed"} == built["steps"][0].keys()


def test_json_is_one_document_and_progress_goes_elsewhere(siku: Siku, books: Path) -> None:
    ran = siku("build", "novel-pretrain", "--input", books, "--json")
    assert json.loads(ran.out)["name"] == "novel-pretrain"
    assert siku("list", "--json").json["versions"][0]["train"] == 18


def test_the_same_command_finds_the_finished_version(siku: Siku, books: Path, tmp_path: Path) -> None:
    words = ("build", "novel-pretrain", "--input", books)
    siku(*words)
    before = digests(tmp_path / "out/novel-pretrain/1")
    assert "was finished before" in siku(*words).out
    assert digests(tmp_path / "out/novel-pretrain/1") == before


def test_a_finished_version_never_changes(siku: Siku, books: Path, tmp_path: Path) -> None:
    words = ("build", "novel-pretrain", "--input", books)
    siku(*words)
    before = digests(tmp_path / "out/novel-pretrain/1")
    ran = siku(*words, "--set", "steps.Quality.min_chars=50", code=2)
    assert "steps.Quality.min_chars: 20 -> 50" in ran.err
    assert "--as 2" in ran.err
    write_books(books, 4)
    ran = siku(*words, code=2)
    assert "inputs.书003.txt: (new)" in ran.err
    assert digests(tmp_path / "out/novel-pretrain/1") == before
    assert siku(*words, "--as", "2", "--json").json["rows"]["train"] == 24
    ran = siku("diff", "novel-pretrain@1", "novel-pretrain@2", "--json")
    assert ran.json["rows"]["added"]["count"] == 6
    assert ran.json["rows"]["removed"]["count"] == ran.json["rows"]["changed"]["count"] == 0


def test_adding_a_book_redoes_that_book_alone(siku: Siku, books: Path, tmp_path: Path) -> None:
    siku("build", "novel-pretrain", "--input", books)
    stages = {path for path in tmp_path.glob("out/.siku/work/*/*") if (path / "rows.arrow").exists()}
    write_books(books, 4)
    siku("build", "novel-pretrain", "--input", books, "--as", "2")
    new = {path for path in tmp_path.glob("out/.siku/work/*/*") if (path / "rows.arrow").exists()} - stages
    assert len(stages) == 3
    assert len(new) == 1


def test_the_bytes_do_not_depend_on_circumstances(siku: Siku, books: Path, tmp_path: Path) -> None:
    one, two = books / "书000.txt", books / "书001.txt"
    (tmp_path / "elsewhere").mkdir()
    for path in (one, two):
        (tmp_path / "elsewhere" / path.name).write_bytes(path.read_bytes())
    settings = ("--set", "steps.Blocks.max_chars=300", "--set", "steps.Quality.min_chars=30", "--holdout", "书001")
    siku("build", "novel-pretrain", "--input", one, "--input", two, *settings, "--out", "a")
    (tmp_path / "cwd").mkdir()
    swapped = ("--holdout", "书001", *settings[2:4], *settings[:2])
    words = (
        "build",
        "novel-pretrain",
        "--input",
        tmp_path / "elsewhere",
        *swapped,
        "--out",
        tmp_path / "b",
        "--workers",
        "3",
    )
    siku(*words, cwd=tmp_path / "cwd", PYTHONHASHSEED="7", LC_ALL="C", TZ="Asia/Shanghai")
    assert digests(tmp_path / "a/novel-pretrain") == digests(tmp_path / "b/novel-pretrain")
    rows = siku("inspect", "novel-pretrain", "--out", "a", "--rows", "3", "--json").json
    assert rows["valid"] and rows["train"]


def test_hold_out_by_title(siku: Siku, books: Path) -> None:
    built = siku("build", "novel-pretrain", "--input", books, "--holdout", "書001", "--json").json
    assert built["rows"] == {"train": 12, "valid": 6}
    ran = siku("build", "novel-pretrain", "--input", books, "--holdout", "书01", "--as", "2", code=2)
    assert "no book is called 书01" in ran.err
    assert "did you mean" in ran.err
    assert "BAD" not in siku("verify", "novel-pretrain@1").out


def test_a_held_out_book_is_held_out_in_blocks_too(siku: Siku, books: Path, tmp_path: Path) -> None:
    words = ("--holdout", "书001", "--set", "steps.Blocks.max_chars=300", "--json")
    rows = siku("build", "novel-pretrain", "--input", books, *words).json["rows"]
    assert rows["valid"] >= 18
    train = pq.read_table(tmp_path / "out/novel-pretrain/1/train", columns=["title"]).to_pydict()["title"]
    assert set(train) == {"书000", "书002"}
    assert siku("verify", "novel-pretrain", "--json").json["ok"]


def test_titles_to_hold_out_may_hold_commas_and_never_be_blank(siku: Siku, books: Path) -> None:
    (books / "书001.txt").rename(books / "你好, 再见.txt")
    words = ("build", "novel-pretrain", "--input", books, "--holdout")
    assert siku(*words, "你好，再見", "--holdout", "书002", "--json").json["rows"] == {"train": 6, "valid": 12}
    assert siku(*words, "你好, 再见", "--as", "2", "--json").json["rows"] == {"train": 12, "valid": 6}
    assert "is no title" in siku(*words, " ", "--as", "3", code=2).err


def test_a_kept_plan_runs_again(siku: Siku, books: Path, tmp_path: Path) -> None:
    siku("build", "novel-pretrain", "--input", books, "--set", "steps.Blocks.max_chars=300", "--as", "blocks")
    plan = tmp_path / "out/novel-pretrain/blocks/manifest.json"
    (tmp_path / "plan.json").write_bytes(plan.read_bytes())
    built = siku("build", "plan.json", "--input", books, "--as", "again", "--json").json
    assert built["fingerprint"] == json.loads(plan.read_text())["fingerprint"]
    (tmp_path / "plan.json").write_text("{}")
    assert "this is no plan" in siku("build", "plan.json", "--input", books, code=2).err


def test_limit_reads_the_first_documents_only(siku: Siku, books: Path) -> None:
    built = siku("build", "novel-pretrain", "--input", books, "--limit", "2", "--json").json
    assert built["steps"][0]["in"] == 2
    assert built["rows"]["train"] == 12


def test_a_dry_run_writes_nothing(siku: Siku, books: Path, tmp_path: Path) -> None:
    assert "nothing was written" in siku("build", "novel-pretrain", "--input", books, "--dry-run").out
    assert not (tmp_path / "out").exists()


def test_a_private_recipe_of_one_file(siku: Siku, tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(
        """
from dataclasses import dataclass

from builders.engine.recipe import Recipe
from builders.sources.text_files import TextFiles
from validators.step import Check, Verdict


@dataclass(frozen=True, kw_only=True)
class NoDogs(Check):
    word: str = "鸵鸟"

    def __call__(self, text: str) -> Verdict | None:
        return Verdict("a dog", self.word) if self.word in text else None


recipe = Recipe(name="no-dogs", version="1", summary="", source=TextFiles(), steps=(NoDogs(),))
"""
    )
    rows = [{"id": str(n), "text": "鸵鸟叫了。" if n % 4 == 0 else passage(str(n), 60000)} for n in range(60)]
    lines = [json.dumps(row, ensure_ascii=False) for row in rows]
    for part in range(4):
        (tmp_path / f"rows-{part}.jsonl").write_text("\n".join(lines[part::4]))
    files = [word for part in range(4) for word in ("--input", f"rows-{part}.jsonl")]
    loose = ("--set", "steps.NoDogs.stop_share=1")
    built = siku("build", "mine.py", *files, *loose, "--workers", "2", "--json").json
    assert (built["rows"]["train"] + built["dropped"], built["dropped"]) == (60, 15)


def test_inspect_tells_the_life_of_a_document(siku: Siku) -> None:
    siku("build", "novel-pretrain")
    shown = siku("inspect", "novel-pretrain", "--json").json
    row = shown["train"][0]
    life = siku("inspect", "novel-pretrain", row["id"], "--json").json
    assert life["split"] == "train"
    assert "bytes" in life["origin"]
    assert life["steps"][0]["name"] == "Chapters"
    gone = next(row for row in shown["dropped"] if row["duplicate_of"])
    life = siku("inspect", "novel-pretrain", gone["id"], "--json").json
    assert life["steps"][-1]["name"] == "NearDuplicates"
    assert gone["duplicate_of"] in life["end"]
    assert "did you mean" in siku("inspect", "novel-pretrain", row["id"][:-1] + "x", code=2).err


def test_inspect_shows_the_bytes_of_the_source(siku: Siku) -> None:
    siku("build", "novel-pretrain")
    rows = siku("inspect", "novel-pretrain", "--rows", "100", "--json").json["train"]
    for row in rows[:8]:
        life = siku("inspect", "novel-pretrain", row["id"], "--json").json
        place = re.fullmatch(r"(.*), bytes ([\d,]+) to ([\d,]+)", life["origin"])
        assert place
        first, last = (int(number.replace(",", "")) for number in place.groups()[1:])
        raw = (HOME / "examples/novels" / place[1]).read_bytes()[first:last]
        source = re.sub(r"\s", "", raw.decode(life["meta"]["encoding"]))
        simplified = OpenCC("t2s").convert(source)
        assert re.sub(r"\s", "", life["text"])[:12] in simplified
        assert re.sub(r"\s", "", life["text"])[-12:] in simplified


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("biuld",), "did you mean build?"),
        (("build", "novel-pretrian"), "did you mean novel-pretrain?"),
        (("build", "novel-pretrain", "--holdot", "x"), "did you mean --holdout"),
        (("build", "novel-pretrain", "--set", "steps.Qualty.min_chars=3"), "did you mean steps.Quality?"),
        (("build", "novel-pretrain", "--workers", "0"), "--workers 0 cannot be"),
        (("build", "novel-pretrain", "--as", "../x"), "--as ../x cannot be"),
        (("build", "novel-pretrain", "--as", ".."), "--as .. cannot be"),
        (("build", "novel-pretrain", "--as", "/x"), "--as /x cannot be"),
        (("build", "novel-pretrain", "--as", "**x"), "--as **x cannot be"),
        (("build", "novel-pretrain", "--as", "."), "--as . cannot be"),
        (("build", "novel-pretrain", "--as", ""), "--as nothing cannot be"),
        (("build", "novel-pretrain", "--as", "-1"), "--as -1 cannot be"),
        (("inspect", "novel-pretrain", "--rows", "-1"), "--rows -1 cannot be"),
        (("build", "novel-pretrain", "--set", "source.max_book_mb=0"), "max_book_mb is 0, must be at least 1"),
        (("build", "text-pretrain", "--set", "source.txt=line"), "txt is 'line', must be 'file' or 'lines'"),
        (("crawl", "sit"), "did you mean site?"),
        (("crawl", "baike", "--word", "a.txt", "--out", "a"), "--word: did you mean --words?"),
        (("crawl", "dump", "x.bz2", "--out", "a"), "no URL"),
        (("show", "chat-stage"), "chat-stage1 or chat-stage2 or chat-stage3?"),
        (("show", "wiki"), "did you mean wiki-pretrain?"),
        (("build", "chat-stage1", "--input", "dialogue-sft@7"), "there is no dataset 'dialogue-sft@7'"),
        (("build", "text-pretrain", "--set", "steps.Pii.mode=hide"), "there is: mask, report"),
        (("build", "text-pretrain", "--set", "steps.Decontaminate.benchmarks=no"), "--set steps.Decontaminate.bench"),
        (("list", "--out", "\udcb0"), "--out is not UTF-8"),
        (("crawl", "dump", "http://127.0.0.1:9/a.xml", "--out", "a", "--delay", "-1"), "--delay -1 must be 0 or more"),
        (("build", "nothing.py"), "there is no such recipe file"),
        (("inspect", "novel-pretrain"), "there is no dataset 'novel-pretrain'"),
        (("verify", "nowhere@3"), "there is no dataset 'nowhere@3'"),
        ((), "required"),
    ],
)
def test_mistakes_are_answered_in_four_lines(siku: Siku, words: tuple[str, ...], says: str) -> None:
    ran = siku(*words, code=2)
    assert says in ran.err
    assert ran.err.startswith("error: ")
    assert len(ran.err.strip().splitlines()) <= 4
    error = siku(*words, "--json", code=2).json["error"]
    assert error["what"]


def test_a_recipe_without_examples_needs_an_input(siku: Siku, tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(
        "from builders.engine.recipe import Recipe\n"
        "from builders.sources.text_files import TextFiles\n"
        "recipe = Recipe(name='mine', version='1', summary='', source=TextFiles(), steps=())\n"
    )
    assert "mine needs an input" in siku("build", "mine.py", code=2).err


def test_verbose_shows_where(tmp_path: Path) -> None:
    run = subprocess.run(
        [sys.executable, str(HOME / "cli.py"), "build", "nothing.py", "-v"],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        check=False,
    )
    assert run.returncode == 2
    assert "Traceback" in run.stderr


def test_a_mistake_in_a_private_recipe_is_no_traceback(siku: Siku, tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(
        """
from dataclasses import dataclass
from builders.engine.recipe import Recipe
from builders.sources.text_files import TextFiles
from validators.step import Check


@dataclass(frozen=True, kw_only=True)
class Broken(Check):
    def __call__(self, text):
        raise ValueError("no such river")


recipe = Recipe(name="mine", version="1", summary="", source=TextFiles(), steps=(Broken(),))
"""
    )
    (tmp_path / "rows.jsonl").write_text(json.dumps({"text": passage("x", 100)}))
    ran = siku("build", "mine.py", "--input", "rows.jsonl", "--json", code=2)
    assert "no such river" in ran.json["error"]["what"]
    assert "mine.py, line 11" in ran.json["error"]["where"]


def test_json_goes_before_the_command_too_and_comes_out_closed(siku: Siku, tmp_path: Path) -> None:
    assert siku("--json", "list").json == siku("list", "--json").json
    for end in (">&-", "2>&-", "> /dev/full"):
        words = f"{sys.executable} {HOME / 'cli.py'} list --json"
        run = subprocess.run(f"{words} {end}", shell=True, capture_output=True, text=True, cwd=tmp_path, check=False)
        assert "Traceback" not in run.stderr
        assert run.returncode == (2 if "full" in end else 0)


def test_the_life_of_a_row_with_a_short_id(siku: Siku, tmp_path: Path) -> None:
    """`1` is no part of `12`."""
    rows = [{"id": n, "text": passage(str(n), 100)} for n in (1, 12, 123)]
    (tmp_path / "rows.jsonl").write_text("\n".join(json.dumps(row) for row in rows))
    siku("build", "text-pretrain", "--input", "rows.jsonl")
    for row in rows:
        life = siku("inspect", "text-pretrain", str(row["id"]), "--json").json
        assert life["text"] == row["text"]
        assert all(step["what"] == "no change" for step in life["steps"] if step["name"] == "Normalise")


def test_a_narrow_terminal_and_none(siku: Siku, books: Path) -> None:
    siku("build", "novel-pretrain", "--input", books)
    for words in (("list",), ("inspect", "novel-pretrain"), ("show", "novel-pretrain"), ("doctor",)):
        siku(*words, COLUMNS="40", TERM="dumb")
    run = subprocess.run(
        f"{sys.executable} {HOME / 'cli.py'} list | head -n 1", shell=True, capture_output=True, text=True, check=True
    )
    assert run.stderr == ""


def test_the_console_script_is_the_same(tmp_path: Path) -> None:
    program = "import sys; sys.argv = ['siku', 'list']; import siku; sys.exit(siku.main())"
    run = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(HOME)},
        check=True,
    )
    assert "novel-pretrain" in run.stdout


@pytest.mark.parametrize("seasoning", [("--workers", "1"), ("--workers", "3")])
def test_chinese_paths_with_blanks(siku: Siku, tmp_path: Path, seasoning: tuple[str, ...]) -> None:
    write_books(tmp_path / "我的 书", 2)
    built = siku(
        "build", "novel-pretrain", "--input", tmp_path / "我的 书", "--out", tmp_path / "输出 一", *seasoning, "--json"
    ).json
    assert (tmp_path / "输出 一/novel-pretrain/1/manifest.json").exists()
    assert built["rows"]["train"] == 12


def test_an_id_that_two_rows_have(siku: Siku, tmp_path: Path) -> None:
    for name in ("a", "b"):
        rows = [{"id": f"r{n}", "text": passage(f"{name} {n}", 200)} for n in range(12)]
        (tmp_path / f"{name}.jsonl").write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in rows))
    ran = siku("build", "text-pretrain", "--input", "a.jsonl", "--input", "b.jsonl", "--json")
    assert ran.json["rows"]["train"] == 24
    assert "12 ids were met before" in ran.err
    rows = siku("inspect", "text-pretrain", "--rows", "99", "--json").json["train"]
    assert len({row["id"] for row in rows}) == 24
    name = next(row["id"] for row in rows if row["id"].startswith("r7~"))
    life = siku("inspect", "text-pretrain", name, "--json").json
    assert life["meta"]["id_given"] == "r7"
    assert life["text"].startswith(passage("b 7", 200)[:20])
    assert [step["name"] for step in life["steps"]][-1] == "Blocks"
    assert (
        siku("build", "text-pretrain", "--input", "b.jsonl", "--limit", "5", "--as", "5", "--json").json["rows"][
            "train"
        ]
        == 5
    )


def test_an_output_folder_inside_the_input_is_no_input(siku: Siku, books: Path) -> None:
    words = ("build", "novel-pretrain", "--input", ".", "--json")
    built = siku(*words, cwd=books).json
    assert siku(*words, cwd=books).json["fingerprint"] == built["fingerprint"]
    assert built["rows"]["train"] == 18


def test_what_has_no_titles_is_held_out_by_share(siku: Siku) -> None:
    ran = siku("build", "dialogue-sft", "--holdout", "雪夜", code=2)
    assert "there are no titles" in ran.err and "steps.HoldOut.share" in ran.err
    setting = "steps.HoldOut.share=0.2"
    assert siku("build", "dialogue-sft", "--set", setting, "--json").json["rows"]["valid"] > 0
