"""`siku synth-qa` as people use it: a process, its words, its exit code, a real server on loopback."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from generators.demo.chat import Answered, ChatRequest, Raw, error_body
from generators.demo.server import Endpoint
from tests.generators.synthesis import (
    check_books,
    dead_of,
    knowing,
    passage_in,
    rows_of,
    write_passages,
)
from tests.running import Ran, Siku, digests

CONTRACT = ("name", "version", "path", "inputs", "rows", "dead", "requests", "repaired", "tokens", "seconds")


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return tmp_path / "语 料" / "段落.jsonl"


@pytest.fixture
def texts(source: Path) -> dict[str, str]:
    return write_passages(source, 12)


@pytest.fixture
def server() -> Endpoint:
    return Endpoint(knowing)


@pytest.fixture
def url(server: Endpoint) -> Iterator[str]:
    with server.running() as url:
        yield url


def qa(siku: Siku, url: str, *words: str | Path, code: int | None = 0, **more: Any) -> Ran:
    return siku("synth-qa", "--endpoint", url, "--json", *words, code=code, **more)


# ---------------------------------------------------------------- the usual way


def test_what_json_prints(siku: Siku, url: str, source: Path, texts: dict[str, str], tmp_path: Path) -> None:
    made = qa(siku, url, "--input", source).json
    assert set(CONTRACT) <= set(made)
    assert (made["name"], made["version"], made["path"]) == ("synth-qa", "1", "out/synth-qa/1")
    assert (made["inputs"], made["rows"], made["dead"], made["requests"], made["repaired"]) == (12, 36, 0, 12, 0)
    assert made["inputs"] == made["answered"] + made["dead"]
    assert set(made["tokens"]) == {"prompt", "completion"}
    assert made["tokens"]["prompt"] > made["tokens"]["completion"] > 0
    check_books(tmp_path / "out/synth-qa/1", texts)
    verified = siku("verify", "synth-qa", "--json").json
    assert verified["ok"]


def test_what_people_see(siku: Siku, url: str, source: Path, texts: dict[str, str]) -> None:
    words = ("synth-qa", "--endpoint", url, "--input", source)
    out = siku(*words).out
    assert "out/synth-qa/1: 36 rows\n" in out
    assert "12 passages: 12 answered, 0 dead; 0 repaired" in out
    assert "12 requests" in out
    again = siku(*words).out
    assert "36 rows, finished before" in again
    assert "0 requests" in again
    assert siku(*words, "-q").out == ""


def test_the_second_run_sends_nothing_also_when_the_server_is_gone(
    siku: Siku, source: Path, texts: dict[str, str], tmp_path: Path
) -> None:
    server = Endpoint(knowing)
    with server.running() as url:
        qa(siku, url, "--input", source)
        before = digests(tmp_path / "out/synth-qa/1")
        again = qa(siku, url, "--input", source).json
        assert (again["requests"], again["inputs"], again["rows"]) == (0, 12, 36)
    gone = qa(siku, url, "--input", source).json
    assert (gone["requests"], gone["rows"]) == (0, 36)
    assert server.requests == 12
    assert digests(tmp_path / "out/synth-qa/1") == before


def test_the_demo_endpoint_needs_no_model_and_no_input(siku: Siku) -> None:
    made = qa(siku, "demo").json
    assert made["inputs"] == made["answered"] > 5
    assert made["rows"] > 15


def test_only_the_first_of_the_input(
    siku: Siku, url: str, server: Endpoint, source: Path, texts: dict[str, str]
) -> None:
    assert qa(siku, url, "--input", source, "--limit", "5").json["inputs"] == 5
    assert server.requests == 5
    made = qa(siku, url, "--input", source, "--as", "all").json
    assert (made["inputs"], made["version"], made["requests"]) == (12, "all", 7)


def test_chinese_paths_and_a_key_with_marks_around_it(
    siku: Siku, url: str, source: Path, texts: dict[str, str], tmp_path: Path
) -> None:
    out = tmp_path / "产 出" / "第一批"
    made = qa(siku, url, "--input", source, "--out", out).json
    assert Path(made["path"]) == out / "synth-qa" / "1"
    check_books(Path(made["path"]), texts)
    ran = qa(siku, url, "--input", source, "--out", "other", code=None, OPENAI_API_KEY="“sk-1”")
    assert ran.code == 2
    assert "OPENAI_API_KEY" in ran.err


# ---------------------------------------------------------------- inputs


def read(folder: Path) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = pq.read_table(folder).to_pylist()
    return rows


def ids(folder: Path) -> set[str]:
    return {row["id"] for row in read(folder)}


def test_a_built_dataset_by_name_by_version_and_as_a_folder_keeps_its_splits(
    siku: Siku, url: str, server: Endpoint, source: Path, tmp_path: Path
) -> None:
    texts = write_passages(source, 40)
    setting = ("--set", "steps.HoldOut.share=0.2", "--set", "steps.Quality.min_chars=20")
    built = siku("build", "text-pretrain", "--input", source, *setting, "--json").json
    assert built["rows"]["valid"] > 2
    valid = ids(tmp_path / "out/text-pretrain/1/valid")
    made = qa(siku, url, "--input", "text-pretrain").json
    kept = built["rows"]["train"] + built["rows"]["valid"]
    assert (made["inputs"], made["requests"]) == (kept, kept)
    folder = tmp_path / "out/synth-qa/1"
    parents = {split: {one for row in read(folder / split) for one in row["parents"]} for split in ("train", "valid")}
    assert parents["valid"] >= valid, "what is too like a held-out row follows it"
    assert not parents["train"] & valid
    check_books(folder, {id: texts[id] for id in valid | ids(tmp_path / "out/text-pretrain/1/train")})
    for name in ("text-pretrain@1", tmp_path / "out" / "text-pretrain" / "1"):
        again = qa(siku, url, "--input", name).json
        assert (again["requests"], again["rows"]) == (0, made["rows"])
    assert server.requests == kept


def test_bad_lines_are_quarantined(siku: Siku, url: str, source: Path, texts: dict[str, str], tmp_path: Path) -> None:
    with source.open("a", encoding="utf-8") as file:
        file.write('{"id": "bad", "text": \n{"id": "no text"}\n[1, 2]\n{"id": "blank", "text": "  "}\n')
    made = qa(siku, url, "--input", source, code=1).json
    assert (made["inputs"], made["answered"], made["dead"]) == (12, 12, 0)
    assert made["quarantined"] >= 2
    assert siku("verify", "synth-qa", "--json").json["ok"]


def test_several_inputs_and_long_documents(
    siku: Siku, url: str, server: Endpoint, source: Path, tmp_path: Path
) -> None:
    texts = write_passages(source, 40)
    long = {"id": "长", "text": "\n".join(texts.values())}
    other = tmp_path / "long.jsonl"
    other.write_text(json.dumps(long, ensure_ascii=False) + "\n", encoding="utf-8")
    made = qa(siku, url, "--input", source, "--input", other).json
    assert made["inputs"] == server.requests == 40 + -(-len(long["text"]) // 1200)
    rows = rows_of(tmp_path / "out/synth-qa/1")
    assert {parent for row in rows for parent in row["parents"]} <= {*texts, "长"}
    assert made["rows"] >= 3 * 40
    assert made["duplicates"] > 0, "the same facts twice"


@pytest.mark.parametrize("kind", ["empty", "blank lines", "missing", "no rows"])
def test_an_input_that_holds_nothing(siku: Siku, url: str, server: Endpoint, tmp_path: Path, kind: str) -> None:
    path = tmp_path / "空.jsonl"
    if kind != "missing":
        path.write_text({"empty": "", "blank lines": "\n\n", "no rows": "[]\n"}[kind])
    ran = qa(siku, url, "--input", path, code=2)
    assert ran.json["exit_code"] == 2
    assert ran.json["error"]["what"]
    assert ran.err.startswith("error: ")
    assert server.requests == 0


# ---------------------------------------------------------------- settings


def test_another_setting_needs_another_version_and_says_so_before_anything_is_asked(
    siku: Siku, url: str, server: Endpoint, source: Path, texts: dict[str, str], tmp_path: Path
) -> None:
    qa(siku, url, "--input", source)
    before = digests(tmp_path / "out/synth-qa/1")
    ran = qa(siku, url, "--input", source, "--pairs", "2-2", code=2)
    assert 'steps.QuestionAnswers.pairs: "3-6" -> "2-2"' in ran.err
    assert "--as 2" in ran.err
    assert server.requests == 12, "nothing was paid for in vain"
    made = qa(siku, url, "--input", source, "--pairs", "2-2", "--as", "2").json
    assert (made["version"], made["requests"], made["rows"]) == ("2", 12, 24)
    assert digests(tmp_path / "out/synth-qa/1") == before


@pytest.mark.parametrize(
    ("words", "requests"),
    [
        (("--pairs", "3-5"), 0),
        (("--set", "steps.NearDuplicates.jaccard=0.9"), 0),
        (("--set", "steps.QuestionAnswers.repairs=1"), 0),
        (("--set", "steps.QuestionAnswers.max_question_chars=20"), 12),
        (("--set", "steps.QuestionAnswers.temperature=0.1"), 12),
    ],
    ids=["the same number is asked for", "what comes after", "how often", "what the model is told", "sampling"],
)
def test_changed_settings_reuse_what_still_applies(
    siku: Siku, url: str, source: Path, texts: dict[str, str], words: tuple[str, ...], requests: int
) -> None:
    qa(siku, url, "--input", source)
    made = qa(siku, url, "--input", source, "--as", "2", *words).json
    assert (made["requests"], made["inputs"], made["rows"]) == (requests, 12, 36)


# ---------------------------------------------------------------- exit codes


def refusing_some(request: ChatRequest) -> Answered:
    """No answer about every fourth passage."""
    return "抱歉，我不能回答。" if sum(map(ord, passage_in(request))) % 4 == 0 else knowing(request)


def test_1_some_dead(siku: Siku, source: Path, tmp_path: Path) -> None:
    texts = write_passages(source, 40)
    with Endpoint(refusing_some).running() as url:
        made = qa(siku, url, "--input", source, code=1).json
        assert made["inputs"] == made["answered"] + made["dead"] == 40
        assert 0 < made["dead"] < 20
        assert set(dead_of(tmp_path / "out/synth-qa/1")) == {
            id for id, text in texts.items() if sum(map(ord, text)) % 4 == 0
        }
        check_books(tmp_path / "out/synth-qa/1", texts)
        again = qa(siku, url, "--input", source, code=1).json
        assert (again["requests"], again["dead"]) == (0, made["dead"])


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--concurrency", "0"), "--concurrency 0"),
        (("--max-failed", "1.5", "--timeout", "-1"), "--timeout -1 and --max-failed 1.5"),
        (("--max-failed", "nan"), "--max-failed nan"),
        (("--limit", "0"), "--limit 0"),
        (("--as", "../../etc"), "--as ../../etc"),
        (("--pairs", "6-3"), "6-3"),
        (("--set", "steps.QuestionAnswers.max_qestion_chars=9"), "max_question_chars"),
        (("--concurency", "9"), "--concurrency"),
        (("--input", "nowhere.jsonl"), "nowhere.jsonl"),
        (("--input", "synth-qb"), "synth-qb"),
        (("--endpoint", "ftp://127.0.0.1"), "no address of an endpoint"),
    ],
)
def test_2_wrong_use(siku: Siku, url: str, server: Endpoint, words: tuple[str, ...], told: str) -> None:
    ran = qa(siku, url, *words, code=2)
    assert ran.json["exit_code"] == 2
    assert told in ran.err
    assert len(ran.err.splitlines()) <= 4
    assert server.requests == 0


def test_2_an_endpoint_is_needed(siku: Siku) -> None:
    assert "--endpoint" in siku("synth-qa", code=2).err


def test_3_too_many_dead(siku: Siku, source: Path, texts: dict[str, str], tmp_path: Path) -> None:
    with Endpoint(lambda request: "抱歉，我不能回答。").running() as url:
        ran = qa(siku, url, "--input", source, code=3)
        assert ran.json["exit_code"] == 3
        assert "more than --max-failed 0.5" in ran.err
        assert "no_json" in ran.err
        assert len(ran.err.splitlines()) == 4
        assert not (tmp_path / "out/synth-qa").exists()
        assert (
            qa(siku, url, "--input", source, "--max-failed", "1", code=3).json["error"]["what"]
            == "no document was kept"
        )


def test_4_nobody_there_a_wrong_key_a_model_that_is_not_there(
    siku: Siku, source: Path, texts: dict[str, str], tmp_path: Path
) -> None:
    with Endpoint(knowing).running() as url:
        began = time.monotonic()
        assert "does not exist" in qa(siku, url, "--input", source, "--model", "qwen", code=4).err
    assert len(qa(siku, url, "--input", source, code=4).err.splitlines()) == 4
    no_key = Raw(401, error_body("Incorrect API key provided", "invalid_request_error"))
    with Endpoint(lambda request: no_key).running() as url:
        ran = qa(siku, url, "--input", source, code=4)
    assert ran.json["exit_code"] == 4
    assert "Incorrect API key provided" in ran.err
    assert time.monotonic() - began < 60


def test_4_and_the_same_command_goes_on_when_the_server_is_back(
    siku: Siku, source: Path, texts: dict[str, str], tmp_path: Path
) -> None:
    def dying(request: ChatRequest) -> Answered:
        return (
            knowing(request) if request.number < 5 else Raw(404, error_body("no such model", "invalid_request_error"))
        )

    first, second = Endpoint(dying), Endpoint(knowing)
    with first.running() as url:
        port = url.rpartition(":")[2].removesuffix("/v1")
        assert "no such model" in qa(siku, url, "--input", source, "--concurrency", "1", code=4).err
    with second.running(int(port)) as url:
        made = qa(siku, url, "--input", source).json
    assert (made["requests"], second.requests) == (7, 7)
    assert made["answered"] == 12
    check_books(tmp_path / "out/synth-qa/1", texts)
