"""Papers to instructions in both directions: every paper once, and on one side of the hold-out."""

from __future__ import annotations

from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from builders.engine.build import Built, build
from builders.engine.finish import Request
from builders.engine.plan import apply_settings
from builders.publish.verify import verify
from recipes.paper_abstract import recipe
from tests.running import HOME, Siku

Row = dict[str, Any]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    out = tmp_path_factory.mktemp("out")
    return build(Request(recipe=recipe, inputs=[HOME / "examples/papers"], out=out, workers=1))


def rows(folder: Path, name: str = "train") -> list[Row]:
    found: list[Row] = pq.read_table(folder / name).to_pylist()
    return found


def test_each_paper_in_both_directions(built: Built) -> None:
    by_paper = defaultdict(list)
    for row in rows(built.folder):
        by_paper[row["parents"][0]].append(row)
    assert len(by_paper) == 9
    for there, back in by_paper.values():
        assert [there["direction"], back["direction"]] == ["title_to_abstract", "abstract_to_title"]
        assert there["title"] == back["title"] == back["messages"][-1]["content"]
        assert there["messages"][-1]["content"] in back["messages"][0]["content"]


def test_what_went_and_why(built: Built) -> None:
    assert Counter(row["reason"].removeprefix("quarantined: ").partition(": ")[0] for row in rows(built.folder, "dropped")) == {
        "abstract too short": 2,
        "abstract cut off": 1,
        "abstract not Chinese": 1,
        "exact duplicate": 1,
    }  # fmt: skip


def test_other_directions(tmp_path: Path) -> None:
    settings = ["steps.PaperPairs.directions=abstract_to_keywords", "steps.PaperPairs.system=你是一位期刊编辑。"]
    made = build(Request(recipe=apply_settings(recipe, settings), inputs=[HOME / "examples/papers"], out=tmp_path))
    train = rows(made.folder)
    assert {row["messages"][0]["content"] for row in train} == {"你是一位期刊编辑。"}
    assert "候鸟；夜间照明；城市生态" in {row["messages"][-1]["content"] for row in train}
    refused = [row["reason"] for row in rows(made.folder, "dropped") if row["step"] == "PaperPairs"]
    assert refused == ["no keywords: which abstract_to_keywords needs"] * 2


def test_a_paper_that_is_held_out_is_held_out_with_both_directions(siku: Siku, tmp_path: Path) -> None:
    lines = [
        f"第{n}渡口的水位与候鸟\t本文记录第{n}渡口{n * 31}天的水位，发现候鸟在水深{n * 7}厘米处停歇最多，"
        f"比{n * 13}号断面多{n * 3}只，原因与{'东南西北'[n % 4]}岸的遮蔽物有关。"
        for n in range(10, 90)
    ]
    (tmp_path / "papers.tsv").write_text("\n".join(lines), encoding="utf-8")
    siku(
        *["build", "paper-abstract", "--input", tmp_path / "papers.tsv", "--holdout", "第42渡口的水位与候鸟"],
        *["--set", "steps.HoldOut.share=0.2", "--set", "steps.NearDuplicates.jaccard=0.95"],
        *["--set", "steps.NearDuplicates.holdout_jaccard=0.95"],
    )
    folder = tmp_path / "out/paper-abstract/1"
    sides = {name: Counter(row["parents"][0] for row in rows(folder, name)) for name in ("train", "valid")}
    assert set(sides["train"].values()) == set(sides["valid"].values()) == {2}
    assert not sides["train"].keys() & sides["valid"].keys()
    assert 4 < len(sides["valid"]) < 40
    assert "第42渡口的水位与候鸟" in {row["title"] for row in rows(folder, "valid")}
    assert not [finding for finding in verify(folder) if finding["problems"]]


def test_bad_input_beside_good(siku: Siku, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    good = (HOME / "examples/papers/会议论文.jsonl").read_text(encoding="utf-8").splitlines()[1]
    large = '{"title": "很长的一篇", "abstract": "' + "长" * 3_500_000 + '。"}'
    bad = ["[1, 2]", "null", '{"title": {"a": [null]}, "abstract": "x"}', '{"abstract": 5}', "{", large]
    (tmp_path / "in/papers.jsonl").write_text("\n".join([good, *bad]), encoding="utf-8")
    done = siku("build", "paper-abstract", "--input", tmp_path / "in", "--json", code=1).json
    assert (done["rows"]["train"], done["quarantined"], done["dropped"]) == (2, 5, 1)
