"""What a worker has from the start. The process that workers are copied from imports this, so it is made once for all.

Each worker by itself would take a tenth of a second for it, as long as for a hundred novels' chapters.
"""

from __future__ import annotations

import gc

from builders.dedup import near_duplicates
from builders.engine import stages
from validators.characters import fold_table

__all__ = ["near_duplicates", "stages"]  # nearly every recipe compares, and so folds

fold_table()
gc.freeze()  # it stays: no worker is to look through it again and again, and so to copy its memory
