"""What is kept of a document for the decision: files per shard, written block by block and read again by offset.

A folder holds, for its documents in the order of the `add` calls (all numbers little-endian):

    records.bin     one `RECORD` each
    ids.bin         the ids, UTF-8, one after another
    text.bin        the folded texts, UTF-16, one after another
    signatures.bin  one byte for every bin, document after document
    blocks.bin      one `BLOCK` for each block: where it begins in the files above
    books.json      the books, in the order in which they were met
    books.bin       an int32 each: which of these it is of, or NO_BOOK; empty where none is of any

What a decision keeps of a document, beside its id and the text that it reads again, is 280 bytes, 284 with a book.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import math
import re
from array import array
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

import numpy as np
import numpy.typing as npt

from builders.dedup.shingles import Units, fold_units, utf16
from builders.dedup.signatures import EMPTY, bin_minima, borrow
from builders.document import Document
from validators.characters import fold

RECORD = np.dtype(
    [
        ("digest", "<u8"),  # with `digest_2` equal where the folded texts are; of the raw text where nothing is left:
        ("digest_2", "<u4"),  # of 10⁹ texts two different ones are taken for equal once in 10¹¹ corpora
        ("id_end", "<u4"),  # in bytes, counted from where the ids of the block begin
        ("text_end", "<u4"),  # in units, likewise
        ("quality", "<u2"),  # in thousandths
        ("has_ngrams", "?"),  # False for a text that is shorter than one
        ("valid", "?"),  # held out by title
    ]
)
BLOCK = np.dtype([("row", "<u8"), ("id", "<u8"), ("text", "<u8")])  # documents, bytes, units before it
DIGEST = np.dtype([("digest", "<u8"), ("digest_2", "<u4")])
NO_BOOK = -1
Records = npt.NDArray[np.void]

_BLOCK_UNITS = 1 << 19
_BLOCK_DOCUMENTS = 1024  # of short texts nearly all bins are empty, and each costs some hundred bytes to fill
_FILES = ("records", "ids", "text", "signatures", "blocks")
_DAMAGE_WEIGHT = 50  # at 2 % of damaged characters a text is worth nothing beside an undamaged copy


def _digest(folded: Units, raw: bytes) -> bytes:
    """SHA-256, for which processors have instructions, cut to the bytes of a record."""
    made_of = folded.tobytes() if len(folded) else b"no letters:" + raw  # of an odd length, as no other
    return hashlib.sha256(made_of).digest()[: DIGEST.itemsize]


def damage_quality(texts: Sequence[bytes]) -> npt.NDArray[np.int64]:
    """The quality of texts by what encoding errors left in them, in thousandths: U+FFFD and private-use characters."""
    units = np.frombuffer(b"".join(texts), dtype="<u2")
    private_use = units - np.uint16(0xE000) < 0x1900  # wraps around: one comparison for a range
    damaged = np.flatnonzero(private_use | (units == 0xFFFD))
    lengths = np.array([len(text) // 2 for text in texts])
    ends = np.searchsorted(damaged, np.cumsum(lengths))
    share = np.diff(ends, prepend=0) / np.maximum(lengths, 1)
    quality: npt.NDArray[np.int64] = np.rint(1000 * np.maximum(0.0, 1.0 - _DAMAGE_WEIGHT * share)).astype(np.int64)
    return quality


def _given_quality(document: Document) -> int | None:
    given = document.meta.get("quality")
    if not isinstance(given, int | float) or not math.isfinite(given):
        return None
    return round(1000 * min(1.0, max(0.0, given)))


def _salt(value: object) -> int:
    """16 bits for the characters of a text, so that texts of different values have no n-gram in common.

    Two values in 65,536 have the same bits; their texts are compared as if the values were equal.
    """
    if value is None or value == "":
        return 0
    return int.from_bytes(hashlib.blake2b(fold(str(value)).encode("utf-8", "surrogatepass"), digest_size=2).digest())


_NUMBER = re.compile("[0-9]+|[a-z]{2,}|[〇零一二三四五六七八九十百千万亿两]{2,}")  # in folded text; Latin words count


class ShardSketch:
    """The `SketchWriter` of near-duplicate removal; holds one block of documents, and which book each one is of."""

    def __init__(self, folder: Path, *, ngram_chars: int, within: str = "", same_numbers: bool = False) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder, self._ngram_chars = folder, ngram_chars
        self._within, self._same_numbers = within, same_numbers
        self._salts: list[int] = []
        self._files: dict[str, BinaryIO] = {name: (folder / f"{name}.bin").open("wb") for name in _FILES}
        self._books: dict[str, int] = {}
        self._book_of = array("i")
        self._documents: list[tuple[bytes, int | None, bool]] = []  # id, quality, valid
        self._texts: list[bytes] = []
        self._units = 0
        self._begins = np.zeros(1, dtype=BLOCK)  # of the block that is being filled

    def add(self, document: Document) -> None:
        text = utf16(document.compared_text)
        name = document.id.encode("utf-8", "surrogatepass")
        self._documents.append((name, _given_quality(document), document.split == "valid"))
        self._book_of.append(self._book(document.meta.get("book")))
        self._texts.append(text)
        self._salts.append(self._salt_of(document))
        self._units += len(text) // 2
        if self._units >= _BLOCK_UNITS or len(self._texts) >= _BLOCK_DOCUMENTS:
            self._write_block()

    def _salt_of(self, document: Document) -> int:
        value = document.meta.get(self._within) if self._within else None
        numbers = " ".join(sorted(set(_NUMBER.findall(fold(document.compared_text))))) if self._same_numbers else ""
        return _salt(f"{value or ''}\0{numbers}" if numbers else value)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is None:
                self._finish()
        finally:
            for file in self._files.values():
                with contextlib.suppress(OSError):  # a full disk has been reported by then
                    file.close()

    def _finish(self) -> None:
        if self._texts:
            self._write_block()
        for file in self._files.values():
            file.flush()
        (self._folder / "books.json").write_text(json.dumps(list(self._books)), encoding="ascii")
        np.array(self._book_of if self._books else [], dtype="<i4").tofile(self._folder / "books.bin")

    def _book(self, name: object) -> int:
        return self._books.setdefault(name, len(self._books)) if isinstance(name, str) and name else NO_BOOK

    def _write_block(self) -> None:
        folded, ends = fold_units(self._texts)
        if self._within or self._same_numbers:
            folded = folded ^ np.repeat(np.array(self._salts, dtype="<u2"), np.diff(ends, prepend=0))
        minima = bin_minima(folded, ends, self._ngram_chars)
        records = np.zeros(len(ends), dtype=RECORD)
        ids, qualities, valid = zip(*self._documents, strict=True)
        records["id_end"] = np.cumsum([len(name) for name in ids])
        records["text_end"] = ends
        texts = np.split(folded, ends[:-1])
        digests = np.frombuffer(b"".join(map(_digest, texts, self._texts)), dtype=DIGEST)
        records["digest"], records["digest_2"] = digests["digest"], digests["digest_2"]
        records["valid"] = valid
        own = damage_quality(self._texts)
        records["quality"] = [own if given is None else given for given, own in zip(qualities, own, strict=True)]
        records["has_ngrams"] = (minima != EMPTY).any(axis=1)
        borrow(minima)
        for name, data in {
            "records": records,
            "text": folded,
            "signatures": minima.astype(np.uint8),
            "blocks": self._begins,
        }.items():
            self._files[name].write(data.tobytes())
        self._files["ids"].write(b"".join(ids))
        for name, count in (("row", len(ends)), ("id", records["id_end"][-1]), ("text", records["text_end"][-1])):
            self._begins[name] += count
        self._documents, self._texts, self._salts, self._units = [], [], [], 0
