"""Two versions side by side."""

from __future__ import annotations

import json
from pathlib import Path

from builders.engine.build import build
from builders.engine.finish import Request
from builders.engine.plan import apply_settings
from builders.publish.compare import compare
from recipes.text_pretrain import recipe
from tests.corpora import passage


def build_rows(folder: Path, version: str, rows: list[dict[str, str]], *settings: str) -> Path:
    source = folder / f"rows-{version}" / "rows.jsonl"
    source.parent.mkdir()
    source.write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in rows))
    made = apply_settings(recipe, settings)
    return build(Request(recipe=made, inputs=[source], out=folder, version=version, workers=1)).folder


def test_what_came_what_went_what_changed(tmp_path: Path) -> None:
    rows = [{"id": f"r{n}", "text": passage(str(n), 200)} for n in range(8)]
    old = build_rows(tmp_path, "1", rows)
    changed = [rows[0] | {"text": passage("other", 200)}, *rows[1:6], {"id": "new", "text": passage("new", 200)}]
    new = build_rows(tmp_path, "2", changed, "steps.Quality.min_chars=30")
    found = compare(old, new)
    assert (found["a"], found["b"], found["same"]) == ("text-pretrain@1", "text-pretrain@2", False)
    assert found["plan"] == ["steps.Quality.min_chars: 20 -> 30"]
    assert [line.split(":")[0] for line in found["inputs"]] == ["rows.jsonl"]
    assert "rows.train: 8 -> 7" in found["figures"]
    assert {kind: (one["count"], one["ids"]) for kind, one in found["rows"].items()} == {
        "added": (1, ["new"]),
        "removed": (2, ["r6", "r7"]),
        "changed": (1, ["r0"]),
        "moved": (0, []),
        "metadata": (0, []),
    }
    assert compare(old, old)["same"]
    assert not any(compare(old, old)[part] for part in ("plan", "inputs", "figures", "steps"))
