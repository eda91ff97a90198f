"""Your own corpus to a pretraining set: JSONL, Parquet, CSV or plain text, normalised, checked, each text once."""

from __future__ import annotations

from builders.dedup.decontaminate import Decontaminate
from builders.dedup.hold_out import HoldOut
from builders.dedup.near_duplicates import NearDuplicates
from builders.engine.recipe import Output, Recipe
from builders.sources.text_files import TextFiles
from builders.text.normalise import Normalise
from builders.text.pii import Pii
from builders.text.sentences import Blocks
from validators.quality import Quality

recipe = Recipe(
    name="text-pretrain",
    version="1",
    summary="any JSONL, Parquet, CSV or .txt with a column `text`: normalised, checked, each text once",
    source=TextFiles(),
    steps=(
        Normalise(),
        Quality(),
        Pii(),  # counted; --set steps.Pii.mode=mask takes them out
        Decontaminate(),  # --set steps.Decontaminate.benchmarks=FOLDER
        HoldOut(),
        NearDuplicates(),
        Blocks(),
    ),
    output=Output(facets=("source",)),
    examples="texts",
)
