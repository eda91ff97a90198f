"""Tasks of one's own, each in one file, as people run them; docs/own-task.md is what they print.

`python -m tests.generators.test_own_task` writes the files and the real output into the page.
"""

from __future__ import annotations

import dataclasses
import importlib
import re
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pyarrow.parquet as pq
import pytest

from generators.demo.chat import ChatRequest
from generators.demo.server import Endpoint
from generators.task import Task
from tests.pages import TIMES, with_output
from tests.running import HOME, Siku

TASKS = HOME / "examples" / "tasks"
PAGE = HOME / "docs" / "own-task.md"
PORT = (re.compile(r"127\.0\.0\.1:\d+"), "127.0.0.1:PORT")
SOURCE = re.compile(r"(`(examples/tasks/\w+\.py)`[^`]*)```python\n[^`]*```")
MAX_LINES = 40

Answer = Callable[[ChatRequest], str]


def in_json(**fields: str) -> str:
    return orjson.dumps(fields).decode()


def asked(request: ChatRequest) -> str:
    """The passage that a prompt of an example holds."""
    return request.texts("user")[0].partition("<原文>\n")[2].removesuffix("\n</原文>")


def write(folder: Path, *texts: str) -> Path:
    path = folder / "a.jsonl"
    rows = [orjson.dumps({"id": f"t{number}", "text": text}) for number, text in enumerate(texts)]
    path.write_bytes(b"\n".join(rows) + b"\n")
    return path


def rows(folder: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = pq.read_table(folder / "train").to_pylist()
    return sorted(found, key=lambda row: str(row["id"]))


def said(row: dict[str, Any]) -> list[str]:
    return [message["content"] for message in row["messages"]]


@pytest.mark.parametrize("path", sorted(TASKS.glob("*.py")), ids=lambda path: path.stem)
def test_an_example_is_short(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= MAX_LINES


def test_summaries(siku: Siku, tmp_path: Path) -> None:
    texts = ("雪停了，老张推开门，看见院子里有一行脚印。", "潮汐是海水在月亮引力下的涨落，每天两次。")

    def answer(request: ChatRequest) -> str:
        if "雪" in asked(request):
            return in_json(summary="老张看见院子里有脚印。")
        told = request.texts("user")[1:]
        return in_json(summary="潮汐是海水的涨落，每天两次。" if told else "潮汐是海水的涨落，每天9次。")

    with Endpoint(answer).running() as url:
        told = siku(
            "synth", TASKS / "summaries.py", "--endpoint", url, "--input", write(tmp_path, *texts), "--json"
        ).json
    assert (told["name"], told["inputs"], told["rows"], told["dead"], told["repaired"]) == ("summaries", 2, 2, 0, 1)
    siku("verify", "summaries")
    first, second = rows(Path(tmp_path / told["path"]))
    assert said(first) == [f"请用一句话概括下面这段文字。\n\n{texts[0]}", "老张看见院子里有脚印。"]
    assert said(second)[1] == "潮汐是海水的涨落，每天两次。"
    assert (first["id"], first["parents"], first["prompt"], second["attempts"]) == ("t0", ["t0"], "Summaries/1", 2)


def test_classical(siku: Siku, tmp_path: Path) -> None:
    old, modern = (
        "学而时习之，不亦说乎？有朋自远方来，不亦乐乎？",
        "学了又按时温习，不也很高兴吗？有朋友从远方来，不也很快乐吗？",
    )

    def answer(request: ChatRequest) -> str:
        return in_json(modern=modern if request.texts("assistant") else asked(request))

    with Endpoint(answer).running() as url:
        told = siku("synth", TASKS / "classical.py", "--endpoint", url, "--input", write(tmp_path, old), "--json").json
    assert (told["rows"], told["repaired"], told["requests"]) == (1, 1, 2)
    assert said(rows(tmp_path / told["path"])[0]) == [f"请译成现代汉语：{old}", modern]


def test_another_version_of_the_prompt_asks_anew(siku: Siku, tmp_path: Path) -> None:
    text = (TASKS / "summaries.py").read_text(encoding="utf-8")
    own, data = tmp_path / "own.py", write(tmp_path, "雪停了，老张推开门。")
    own.write_text(text, encoding="utf-8")
    with Endpoint(lambda request: in_json(summary=asked(request))).running() as url:
        words = ("synth", own, "--endpoint", url, "--input", data, "--json")
        assert [siku(*words).json["requests"] for _ in range(2)] == [1, 0]
        own.write_text(text.replace("version = 1", "version = 2"), encoding="utf-8")
        assert siku(*words, "--as", "2").json["requests"] == 1


@pytest.mark.parametrize(
    ("change", "error"),
    [
        (("recipe = Recipe(", "another = Recipe("), "this file defines no recipe"),
        (("Summaries())", ")"), "recipe summaries asks no model"),
        (("import Sequence", "import Sequences"), "the recipe file cannot be loaded: ImportError"),
        (("max_chars=800", "max_chars=1"), "max_chars is 1, must be at least 50"),
    ],
)
def test_mistakes_in_the_file_are_told(change: tuple[str, str], error: str, siku: Siku, tmp_path: Path) -> None:
    text = (TASKS / "summaries.py").read_text(encoding="utf-8")
    (tmp_path / "own.py").write_text(text.replace(*change), encoding="utf-8")
    ran = siku("synth", "own.py", "--endpoint", "demo", "--input", write(tmp_path, "雪停了。"), code=2)
    assert error in ran.err


def test_a_task_cannot_be_built_before_it_has_asked(siku: Siku, tmp_path: Path) -> None:
    ran = siku("build", TASKS / "summaries.py", "--input", write(tmp_path, "雪停了。"), code=2)
    assert "Summaries needs a model's replies" in ran.err and "synth FILE.py" in ran.err


# ---------------------------------------------------------------- the page


def real_page() -> str:
    text = PAGE.read_text(encoding="utf-8")
    text = SOURCE.sub(lambda found: f"{found[1]}```python\n{(HOME / found[2]).read_text(encoding='utf-8')}```", text)
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "examples").symlink_to(HOME / "examples")
        return with_output(text, (*TIMES, PORT), folder=Path(folder), may_fail=True)


def test_what_the_page_names_is_there() -> None:
    page = PAGE.read_text(encoding="utf-8")
    called = page.partition("| method |")[2].partition("\n\n")[0]
    named = re.findall(r"`(\w+)(?:\(|`)", "".join(row.split("|")[1] for row in called.split("\n")[2:] if "|" in row))
    assert len(named) > 10 and [name for name in named if not hasattr(Task, name)] == []
    checks = re.findall(r"`(validators\.\w+)\.(\w+)`", page)
    assert len(checks) > 6 and [one for one in checks if not hasattr(importlib.import_module(one[0]), one[1])] == []
    fields = {field.name for field in dataclasses.fields(Task)}
    assert {"temperature", "top_p", "max_tokens", "repairs", "fresh_samples", "extra_body"} <= fields


def test_the_page_shows_real_files_and_real_output() -> None:
    assert real_page() == PAGE.read_text(encoding="utf-8")


if __name__ == "__main__":
    PAGE.write_text(real_page(), encoding="utf-8")
    sys.exit(0)
