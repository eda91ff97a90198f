"""Novels to a pretraining set: from a folder of books in any encoding to clean chapters, each text once."""

from __future__ import annotations

from builders.dedup.decontaminate import Decontaminate
from builders.dedup.hold_out import HoldOut
from builders.dedup.near_duplicates import NearDuplicates
from builders.engine.recipe import Output, Recipe
from builders.sources.novels import Novels
from builders.text.chapters import Chapters
from builders.text.normalise import Normalise
from builders.text.reflow import Reflow
from builders.text.script import Simplify
from builders.text.sentences import Blocks
from builders.text.site_ads import SiteAds
from validators.quality import Quality

recipe = Recipe(
    name="novel-pretrain",
    version="1",
    summary="novels in mixed encodings to clean chapters of simplified Chinese, each text once",
    source=Novels(),
    steps=(
        Chapters(),  # on the lines as they stand in the file: a heading is a line
        SiteAds(),  # before lines are joined: an advertisement is a line, too
        Reflow(),  # indents and line lengths tell the paragraphs, so before blanks go
        Normalise(),
        Simplify(),
        Quality(),
        Decontaminate(),  # --set steps.Decontaminate.benchmarks=FOLDER
        HoldOut(),
        NearDuplicates(),  # 0.7: copies with 3 % noise or a tenth of the sentences lost lie above it
        Blocks(),
    ),
    output=Output(facets=("title", "encoding")),
    examples="novels",
)
