"""Instruction sets in many formats to one of conversations: checked, every question with its answer once."""

from __future__ import annotations

from builders.dedup.decontaminate import Decontaminate
from builders.dedup.hold_out import HoldOut
from builders.dedup.near_duplicates import NearDuplicates
from builders.engine.recipe import Output, Recipe
from builders.instruct.answers import Answers
from builders.instruct.tidy import Tidy
from builders.sources.conversations import Conversations
from builders.text.pii import Pii

recipe = Recipe(
    name="instruct-sft",
    version="1",
    summary="Alpaca, Belle, Firefly, COIG, MOSS, ShareGPT and OpenAI messages to one set of conversations",
    source=Conversations(),
    steps=(
        Tidy(),  # and no Normalise: it takes the indents out of code
        Answers(),
        Pii(),  # counted; --set steps.Pii.mode=mask takes them out
        Decontaminate(),  # --set steps.Decontaminate.benchmarks=FOLDER
        HoldOut(),
        NearDuplicates(),  # the same rows in several sets, without their system prompts
    ),
    output=Output(rows="messages", facets=("source", "format")),
    examples="instruct",
)
