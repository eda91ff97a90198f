"""Every recipe builds from its shipped examples, is proved by `verify`, and loads as a dataset without conversion."""

from __future__ import annotations

from pathlib import Path

import pytest
from datasets import load_dataset

from builders.engine.build import build
from builders.engine.finish import Request
from builders.engine.recipe import Recipe, find_recipe, recipe_files
from builders.publish.verify import verify
from generators.demo.server import Endpoint
from generators.progress import SynthesisProgress
from generators.synthesise import Order, synthesise
from generators.task import Task
from tests.running import HOME, digests

NAMES = [path.stem.replace("_", "-") for path in recipe_files(HOME / "recipes")]


def answered(recipe: Recipe, inputs: list[Path], out: Path) -> Recipe:
    """The recipe with the replies of the demo endpoint."""
    with Endpoint().running() as url:
        order = Order(recipe=recipe, inputs=inputs, out=out, endpoints=[url])
        return synthesise(order, SynthesisProgress(quiet=True)).recipe


@pytest.mark.parametrize("name", NAMES)
def test_it_builds_from_its_examples(name: str, tmp_path: Path) -> None:
    recipe = find_recipe(name, HOME / "recipes")
    assert recipe.name == name
    inputs = [HOME / "examples" / recipe.examples]
    if any(isinstance(step, Task) for step in recipe.steps):
        recipe = answered(recipe, inputs, tmp_path / "out")
    built = build(Request(recipe=recipe, inputs=inputs, out=tmp_path / "out", workers=1))
    assert not [finding for finding in verify(built.folder) if finding["problems"]]
    loaded = load_dataset(str(built.folder), cache_dir=str(tmp_path / "cache"))
    assert loaded["train"].num_rows == built.manifest["rows"]["train"] > 0
    row = loaded["train"][0]
    if recipe.output.rows == "text":
        assert row["text"].strip()
    else:
        roles = [message["role"] for message in row["messages"]]
        assert roles[roles[0] == "system" :] == ["user", "assistant"] * (len(roles) // 2)
        assert all(message["content"].strip() for message in row["messages"])
        assert isinstance(row["parents"], list)
    again = build(Request(recipe=recipe, inputs=inputs, out=tmp_path / "again", workers=2))
    assert digests(again.folder) == digests(built.folder)
