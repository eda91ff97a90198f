"""`siku diff`: what it prints, its JSON, its page; texts of the corpus break none of them."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from builders.publish.versions.shifts import ledgers, shift, shifts
from tests.corpora import passage
from tests.running import Siku

HOSTILE = "<script>alert(1)</script>\u202e<img src=x onerror=alert(1)>"


@pytest.fixture
def two(tmp_path: Path, siku: Siku) -> Path:
    """`text-pretrain@1` and `@2`: a row more, a row less, one changed, other sources, another setting."""
    rows = [{"id": f"r{n}", "text": passage(str(n), 200), "kind": f"k{n % 3}"} for n in range(12)]
    changed = [rows[0] | {"text": rows[0]["text"][:50] + HOSTILE + rows[0]["text"][50:]}, *rows[1:11]]
    changed += [{"id": "new<i>", "text": HOSTILE + passage("new", 200), "kind": HOSTILE}]
    for name, written in (("1", rows), ("2", changed)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "rows.jsonl").write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in written))
    words = ("build", "text-pretrain", "-q", "--set", "output.facets=kind", "--input")
    siku(*words, "1/rows.jsonl")
    siku(*words, "2/rows.jsonl", "--as", "2", "--set", "steps.Quality.min_chars=30")
    return tmp_path


def test_what_is_printed(two: Path, siku: Siku) -> None:
    told = siku("diff", "text-pretrain@1", "text-pretrain@2").out
    assert "text-pretrain@1 -> text-pretrain@2: different" in told
    assert "    steps.Quality.min_chars: 20 -> 30\n" in told
    assert re.search(r"inputs:\n    rows\.jsonl: \"\w{12}\" -> \"\w{12}\"\n", told)
    assert re.search(r"    kind: [\d.]+ % of characters are elsewhere; ", told)
    assert "    1 added\n        new<i>\n          + <script>" in told
    assert "    1 removed\n        r11\n          - " in told
    assert "\u202e" not in told


def test_both_are_looked_for(two: Path, siku: Siku) -> None:
    error = siku("diff", "text-pretrian", "nothing@1", code=2).err
    assert "'text-pretrian' (did you mean text-pretrain?)" in error
    assert "'nothing@1' (there is: text-pretrain@1, text-pretrain@2)" in error
    assert [line.partition(":")[0] for line in error.splitlines()] == ["error", "where", "why", "next"]


def test_json_has_all_of_it(two: Path, siku: Siku) -> None:
    found = siku("diff", "text-pretrain@1", "text-pretrain@2", "--to", "d", "--report", "p/x.html", "--json").json
    assert found["pages"] == ["d/diff.html", "p/x.html"]
    assert (two / "d/diff.html").read_bytes() == (two / "p/x.html").read_bytes()
    assert {kind: one["count"] for kind, one in found["rows"].items()} == {
        "added": 1,
        "removed": 1,
        "changed": 1,
        "moved": 0,
        "metadata": 0,
    }
    assert found["plan"] == ["steps.Quality.min_chars: 20 -> 30"]
    assert found["shifts"]["columns"]["kind"]["values"]
    assert sum(found["shifts"]["lengths"]["train"]["before"]) == 12
    assert found["shifts"]["columns"]["kind"]["shift"] > 0
    same = siku("diff", "text-pretrain@1", "text-pretrain@1", "--json").json
    assert same["same"] and not any(same[part] for part in ("plan", "inputs", "figures", "steps", "ledger"))
    assert same["shifts"]["lengths"]["train"]["shift"] == 0 and not same["rows"]["changed"]["count"]


def test_the_page_holds_no_foreign_element_and_loads_nothing(two: Path, siku: Siku) -> None:
    siku("diff", "text-pretrain@1", "text-pretrain@2", "--report", "d.html")
    page = (two / "d.html").read_text()
    assert HOSTILE not in page and "<script" not in page and "<img" not in page and "\u202e" not in page
    assert "&lt;script&gt;alert(1)" in page and "<ins>" in page
    assert not re.search(r"(?:src|href)=\"(?!#)", page)
    titles = re.findall(r"<h2 id=\"(\w[\w-]*)-title\"", page)
    assert titles == ["totals", "plan", "inputs", "steps", "lengths", "column-0", "added", "removed", "changed"]
    assert "<svg" in page and "Shares of 12 before and 12 after" in page


def test_how_far_a_distribution_moved() -> None:
    assert shift({"a": 1, "b": 1}, {"a": 2, "b": 2}) == 0
    assert shift({"a": 1, "b": 1}, {"a": 3, "b": 1}) == 0.25
    assert shift({"a": 1}, {"b": 9}) == 1
    assert shift({}, {"a": 1}) is None


def test_steps_and_notes_that_differ() -> None:
    def manifest(dropped: dict[str, int], notes: dict[str, int]) -> dict[str, object]:
        step = {"name": "Quality", "in": 9, "out": 9 - sum(dropped.values()), "characters_removed": 0}
        return {
            "ledger": {"steps": [step | {"dropped": dropped, "notes": notes}]},
            "statistics": {"length_edges": [0, 10], "lengths": {}, "facets": {}},
        }

    old, new = manifest({"too short": 2}, {"script": 1}), manifest({"too short": 2, "odd": 3}, {"script": 4})
    assert ledgers(old, new) == [
        {"step": "Quality", "in": [9, 9], "out": [7, 4], "characters_removed": [0, 0], "rules": {"odd": [0, 3]}}
    ]
    assert shifts(old, new)["notes"] == [{"step": "Quality", "kind": "script", "before": 1, "after": 4}]
    assert ledgers(old, old) == []
