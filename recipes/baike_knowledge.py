"""Encyclopedia entries to questions and answers: saved pages or dumps, every entry once, asked in many ways."""

from __future__ import annotations

from builders.dedup.decontaminate import Decontaminate
from builders.dedup.hold_out import HoldOut
from builders.dedup.near_duplicates import NearDuplicates
from builders.engine.recipe import Output, Recipe
from builders.instruct.knowledge_pairs import KnowledgePairs
from builders.sources.baike import Baike
from builders.text.entries import PlainEntries

recipe = Recipe(
    name="baike-knowledge",
    version="1",
    summary="encyclopedia pages and dumps to questions and answers, every entry asked in several of many ways",
    source=Baike(),
    steps=(
        PlainEntries(),  # text, title, box and headings together: a title alone does not tell its script
        Decontaminate(),  # --set steps.Decontaminate.benchmarks=FOLDER
        HoldOut(),  # whole entries, so before questions are made of them
        NearDuplicates(within="title"),  # crawls overlap; entries of one pattern are no copies of each other
        KnowledgePairs(),
    ),
    output=Output(rows="messages", facets=("question_form", "entry_type")),
    examples="baike",
)
