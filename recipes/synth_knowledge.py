"""Entries asked in many ways, in part by a local model: `siku synth-knowledge --endpoint URL --input DATASET|FILE`."""

from __future__ import annotations

from builders.dedup.near_duplicates import NearDuplicates
from builders.engine.recipe import Output, Recipe
from builders.mixing.entries import EntryMixture
from builders.text.entries import PlainEntries
from generators.knowledge import Entries, EntryQuestions

recipe = Recipe(
    name="synth-knowledge",
    version="1",
    summary="encyclopedia entries asked in many ways, in part by a model, which answers, too (siku synth-knowledge)",
    source=EntryMixture(),
    steps=(
        PlainEntries(),  # text, title and sense together: a title alone does not tell its script
        Entries(),
        EntryQuestions(),
        NearDuplicates(jaccard=1.0),  # the ways of asking share an answer, so only what is the same in two crawls goes
    ),
    output=Output(rows="messages", facets=("wording", "entry_type", "attempts")),
    examples="baike",
    task="question-answering",
)
