"""Plans: JSON and back, settings from the command line, what differs between two."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path

import pytest

from builders.engine.plan import apply_settings, differences, digest, fingerprint, parse_value, plan_of, recipe_of
from builders.engine.recipe import Recipe
from builders.steps import Shard, Source
from validators.errors import SikuError
from validators.step import Check


@dataclass(frozen=True, kw_only=True)
class Nothing(Source):
    column: str = "text"


@dataclass(frozen=True, kw_only=True)
class Long(Check):
    min_chars: int = 20
    titles: tuple[str, ...] = ()
    ratio: float | None = None
    strict: bool = False


RECIPE = Recipe(name="toy", version="1", summary="", source=Nothing(), steps=(Long(),))


def long_of(recipe: Recipe) -> Long:
    step = recipe.steps[0]
    assert isinstance(step, Long)
    return step


def test_settings_have_the_type_of_their_field() -> None:
    words = ["min_chars=5", "titles=红楼梦,水浒", "ratio=0.5", "strict=true"]
    recipe = apply_settings(RECIPE, [f"steps.Long.{word}" for word in words] + ["source.column=content"])
    assert long_of(recipe) == Long(min_chars=5, titles=("红楼梦", "水浒"), ratio=0.5, strict=True)
    assert recipe.source == Nothing(column="content")
    assert RECIPE.steps == (Long(),)


def test_all_mistakes_at_once_with_the_nearest_names() -> None:
    wrong = [
        "steps.Lnog.min_chars=5",
        "steps.Long.min_char=5",
        "steps.Long.min_chars=five",
        "steps.Long",
        "steps.Long.stop_share=2",
    ]
    with pytest.raises(SikuError) as caught:
        apply_settings(RECIPE, wrong)
    assert caught.value.exit_code == 2
    assert "5 settings" in caught.value.what
    for word in (
        "did you mean steps.Long?",
        "did you mean min_chars",
        "'five' is not a whole number",
        "between 0 and 1",
    ):
        assert word in caught.value.why


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [("none", int | None, None), ("3", int | None, 3), ("a,b", tuple[str, ...], ("a", "b")), ("", tuple[str, ...], ())],
)
def test_values(text: str, kind: object, value: object) -> None:
    assert parse_value(text, kind) == value


def test_a_plan_runs_again_as_it_was() -> None:
    recipe = apply_settings(RECIPE, ["steps.Long.min_chars=7", "steps.Long.titles=红楼梦"])
    assert recipe_of(plan_of(recipe), RECIPE) == recipe


def test_a_plan_of_another_version_of_a_step_is_refused() -> None:
    plan = plan_of(RECIPE)
    plan["steps"][0]["version"] = 99
    with pytest.raises(SikuError, match="not for this version") as caught:
        recipe_of(plan, RECIPE)
    assert "99 -> 1" in caught.value.why


def test_differences_name_the_field() -> None:
    new = plan_of(apply_settings(RECIPE, ["steps.Long.min_chars=7"]))
    assert differences(plan_of(RECIPE), new) == ["steps.Long.min_chars: 20 -> 7"]


def test_fingerprint_is_identity_not_circumstance() -> None:
    plan = plan_of(RECIPE)
    here, there = (Shard("a.txt", "d1", 3, Path(folder)) for folder in ("/x/a.txt", "/y/a.txt"))
    assert fingerprint(plan, [here]) == fingerprint(plan, [there])
    assert fingerprint(plan, [here]) != fingerprint(plan, [dataclasses.replace(here, digest="d2")])
    assert fingerprint(plan, [here]) != fingerprint(plan_of(RECIPE, limit=1), [here])


def test_a_value_without_a_stable_form_is_refused() -> None:
    with pytest.raises(TypeError):
        digest({"step": object()})


def test_a_step_stands_once_in_a_recipe() -> None:
    with pytest.raises(SikuError, match="stands twice"):
        dataclasses.replace(RECIPE, steps=(Long(), Long()))
