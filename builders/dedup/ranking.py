"""Which of two copies is the better one."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Integers = npt.NDArray[np.int64]


def _ranks(names: Sequence[bytes]) -> Integers:
    """The place of each name in the sorted order; equal names share one."""
    ranks = np.zeros(len(names), dtype=np.int64)
    rank, last = -1, None
    for place in sorted(range(len(names)), key=names.__getitem__):
        if names[place] != last:
            rank, last = rank + 1, names[place]
        ranks[place] = rank
    return ranks


def best_first(
    *,
    ids: Sequence[bytes],
    books: Integers,
    book_names: Sequence[bytes],
    valid: npt.NDArray[np.bool_],
    quality: Integers,
    chars: Integers,
    digest: npt.NDArray[np.uint64],
) -> Integers:
    """The documents in the order in which they claim their place: the first of two copies stays.

    1. What is held out stays before what is not.
    2. Books: by mean quality in steps of a tenth, then by the characters of the whole book, then by name, so that the
       best and most complete edition wins as a whole and not chapter by chapter. A document without a book
       (`books` is -1) stands for itself.
    3. Documents: by quality (in thousandths), then by id.

    Whole numbers only, so that no sum depends on the order in which the documents come.
    """
    alone = books < 0
    group = np.where(alone, len(book_names) + np.cumsum(alone) - 1, books)
    group_chars, good_chars = np.zeros((2, len(book_names) + int(alone.sum())), dtype=np.int64)
    np.add.at(group_chars, group, chars)
    np.add.at(good_chars, group, chars * quality)
    tenths = (good_chars // np.maximum(group_chars, 1) + 50) // 100
    name = np.where(alone, len(book_names), np.append(_ranks(book_names), 0)[books])
    # The digest decides only between documents that wrongly share an id.
    keys = (digest[:, 1], digest[:, 0], _ranks(ids), -quality, name, -group_chars[group], -tenths[group], ~valid)
    return np.lexsort(keys).astype(np.int64)
