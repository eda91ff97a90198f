"""What a dataset was made from is in its manifest by content, and in its card."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from builders.engine.build import build
from builders.engine.finish import Request
from builders.engine.manifest import read_manifest
from builders.engine.recipe import Output, Recipe
from builders.mixing.built import TextMixture
from builders.publish.card import render_card
from builders.publish.versions.lineage import Node, ancestors, tree_lines, writers
from builders.sources.text_files import TextFiles
from tests.corpora import passage


def made(out: Path, name: str, *inputs: Path) -> Path:
    source = TextMixture() if any(path.is_dir() for path in inputs) else TextFiles()
    recipe = Recipe(name=name, version="1", summary="", source=source, steps=(), output=Output())
    return build(Request(recipe=recipe, inputs=inputs, out=out, workers=1)).folder


def manifest_of(folder: Path) -> dict[str, Any]:
    return read_manifest(folder) or {}


@pytest.fixture
def family(tmp_path: Path) -> list[Path]:
    """`grandchild` of `child` and `other`; `child` of `first`."""
    for name in ("first", "other"):
        rows = [json.dumps({"id": f"{name}-{n}", "text": passage(f"{name} {n}", 80)}) for n in range(4)]
        (tmp_path / f"{name}.jsonl").write_text("\n".join(rows))
    first, other = (made(tmp_path / "out", name, tmp_path / f"{name}.jsonl") for name in ("first", "other"))
    child = made(tmp_path / "out", "child", first)
    return [first, other, child, made(tmp_path / "out", "grandchild", child, other)]


def test_the_manifest_keeps_the_parents_and_theirs(family: list[Path]) -> None:
    first, other, child, grandchild = map(manifest_of, family)
    assert first["parents"] == []
    kept = {"name": "first", "version": "1", "fingerprint": first["fingerprint"], "parents": []}
    assert child["parents"] == [kept]
    assert [(one["name"], one["fingerprint"]) for one in grandchild["parents"]] == [
        ("child", child["fingerprint"]),
        ("other", other["fingerprint"]),
    ]
    assert [one["name"] for one in ancestors(grandchild)] == ["child", "first", "other"]


def test_a_child_does_not_depend_on_where_its_parent_lies(family: list[Path], tmp_path: Path) -> None:
    moved = Path(shutil.move(family[0], tmp_path / "elsewhere"))
    again = made(tmp_path / "other out", "child", moved)
    assert (again / "manifest.json").read_bytes() == (family[2] / "manifest.json").read_bytes()


def test_the_card_shows_the_tree(family: list[Path]) -> None:
    card = (family[3] / "README.md").read_text()
    marks = {path.parent.name: manifest_of(path)["fingerprint"][:12] for path in family}
    assert (
        f"grandchild@1\n├─ from child@1, {marks['child']}\n│  └─ from first@1, {marks['first']}\n"
        f"└─ from other@1, {marks['other']}\n```"
    ) in card
    assert "made from built datasets" not in (family[0] / "README.md").read_text()


def test_who_wrote_rows_is_known_down_the_line() -> None:
    written = {"name": "qa", "version": "1", "fingerprint": "a", "model": "m", "parents": []}
    assert writers(
        ancestors({"parents": [{"name": "b", "version": "1", "fingerprint": "b", "parents": [written]}]})
    ) == ["m"]
    assert writers(ancestors({})) == []


def test_what_was_made_of_rows_that_a_model_wrote_is_synthetic(tmp_path: Path, make: Callable[[], Any]) -> None:
    manifest = make().write(tmp_path)
    assert "- synthetic" not in render_card(tmp_path, manifest)
    parent = {"name": "qa", "version": "1", "fingerprint": "a" * 64, "model": "m```\nx", "parents": []}
    card = render_card(tmp_path, manifest | {"parents": [parent]})
    assert "- synthetic\n" in card and "A model wrote it" in card
    assert "└─ from qa@1, written by m x, aaaaaaaaaaaa\n```" in card


def test_a_tree_of_lines() -> None:
    tree = Node("a", [Node("b", [Node("c"), Node("d")]), Node("e", [Node("f")])])
    assert tree_lines(tree) == ["a", "├─ b", "│  ├─ c", "│  └─ d", "└─ e", "   └─ f"]
