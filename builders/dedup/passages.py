"""What benchmarks say, and whether a text knows an item of one."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby, pairwise
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from builders.dedup.benchmarks import Item, read_benchmarks
from builders.dedup.ngram_table import (
    CHUNK_UNITS,
    Flags,
    NgramTable,
    Places,
    Texts,
    covered_by,
    sums_before,
    window_hashes,
)
from builders.dedup.shingles import Units, fold_units, utf16
from validators.characters import fold_table
from validators.errors import SikuError

# What a unit weighs: a word of Latin letters has about as much to say as a Han character, a number says nothing.
_HAN_WEIGHT, _LETTER_WEIGHT = 5, 1
_LONG_CHARS = 50  # so many in a row are no chance, however long the text is
_SHORT_CHARS = 20  # fewer than these may be a saying, a verse or a slogan that an option quotes
_WHOLE_SHARE = 0.9
_MOST_QUESTIONS_OF_A_PASSAGE = 20  # a text that more items have is an instruction
_BATCH_TEXTS = 4096


class Hit(NamedTuple):
    """The item that a text knows, and the longest piece that they share, as it stands in the text."""

    benchmark: str
    place: str
    text: str


class _Run(NamedTuple):
    """A piece that a text shares: from where to where among the passages, and where it begins in the text."""

    start: int
    end: int
    at: int


def _unit_weights() -> npt.NDArray[np.int64]:
    """What every UTF-16 code unit weighs; the second half of a pair nothing, since the first stands for both."""
    table = np.array([_LETTER_WEIGHT * chr(code).isalpha() for code in range(0x10000)], dtype=np.int64)
    for first, end in ((0x1100, 0x1200), (0x2E80, 0xDC00), (0xF900, 0xFB00)):
        table[first:end] = _HAN_WEIGHT
    return table


@dataclass(eq=False)
class _Reader:
    """The folded texts of the items, in order; a text that an item has twice is there once."""

    ngram_chars: int
    items: list[Item] = field(default_factory=list)  # without their texts
    first_text: list[int] = field(default_factory=list)  # of every item
    texts: list[bytes] = field(default_factory=list)
    questions: list[bool] = field(default_factory=list)
    groups: list[int] = field(default_factory=list)
    counts: list[float] = field(default_factory=list)
    is_first: list[bool] = field(default_factory=list)
    too_short: Counter[str] = field(default_factory=Counter)

    def read(self, benchmarks: Sequence[str]) -> None:
        for group, (_, items) in enumerate(groupby(read_benchmarks(benchmarks), lambda item: item.benchmark)):
            begin = len(self.texts)
            for batch in _batches(items):
                self._add(batch)
            texts = self.texts[begin:]
            self.groups += [group] * len(texts)
            copies, seen = Counter(texts), set[bytes]()
            for text in texts:
                self.counts.append(1.0 if copies[text] > _MOST_QUESTIONS_OF_A_PASSAGE else 1 / copies[text])
                self.is_first.append(text not in seen)
                seen.add(text)

    def _add(self, batch: Sequence[Item]) -> None:
        units, ends = fold_units([utf16(text) for item in batch for text in item.texts])
        bounds = pairwise([0, *ends.tolist()])
        for item in batch:
            self.first_text.append(len(self.texts))
            folded: dict[bytes, bool] = {}
            for is_question, (start, end) in zip(item.questions, bounds, strict=False):
                if end > start:
                    text = units[start:end].tobytes()
                    folded[text] = folded.get(text, False) or is_question
            self.texts += folded
            self.questions += folded.values()
            self.too_short[item.benchmark] += all(len(text) < 2 * self.ngram_chars for text in folded)
            self.items.append(item._replace(texts=[], questions=[]))


def _batches(items: Iterator[Item]) -> Iterator[list[Item]]:
    batch: list[Item] = []
    waiting = 0
    for item in items:
        batch.append(item)
        waiting += len(item.texts)
        if waiting >= _BATCH_TEXTS:
            yield batch
            batch, waiting = [], 0
    if batch:
        yield batch


@dataclass(frozen=True, eq=False)
class Passages:
    """The folded texts of all items, and a table of their n-grams.

    Memory: about 30 bytes for a character of the benchmarks.
    """

    ngram_chars: int
    items: Sequence[Item]
    too_short: Counter[str]  # items of a benchmark without a text of one n-gram: nobody looks for those
    recurring: int  # n-grams that are no sign of anything
    units: Units  # the texts one after another, each with a 0 in front and behind
    starts: Places  # of every text, and where one more would start
    questions: Flags  # whether a text is the question of its item
    first_text: Places  # of every item, and of one more
    weight_before: npt.NDArray[np.int32]  # of all units before this one, without those that recur
    table: NgramTable

    @staticmethod
    def of(benchmarks: Sequence[str], ngram_chars: int, max_items: int) -> Passages:
        """All texts of these files and folders. An n-gram that more than `max_items` of a benchmark have recurs.

        Raises SikuError as `read_benchmarks` does, and where no text is as long as an n-gram.
        """
        reader = _Reader(ngram_chars)
        reader.read(benchmarks)
        if sum(reader.too_short.values()) == len(reader.items):
            raise SikuError(
                f"no item of the benchmarks has a text of {ngram_chars} characters",
                where=", ".join(benchmarks),
                next="name files of questions, or set a smaller ngram_chars",
            )
        units = np.frombuffer(b"\0\0".join([b"", *reader.texts, b""]), dtype="<u2")
        weights = _unit_weights().take(units)
        texts = Texts(np.array(reader.groups), np.array(reader.counts), np.array(reader.is_first))
        table, recurring = NgramTable.of(units, weights, ngram_chars, texts, max_items)
        weights[covered_by(recurring.places, ngram_chars, len(units))] = 0
        return Passages(
            ngram_chars=ngram_chars,
            items=reader.items,
            too_short=reader.too_short,
            recurring=recurring.ngrams,
            units=units,
            starts=np.flatnonzero(units == 0) + 1,
            questions=np.array(reader.questions),
            first_text=np.array([*reader.first_text, len(reader.texts)]),
            weight_before=sums_before(weights),
            table=table,
        )

    def find(self, text: str, min_share: float) -> Hit | None:
        """The item of which the text has the most, if that is enough to say that the text knows the item.

        At least `ngram_chars` in a row have to be the same, and either `min_share` of all that the item says; or, of
        one of its texts, `min_share` and 20 characters, or 50 in a row; or the whole question. So a saying that an
        option quotes is no sign.
        """
        units = fold_table().take(np.frombuffer(utf16(text), dtype="<u2"))
        units = units.compress(units != 0)
        runs = self._runs(units)
        if not runs:
            return None
        folded = units.tobytes().decode("utf-16-le", "surrogatepass")
        enough = [hit for item in runs if (hit := self._judge(item, runs[item], folded, min_share))]
        if not enough:
            return None
        _, number, run = max(enough, key=lambda hit: (hit[0], -hit[1]))
        item = self.items[number]
        return Hit(item.benchmark, item.place, _unfolded(text, run.at, run.at + run.end - run.start))

    def _runs(self, units: Units) -> dict[int, dict[int, list[_Run]]]:
        """The pieces that are the same, as long as they go, by item and by text of it."""
        runs: dict[int, dict[int, list[_Run]]] = defaultdict(lambda: defaultdict(list))
        done: dict[int, int] = {}
        for at, place in self._hits(units):
            if done.get(place - at, 0) > at:
                continue
            before = _alike(units[:at][::-1], self.units[:place][::-1])
            after = _alike(units[at:], self.units[place:])
            done[place - at] = at + after
            text = int(np.searchsorted(self.starts, place, side="right")) - 1
            item = int(np.searchsorted(self.first_text, text, side="right")) - 1
            runs[item][text].append(_Run(place - before, place + after, at - before))
        return runs

    def _judge(
        self, item: int, runs: dict[int, list[_Run]], folded: str, min_share: float
    ) -> tuple[int, int, _Run] | None:
        """How much of an item a text has, the item, and the longest run; `None` if it is not enough."""
        every = [run for of_text in runs.values() for run in of_text]
        longest = max(every, key=lambda run: (self._weight(run.start, run.end), -run.start))
        if self._weight(longest.start, longest.end) < _HAN_WEIGHT * self.ngram_chars:
            return None
        covered = {text: self._covered(of_text) for text, of_text in runs.items()}
        is_known = self._weight(longest.start, longest.end) >= _HAN_WEIGHT * _LONG_CHARS
        for text, weight in covered.items():
            whole = self._weight(*self._bounds(text))
            is_known |= weight >= max(min_share * whole, _HAN_WEIGHT * _SHORT_CHARS)
            is_known |= bool(self.questions[text]) and weight >= max(
                _WHOLE_SHARE * whole, _HAN_WEIGHT * self.ngram_chars
            )
        first, end = self.first_text[item : item + 2].tolist()
        total = sum(covered.values())
        if not is_known:
            total += sum(self._short(text, folded) for text in range(first, end) if text not in covered)
            is_known = total >= min_share * self._weight(int(self.starts[first]), int(self.starts[end]))
        return (total, item, longest) if is_known else None

    def _short(self, text: int, folded: str) -> int:
        """The weight of a text too short to have an n-gram, if it is in the folded text at all."""
        start, end = self._bounds(text)
        if end - start >= self.ngram_chars:
            return 0
        is_there = self.units[start:end].tobytes().decode("utf-16-le", "surrogatepass") in folded
        return self._weight(start, end) if is_there else 0

    def _covered(self, runs: list[_Run]) -> int:
        """The weight of all runs of a text, what they have in common once."""
        covered, done = 0, 0
        for start, end, _ in sorted(runs):
            if end > done:
                covered += self._weight(max(start, done), end)
                done = end
        return covered

    def _bounds(self, text: int) -> tuple[int, int]:
        return int(self.starts[text]), int(self.starts[text + 1]) - 1

    def _weight(self, first: int, end: int) -> int:
        return int(self.weight_before[end] - self.weight_before[first])

    def _hits(self, units: Units) -> Iterator[tuple[int, int]]:
        """Where n-grams of the text stand in it, and where they stand among the passages."""
        window = np.arange(self.ngram_chars)
        for start in range(0, len(units) - self.ngram_chars + 1, CHUNK_UNITS):
            chunk = units[start : start + CHUNK_UNITS + self.ngram_chars - 1]
            at, places = self.table.look_up(window_hashes(chunk, self.ngram_chars))
            if len(at):  # another n-gram may have the same hash
                same = (chunk[at[:, None] + window] == self.units[places[:, None] + window]).all(axis=1)
                yield from zip((at[same] + start).tolist(), places[same].tolist(), strict=True)


def _alike(one: Units, other: Units) -> int:
    """How many units at the beginning are the same."""
    done, size = 0, 32
    length = min(len(one), len(other))
    while done < length:
        differ = one[done : min(done + size, length)] != other[done : min(done + size, length)]
        if differ.any():
            return done + int(differ.argmax())
        done, size = done + size, 2 * size
    return length


def _unfolded(text: str, first: int, end: int) -> str:
    """The piece of a text of which the folded units are those from `first` to `end`."""
    units = np.frombuffer(utf16(text), dtype="<u2")
    kept = np.flatnonzero(fold_table().take(units))
    return units[kept[first] : kept[end - 1] + 1].tobytes().decode("utf-16-le", "replace")
