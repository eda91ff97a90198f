"""Dialogues from a local model: `siku synth-dialogue --endpoint URL --input DATASET|FILE.jsonl`."""

from __future__ import annotations

from builders.dedup.near_duplicates import NearDuplicates
from builders.engine.recipe import Output, Recipe
from builders.mixing.built import TextMixture
from generators.dialogues import Dialogues
from generators.task import Passages

recipe = Recipe(
    name="synth-dialogue",
    version="1",
    summary="a dialogue of several turns from each passage, explained or acted, from a model (siku synth-dialogue)",
    source=TextMixture(),
    steps=(
        Passages(max_chars=800),
        Dialogues(),  # --set steps.Dialogues.style=情景 makes scenes
        NearDuplicates(),
    ),
    output=Output(rows="messages", facets=("style", "turns", "attempts")),
    examples="texts",
)
