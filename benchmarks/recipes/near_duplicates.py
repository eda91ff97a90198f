"""Rows to rows: near-duplicates are removed, and nothing else is done."""

from __future__ import annotations

from builders.dedup.near_duplicates import NearDuplicates
from builders.engine.recipe import Recipe
from builders.sources.text_files import TextFiles

recipe = Recipe(
    name="near-duplicates",
    version="1",
    summary="rows with a column `text`, each text once",
    source=TextFiles(),
    steps=(NearDuplicates(),),
)
