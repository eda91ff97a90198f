"""Which of two copies is the better one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Integers = npt.NDArray[np.int64]


def _ranks(names: pa.LargeBinaryArray) -> npt.NDArray[np.int32]:
    """The place of each name in the sorted order, byte by byte; equal names share one."""
    in_order = pc.array_sort_indices(names)
    names = names.take(in_order)
    is_new = pc.not_equal(names[1:], names[:-1]).to_numpy(zero_copy_only=False)
    ranks = np.zeros(len(names), dtype=np.int32)
    ranks[in_order.to_numpy()[1:]] = np.cumsum(is_new, dtype=np.int32)
    return ranks


def best_first(
    *,
    ids: pa.LargeBinaryArray,
    books: Integers,
    book_names: Sequence[bytes],
    valid: npt.NDArray[np.bool_],
    quality: Integers,
    chars: Integers,
    digests: Sequence[npt.NDArray[np.unsignedinteger]],
) -> Integers:
    """The documents in the order in which they claim their place: the first of two copies stays.

    1. What is held out stays before what is not.
    2. Books: by mean quality in steps of a tenth, then by the characters of the whole book, then by name, so that the
       best and most complete edition wins as a whole and not chapter by chapter. A document without a book
       (`books` is -1) stands for itself.
    3. Documents: by quality (in thousandths), then by id.

    Whole numbers only, so that no sum depends on the order in which the documents come.
    """
    id_rank = _ranks(ids)
    # The digest decides only between documents that wrongly share an id.
    shared = len(ids) and int(id_rank.max()) + 1 < len(ids)
    last = reversed(digests) if shared else ()
    return np.lexsort((*last, id_rank, *_claims(books, book_names, quality, chars), ~valid))


def _claims(
    books: Integers, book_names: Sequence[bytes], quality: Integers, chars: Integers
) -> Iterator[npt.NDArray[np.signedinteger]]:
    """The keys of a document that come before its id, the least important first; as small as they can be."""
    alone = books < 0
    group = np.where(alone, len(book_names) + np.cumsum(alone) - 1, books)
    group_chars, good_chars = np.zeros((2, len(book_names) + int(alone.sum())), dtype=np.int64)
    np.add.at(group_chars, group, chars)
    np.add.at(good_chars, group, chars * quality)
    name_ranks = _ranks(pa.array(book_names, pa.large_binary()))
    yield (-quality).astype(np.int16)
    yield np.where(alone, np.int32(len(book_names)), np.append(name_ranks, np.int32(0))[books])
    yield -group_chars[group]
    yield (-((good_chars // np.maximum(group_chars, 1) + 50) // 100)).astype(np.int8)[group]
