"""Stage 2 of a chat model, knowledge: from `baike-knowledge`, `synth-qa`, or files of conversations."""

from __future__ import annotations

from builders.dedup.decontaminate import Decontaminate
from builders.dedup.near_duplicates import NearDuplicates
from builders.engine.recipe import Output, Recipe
from builders.mixing.built import ChatMixture
from builders.mixing.mix import Mix

recipe = Recipe(
    name="chat-stage2",
    version="1",
    summary="stage 2 of a chat model: knowledge, mixed by weight",
    source=ChatMixture(),
    steps=(
        Decontaminate(),
        NearDuplicates(jaccard=1.0),  # copies only: two windows of one conversation share most of their text
        Mix(),  # --set steps.Mix.weights=baike-knowledge=2,weibo=1
    ),
    output=Output(rows="messages", facets=("dataset", "format")),
    examples="knowledge",
)
