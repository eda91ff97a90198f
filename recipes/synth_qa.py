"""Question-answer pairs from a local model: `siku synth-qa --endpoint URL --input DATASET|FILE.jsonl`."""

from __future__ import annotations

from builders.dedup.near_duplicates import NearDuplicates
from builders.engine.recipe import Output, Recipe
from builders.mixing.built import TextMixture
from generators.question_answers import QuestionAnswers
from generators.task import Passages

recipe = Recipe(
    name="synth-qa",
    version="1",
    summary="three to six grounded question-answer pairs a passage, from a model behind an endpoint (siku synth-qa)",
    source=TextMixture(),
    steps=(
        Passages(),
        QuestionAnswers(),
        NearDuplicates(jaccard=0.8, same_numbers=True),  # pairs that differ in a figure are no copies of each other
    ),
    output=Output(rows="messages", facets=("question_type", "attempts")),
    examples="texts",
    task="question-answering",
)
