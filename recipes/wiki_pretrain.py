"""Wikipedia to a pretraining set: a dump, or articles that others extracted, to plain text, one article a row."""

from __future__ import annotations

from builders.dedup.decontaminate import Decontaminate
from builders.dedup.hold_out import HoldOut
from builders.dedup.near_duplicates import NearDuplicates
from builders.engine.recipe import Output, Recipe
from builders.sources.wiki import Wiki
from builders.text.normalise import Normalise
from builders.text.sentences import Blocks
from builders.text.wiki_articles import WikiArticles
from validators.quality import Quality

recipe = Recipe(
    name="wiki-pretrain",
    version="1",
    summary="a Wikipedia dump (or extracted articles) to plain text in simplified Chinese, each article once",
    source=Wiki(),
    steps=(
        WikiArticles(),  # simplified Chinese comes out of it, word for word as the page has it: no Simplify after it
        Normalise(),
        Quality(genre="web"),  # of lists and tables, what is left without a sentence goes
        Decontaminate(),  # --set steps.Decontaminate.benchmarks=FOLDER
        HoldOut(),
        NearDuplicates(),
        Blocks(),
    ),
    output=Output(facets=("form",)),
    examples="wiki",
)
