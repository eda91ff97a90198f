"""Your own corpus, with what any recipe can take: personal data masked, benchmarks kept out of the training rows."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from tests.corpora import passage
from tests.running import Siku, digests

QUESTION = "下列关于渡口石碑的记载中，哪一项说明了当年重修石桥所用的银两出自何人之手？"


def written(path: Path, *rows: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return path


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    texts = [passage(str(number), 120) for number in range(12)]
    texts[3] += f"\n有一道題是這樣的：{QUESTION.replace('，', ' ')}"
    texts[5] += "\n联系人的电话是13912345678，邮箱lu@example.com。"
    return written(tmp_path / "corpus.jsonl", *({"id": f"t{n}", "text": text} for n, text in enumerate(texts)))


def build(siku: Siku, corpus: Path, *settings: str, out: str = "out") -> Any:
    words = [word for setting in settings for word in ("--set", f"steps.{setting}")]
    return siku("build", "text-pretrain", "--input", corpus, "--out", out, *words, "--json").json


def test_a_benchmark_is_kept_out_wherever_it_lies(tmp_path: Path, corpus: Path, siku: Siku) -> None:
    built = []
    for place in ("here", "there"):
        folder = written(tmp_path / place / "bench" / "test.jsonl", {"question": QUESTION}).parent
        built.append(build(siku, corpus, f"Decontaminate.benchmarks={folder}", out=f"out-{place}"))
    assert built[0]["fingerprint"] == built[1]["fingerprint"]
    folders = [tmp_path / one["path"] for one in built]
    assert digests(folders[0]) == digests(folders[1])
    dropped = pq.read_table(folders[0] / "dropped").to_pylist()
    assert [(row["id"], row["reason"].partition(":")[0]) for row in dropped] == [("t3", "in benchmark bench")]
    assert "test.jsonl" in dropped[0]["reason"]
    assert "in benchmark bench" in (folders[0] / "report.html").read_text(encoding="utf-8")
    kept = (folders[0] / "manifest.json").read_text(encoding="utf-8") + (folders[0] / "README.md").read_text("utf-8")
    assert str(tmp_path) not in kept


def test_a_kept_plan_asks_where_the_benchmark_lies_now(tmp_path: Path, corpus: Path, siku: Siku) -> None:
    folder = written(tmp_path / "bench" / "test.jsonl", {"question": QUESTION}).parent
    setting = f"steps.Decontaminate.benchmarks={folder}"
    built = siku("build", "text-pretrain", "--input", corpus, "--set", setting, "--json").json
    plan = tmp_path / built["path"] / "manifest.json"
    refused = siku("build", plan, "--input", corpus, "--out", "again", code=2)
    assert "the plan reads 1 files" in refused.err
    again = siku("build", plan, "--input", corpus, "--out", "again", "--set", setting, "--json").json
    assert again["fingerprint"] == built["fingerprint"]
    life = siku("inspect", "text-pretrain", "t3").out
    assert "Decontaminate: refused: in benchmark bench" in life


def test_another_content_is_another_dataset(tmp_path: Path, corpus: Path, siku: Siku) -> None:
    folder = written(tmp_path / "bench" / "test.jsonl", {"question": QUESTION}).parent
    build(siku, corpus, f"Decontaminate.benchmarks={folder}")
    written(folder / "test.jsonl", {"question": f"{QUESTION}请说明理由。"})
    words = ("--set", f"steps.Decontaminate.benchmarks={folder}")
    refused = siku("build", "text-pretrain", "--input", corpus, *words, code=2)
    assert "steps.Decontaminate.reads" in refused.err


def test_a_benchmark_that_is_not_there(corpus: Path, siku: Siku) -> None:
    words = ("--set", "steps.Decontaminate.benchmarks=nowhere")
    assert "nowhere" in siku("build", "text-pretrain", "--input", corpus, *words, code=2).err


@pytest.mark.parametrize("mode", ["report", "mask"])
def test_personal_data(tmp_path: Path, corpus: Path, siku: Siku, mode: str) -> None:
    folder = tmp_path / build(siku, corpus, f"Pii.mode={mode}")["path"]
    text = next(row["text"] for row in pq.read_table(folder / "train").to_pylist() if row["id"] == "t5")
    assert ("13912345678" in text) is (mode == "report")
    assert ("[手机号]" in text) is (mode == "mask")
    evidence = pq.read_table(folder / "evidence").to_pylist()
    assert {row["kind"] for row in evidence if row["step"] == "Pii"} == {"pii: cn_mobile", "pii: email"}
    assert not [row for row in evidence if "13912345678" in row["text"]]
