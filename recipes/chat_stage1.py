"""Stage 1 of a chat model, dialogue and questions with answers: from `dialogue-sft`, or files of conversations."""

from __future__ import annotations

from builders.dedup.decontaminate import Decontaminate
from builders.dedup.near_duplicates import NearDuplicates
from builders.engine.recipe import Output, Recipe
from builders.mixing.built import ChatMixture
from builders.mixing.mix import Mix

recipe = Recipe(
    name="chat-stage1",
    version="1",
    summary="stage 1 of a chat model: dialogue and QA, mixed by weight",
    source=ChatMixture(),
    steps=(
        Decontaminate(),
        NearDuplicates(jaccard=1.0),  # copies only: two windows of one conversation share most of their text
        Mix(),  # --set steps.Mix.weights=dialogue-sft=3,medical=1
    ),
    output=Output(rows="messages", facets=("dataset", "format")),
    examples="dialogue",
)
