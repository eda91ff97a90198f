"""Papers to instructions: from the title to the abstract and back, every paper once."""

from __future__ import annotations

from builders.dedup.decontaminate import Decontaminate
from builders.dedup.hold_out import HoldOut
from builders.dedup.near_duplicates import NearDuplicates
from builders.engine.recipe import Output, Recipe
from builders.instruct.abstracts import Abstracts
from builders.instruct.paper_pairs import PaperPairs
from builders.sources.papers import Papers
from builders.text.normalise import Normalise

recipe = Recipe(
    name="paper-abstract",
    version="1",
    summary="papers (CSL, or any table with titles and abstracts) to title → abstract and abstract → title",
    source=Papers(),
    steps=(
        Normalise(),
        Abstracts(),
        Decontaminate(),  # --set steps.Decontaminate.benchmarks=FOLDER
        HoldOut(),  # whole papers, so before the directions are made: both stay on one side
        NearDuplicates(),  # the same paper in several files
        PaperPairs(),
    ),
    output=Output(rows="messages", facets=("direction", "form", "discipline", "category")),
    examples="papers",
)
