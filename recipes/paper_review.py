"""Papers with reviews to instructions: the whole paper, and one review of it by aspects."""

from __future__ import annotations

from builders.dedup.decontaminate import Decontaminate
from builders.dedup.hold_out import HoldOut
from builders.dedup.near_duplicates import NearDuplicates
from builders.engine.recipe import Output, Recipe
from builders.instruct.reviews import Reviews
from builders.instruct.tokens import Tokens
from builders.sources.paper_reviews import PaperReviews

recipe = Recipe(
    name="paper-review",
    version="1",
    summary="papers and their reviews to conversations: a paper, a review by aspects, and how many tokens that is",
    source=PaperReviews(),
    steps=(
        Decontaminate(),  # --set steps.Decontaminate.benchmarks=FOLDER
        HoldOut(),  # whole papers, so before their reviews are told apart
        NearDuplicates(),
        Reviews(),
        Tokens(),
    ),
    output=Output(rows="messages", facets=("aspects", "form", "rating")),
    examples="reviews",
)
