"""Built pretraining sets as one: `--input out/wiki-pretrain/1 --input out/novel-pretrain/1`, by weight."""

from __future__ import annotations

from builders.dedup.near_duplicates import NearDuplicates
from builders.engine.recipe import Output, Recipe
from builders.mixing.built import TextMixture
from builders.mixing.mix import Mix

recipe = Recipe(
    name="mix-pretrain",
    version="1",
    summary="several pretraining sets as one, each with its weight in rows or characters, drawn by seed",
    source=TextMixture(),
    steps=(
        NearDuplicates(),  # what two of the sets have in common
        Mix(unit="characters"),
    ),
    output=Output(facets=("dataset",)),
    examples="texts",
)
