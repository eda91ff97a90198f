"""`siku inspect` of what a model wrote: passage, prompt, every reply with its verdicts, and the way back to the byte."""

from __future__ import annotations

import json
import os
import pty
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
import pytest

from generators.demo.chat import ChatRequest, Said
from generators.demo.faults import Faults
from generators.demo.server import Endpoint
from tests.running import Siku, command

RIVER = "长江发源于唐古拉山，全长6300多公里。它流经十一个省市，最后在上海注入东海。"
BAMBOO = "竹子开花并不常见，有的种类要等几十年。一片竹林往往同时开花，花后成片枯死。"
TIDE = "潮汐是海水在月亮和太阳的引力下有规律的涨落，一天里有两次。\n每逢初一和十五，潮水涨得最高，落得也最低，渔民称它为大潮。"
GOOD = {"question": "长江发源于哪里？", "answer": "长江发源于唐古拉山。"}
LATER = {"question": "长江在哪里入海？", "answer": "长江最后在上海注入东海。"}
POINTING = {"question": "它有多长？", "answer": "全长6300多公里。"}
ESCAPE = "\x1b[31m"


def answer(request: ChatRequest) -> Said:
    """The first reply about the river points at the text and is corrected; the one about the tide breaks off."""
    asked = request.texts("user")
    if "潮汐" in asked[0] or "大潮" in asked[0]:
        return Said(f"{ESCAPE}没有 JSON。")
    if len(asked) == 1:
        return Said(orjson.dumps({"pairs": [GOOD, POINTING, POINTING]}).decode(), reasoning="先想一想。")
    return Said(f"<think>改一改。</think>{orjson.dumps({'pairs': [LATER]}).decode()}")


@dataclass(frozen=True)
class Made:
    """A dataset on disk, of which tests take copies."""

    folder: Path
    url: str

    def copy(self, into: Path) -> Path:
        shutil.copytree(self.folder, into, dirs_exist_ok=True)
        remembered = next((into / "out" / ".siku" / "inputs").iterdir())
        inputs = {"inputs": [os.fsencode(into / "in.jsonl").hex()], "recipe": ""}
        remembered.write_bytes(orjson.dumps(inputs))
        return into


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Made]:
    folder = tmp_path_factory.mktemp("made")
    texts = {"river": RIVER, "bamboo": BAMBOO, "tide": TIDE}
    rows = [json.dumps({"id": name, "text": text}, ensure_ascii=False) for name, text in texts.items()]
    (folder / "in.jsonl").write_text("\n".join(rows) + "\n", encoding="utf-8")
    words = ["synth-qa", "--input", "in.jsonl", "--max-failed", "1", "--set", "steps.Passages.max_chars=50"]
    with Endpoint(answer, Faults(poison="竹子")).running() as url:
        done = subprocess.run(
            command(*words, "--endpoint", url), cwd=folder, capture_output=True, text=True, check=False, timeout=120
        )
    assert done.returncode == 1, done.stderr
    yield Made(folder, url)


@pytest.fixture
def home(made: Made, tmp_path: Path) -> Path:
    """A copy of the dataset, its journal and its input, in the folder where `siku` runs."""
    return made.copy(tmp_path)


def story(siku: Siku, name: str) -> Any:
    return siku("inspect", "synth-qa@1", name, "--json").json


def test_a_row_with_all_that_was_said_about_its_passage(siku: Siku, home: Path, made: Made) -> None:
    told = story(siku, "river-0002")
    assert told["end"].startswith("kept in train")
    assert told["messages"][0]["content"] == LATER["question"]
    passage = told["passage"]
    assert passage["id"] == "river" and passage["text"] == RIVER
    assert [RIVER[start:end] for start, end in passage["support"]] == ["它流经十一个省市，最后在上海注入东海。"]
    assert told["asked"] == {"model": "siku-demo-rules", "prompt": "QuestionAnswers/1", "wanted": 3, "least": 2}
    first, repair = told["attempts"]
    assert (first["kind"], first["accepted"], first["reply"]["reasoning"]) == ("first", 1, "先想一想。")
    assert [one["path"] for one in first["refused"]] == ["$.pairs[1]", "$.pairs[2]"]
    assert first["refused"][0]["sample"] == POINTING
    assert first["refused"][0]["verdicts"][0]["check"] == "pronoun_question"
    assert (first["endpoint"], first["form"]) == (made.url, "json_schema")
    assert first["reply"]["finish_reason"] == "stop" and first["reply"]["prompt_tokens"] > 0 and first["seconds"] >= 0
    assert RIVER in first["messages"][-1]["content"]
    assert repair["kind"] == "repair" and repair["forgiven"] == ["thinking"]
    assert first["refused"][0]["verdicts"][0]["why"] in repair["messages"][-1]["content"]
    assert told["outcome"]["repaired"] and told["outcome"]["samples"] == [GOOD, LATER]
    assert [row["id"] for row in told["outcome"]["rows"]] == ["river-0001", "river-0002"]
    raw = (home / "in.jsonl").read_bytes().split(b"\n")[0]
    assert told["origin"] == f"in.jsonl, line 1, bytes 0 to {len(raw)}"
    assert [step["name"] for step in told["steps"]] == ["Passages", "QuestionAnswers", "NearDuplicates"]


def test_as_a_person_reads_it(siku: Siku, home: Path) -> None:
    told = siku("inspect", "synth-qa@1", "river-0002").out
    parts = [
        *("river-0002: kept in train", "passage river, 39 characters", "【它流经十一个省市，最后在上海注入东海。】"),
        *(
            "QuestionAnswers/1",
            "system    | 你是严谨的中文数据标注员",
            "reply 1 (first): ended with stop",
            "as json_schema",
        ),
        *("thinking  | 先想一想。", "taken: 1", "refused $.pairs[1], pronoun_question", "reply 2 (repair)"),
        *("told      | 上面的回答不能全部采用", "thinking  | 改一改。", 'reply     | {"pairs"', "forgiven: thinking"),
        *("came to 2 samples, after the model was told", "river-0001: kept in train", "from in.jsonl, line 1, bytes"),
    ]
    place = 0
    for part in parts:
        place = told.find(part, place)
        assert place >= 0, f"{part} does not stand where it should"
    assert told.count("请根据原文写出") == 1, "a repair tells only what is new in it"


def test_a_dead_letter_that_the_server_failed_on(siku: Siku, home: Path) -> None:
    told = story(siku, "bamboo")
    (attempt,) = told["attempts"]
    assert attempt["failure"]["cause"] == "status 500" and attempt["reply"] is None
    assert {one["cause"] for one in attempt["tried_before"]} == {"status 500"} and len(attempt["tried_before"]) > 1
    assert told["outcome"]["dead"]["check"] == "no reply: status 500"
    assert told["outcome"]["rows"] == []
    text = siku("inspect", "synth-qa@1", "bamboo").out
    assert f"tried before: status 500 x {len(attempt['tried_before'])}" in text
    assert "came to nothing: no reply: status 500" in text and "QuestionAnswers: refused: no reply" in text


def test_a_dead_letter_whose_replies_were_no_good(siku: Siku, home: Path) -> None:
    told = story(siku, "tide.002")
    assert [one["kind"] for one in told["attempts"]] == ["first", "repair", "repair", "fresh"]
    assert {one["error"]["check"] for one in told["attempts"]} == {"no_json"}
    text = siku("inspect", "synth-qa@1", "tide.002").out
    assert "fresh sample 1" in text and "fault of the whole, no_json" in text
    assert ESCAPE not in text and "⟨U+001B⟩[31m" in text, "a reply does not reach the terminal as it is"


def test_a_passage_is_told_with_all_its_rows(siku: Siku, home: Path) -> None:
    told = story(siku, "river")
    assert told["end"] == "a passage of which 2 rows were made"
    assert len(told["passage"]["support"]) == 2 and len(told["attempts"]) == 2
    assert [step["name"] for step in told["steps"]] == ["Passages"]


def test_a_document_that_was_cut_is_told_by_its_passages(siku: Siku, home: Path) -> None:
    told = story(siku, "tide")
    assert [one["id"] for one in told["passages"]] == ["tide.001", "tide.002"]
    assert all("no valid sample" in one["end"] for one in told["passages"])
    assert "tide.002" in siku("inspect", "synth-qa@1", "tide").out


@pytest.mark.parametrize("name", ["riv", "tide.003", "river-0009", "no", "tide.00"])
def test_there_is_no_such_document(siku: Siku, home: Path, name: str) -> None:
    assert f"there is no document '{name}'" in siku("inspect", "synth-qa@1", name, code=2).err


def test_the_journal_is_gone(siku: Siku, home: Path) -> None:
    journal = home / "out" / ".siku" / "journals" / "synth-qa.journal"
    journal.unlink()
    told = siku("inspect", "synth-qa@1", "river-0002").out
    assert "synth-qa.journal is gone" in told and "【它流经" in told and "from in.jsonl, line 1" in told
    assert "noted" in siku("inspect", "synth-qa@1", "river-0001").out, "what was noted then is in the dataset itself"
    journal.write_bytes(b"no database" * 100)
    assert "the journal cannot be opened" in story(siku, "river")["journal"]


def test_the_input_is_gone_or_another(siku: Siku, home: Path) -> None:
    (home / "in.jsonl").rename(home / "elsewhere.jsonl")
    told = siku("inspect", "synth-qa@1", "river-0002").out
    assert "passage: not known: in.jsonl (not found now; say where it is with --input)" in told
    assert LATER["answer"] in told
    (home / "in.jsonl").write_text('{"id": "river", "text": "另一条河。"}\n', encoding="utf-8")
    assert story(siku, "river-0002")["passage"] is None
    (home / "there").mkdir()
    (home / "elsewhere.jsonl").rename(home / "there" / "in.jsonl")
    found = siku("inspect", "synth-qa@1", "river-0002", "--input", "there/in.jsonl", "--json").json
    assert found["passage"]["text"] == RIVER and len(found["attempts"]) == 2


def test_without_an_id_it_shows_rows_as_of_any_dataset(siku: Siku, home: Path) -> None:
    shown = siku("inspect", "synth-qa@1", "--json").json
    assert [row["id"] for row in shown["train"]] == ["river-0001", "river-0002"]
    assert {row["step"] for row in shown["dropped"]} == {"QuestionAnswers"}
    assert "river-0001" in siku("inspect", "synth-qa").out


@pytest.mark.parametrize("without_colour", [False, True])
def test_on_a_terminal(home: Path, without_colour: bool) -> None:
    """The support stands out without brackets; where there is to be no colour, with them."""
    told = on_a_terminal(home, "inspect", "synth-qa@1", "river-0002", **({"NO_COLOR": "1"} if without_colour else {}))
    assert ("\x1b[1;7m" in told) is not without_colour
    assert ("【它流经" in told) is without_colour
    assert ESCAPE not in told


def on_a_terminal(folder: Path, *words: str, **environment: str) -> str:
    """What a command prints where standard output is a terminal."""
    parent, child = pty.openpty()
    surroundings = {key: value for key, value in os.environ.items() if key != "NO_COLOR"} | {"TERM": "xterm-256color"}
    try:
        running = subprocess.Popen(command(*words), cwd=folder, stdout=child, env=surroundings | environment)
        os.close(child)
        told = b""
        while piece := _read(parent):
            told += piece
        assert running.wait(timeout=60) == 0
    finally:
        os.close(parent)
    return told.decode()


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65_536)
    except OSError:  # how Linux says that the other end is closed
        return b""
