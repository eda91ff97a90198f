"""Chats, posts with their answers, questions and answers to conversations for fine-tuning, each once."""

from __future__ import annotations

from builders.dedup.decontaminate import Decontaminate
from builders.dedup.hold_out import HoldOut
from builders.dedup.near_duplicates import NearDuplicates
from builders.engine.recipe import Output, Recipe
from builders.instruct.answers import Answers
from builders.sources.conversations import Conversations
from builders.text.normalise import Normalise
from builders.text.pii import Pii
from builders.text.script import Simplify
from builders.text.utterances import CleanTurns
from builders.text.windows import Windows

recipe = Recipe(
    name="dialogue-sft",
    version="1",
    summary="chats, posts and answers in twenty formats to messages: cleaned, each once, every answer with its context",
    source=Conversations(),
    steps=(
        CleanTurns(),  # before Normalise, which takes the marks that make a sign a picture
        Normalise(),
        Simplify(),
        Answers(),  # before copies are looked for, so that what is kept of two is there
        Pii(),  # counted; --set steps.Pii.mode=mask takes them out
        Decontaminate(),  # --set steps.Decontaminate.benchmarks=FOLDER
        HoldOut(),
        NearDuplicates(jaccard=0.9),  # whole conversations; lower, other answers to one long post would go
        Windows(),  # 230 characters before each answer, as a model with 256 tokens of input needs; 0: whole
    ),
    output=Output(rows="messages", facets=("format", "source")),
    examples="dialogue",
)
