"""Rows of a dataset to show as examples: drawn by the digest of their ids, so that they are always the same.

A dataset is read in batches and only in the columns that are needed; texts are read of the chosen rows alone.
What is held in memory does not grow with the dataset.
"""

from __future__ import annotations

import heapq
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from itertools import repeat
from pathlib import Path
from typing import Any, NamedTuple
from zlib import crc32

import orjson
import pyarrow.compute as pc
import pyarrow.parquet as pq

from builders.document import are_messages, transcript
from builders.sources.inputs import in_threads

QUARANTINED = "quarantined: "  # how the reason of a piece of input that became no document begins
TURN_CHARS = 120  # of a turn of a conversation in a sample
READ_CHARS = 5_000  # of a text; in two copies, the first difference is looked for among them
IDS_A_BATCH, TEXTS_A_BATCH = 10_000, 100
MAX_COUNTED = 250_000  # copies counted in one pass over the dropped rows; more of them take more passes
ROWS, ROWS_A_RULE, PIECES_A_KIND, PAIRS, MAX_QUARANTINED = 20, 3, 12, 8, 100
CLUSTERS, COPIES_A_CLUSTER = 5, 2
Place = tuple[str, int, int]  # where a row stands: the folder, the number of the file in it, the row in that file


@dataclass(frozen=True, slots=True)
class Row:
    """A row as it is shown: the beginning of its text, and what else is known of it."""

    id: str
    text: str
    chars: int  # of the whole text
    meta: Mapping[str, Any] = field(default_factory=dict)
    excerpt: str = ""  # of a conversation: its turns, long ones cut
    step: str = ""
    reason: str = ""
    duplicate_of: str | None = None
    jaccard: float | None = None


def draw(name: str) -> int:
    """A number that depends on the name alone: the smallest ones make a fair sample."""
    return int.from_bytes(blake2b(name.encode("utf-8", "surrogatepass"), digest_size=8).digest())


class Sample:
    """The `size` offers with the smallest draws, whatever their order."""

    def __init__(self, size: int) -> None:
        self.size = size
        self._heap: list[tuple[int, Place]] = []  # draws negated: the largest is on top

    def offer(self, drawn: int, place: Place) -> None:
        if len(self._heap) < self.size:
            heapq.heappush(self._heap, (-drawn, place))
        elif -drawn > self._heap[0][0]:
            heapq.heapreplace(self._heap, (-drawn, place))

    @property
    def places(self) -> list[Place]:
        """In the order in which they were drawn."""
        return [place for _, place in sorted(self._heap, reverse=True)]


class Tables:
    """The Parquet files of a dataset, by folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._files: dict[str, list[Path]] = {}

    def files(self, kind: str) -> list[Path]:
        if kind not in self._files:
            self._files[kind] = sorted((self.folder / kind).glob("*.parquet"))
        return self._files[kind]

    def scan(self, kind: str, *columns: str) -> Iterator[tuple[Any, ...]]:
        """Every row of a folder: its place, then its values of the columns."""
        for number, path in enumerate(self.files(kind)):
            first = 0
            with pq.ParquetFile(path, pre_buffer=False) as file:
                for batch in file.iter_batches(batch_size=IDS_A_BATCH, columns=list(columns), use_threads=False):
                    rows = range(first, first := first + batch.num_rows)
                    places = zip(repeat(kind), repeat(number), rows, strict=False)
                    yield from zip(places, *(batch[name].to_pylist() for name in columns), strict=True)

    def fetch(self, places: Iterable[Place]) -> dict[Place, Row]:
        """The rows at these places, with the beginnings of their texts."""
        wanted: dict[tuple[str, int], set[int]] = defaultdict(set)
        for kind, number, row in places:
            wanted[kind, number].add(row)
        groups = [
            group
            for (kind, number), rows in sorted(wanted.items())
            for group in _groups_with(kind, number, self.files(kind)[number], rows)
        ]
        return {place: row for found in in_threads(_read_group, groups, threads=2) for place, row in found}


class _Group(NamedTuple):
    """A row group of a file of a folder, the number of its first row, and the rows of it that are wanted."""

    kind: str
    number: int
    path: Path
    group: int
    first: int
    rows: Sequence[int]


def _groups_with(kind: str, number: int, path: Path, rows: Iterable[int]) -> Iterator[_Group]:
    left, first = sorted(rows), 0
    metadata = pq.read_metadata(path)
    for group in range(metadata.num_row_groups):
        end = first + metadata.row_group(group).num_rows
        here = bisect_left(left, end)
        if here:
            yield _Group(kind, number, path, group, first, left[:here])
        left, first = left[here:], end


def _read_group(group: _Group) -> list[tuple[Place, Row]]:
    """The rows that are wanted, with the beginnings of their texts."""
    found: list[tuple[Place, Row]] = []
    first = group.first
    with pq.ParquetFile(group.path, pre_buffer=False) as file:
        for batch in file.iter_batches(batch_size=TEXTS_A_BATCH, row_groups=[group.group], use_threads=False):
            here = [row - first for row in group.rows if first <= row < first + batch.num_rows]
            if here:
                chosen = batch.take(here)
                texts, lengths = [None] * len(here), [0] * len(here)
                if "text" in chosen.schema.names:
                    lengths = pc.utf8_length(chosen["text"]).to_pylist()
                    texts = pc.utf8_slice_codeunits(chosen["text"], 0, READ_CHARS).to_pylist()
                    chosen = chosen.drop_columns("text")
                for row, text, chars, values in zip(here, texts, lengths, chosen.to_pylist(), strict=True):
                    place = (group.kind, group.number, first + row)
                    found.append((place, _row(group.kind, text, chars, values)))
            first += batch.num_rows
    return found


def _row(kind: str, text: str | None, chars: int, values: dict[str, Any]) -> Row:
    """A row of any of the folders; metadata is JSON in `dropped/` and columns in `train/` and `valid/`."""
    name = values.pop("id")
    meta = values if kind != "dropped" else orjson.loads(values["meta"] or "{}")
    excerpt = ""
    if are_messages(meta.get("messages")):
        messages = meta.pop("messages")
        chars = len(transcript(messages))
        text = "\n".join(f"{message['role']}: {message['content']}" for message in messages)[:READ_CHARS]
        excerpt = "\n".join(f"{message['role']}: {_turn(message['content'])}" for message in messages)
    if kind != "dropped":
        return Row(name, text or "", chars, meta, excerpt)
    told = (values["step"], values["reason"], values["duplicate_of"], values["jaccard"])
    return Row(name, text or "", chars, meta, excerpt, *told)


def _turn(text: str) -> str:
    """A turn as it is shown: of a long one both ends, so that the answer to a whole paper is seen, too."""
    return text if len(text) <= TURN_CHARS else f"{text[: TURN_CHARS // 2]} … {text[-TURN_CHARS // 2 :]}"


# ---------------------------------------------------------------- what to show


@dataclass
class Refusals:
    """Rows of `dropped/` chosen in one pass."""

    by_rule: dict[tuple[str, str], Sample]
    some: Sample
    copies: Sample
    quarantined: Sample
    likeness: Counter[float] = field(default_factory=Counter)  # duplicates by Jaccard, rounded down to 0.05


def choose_refused(tables: Tables, rules: Mapping[str, Sequence[str]]) -> Refusals:
    """A few dropped documents of every one of `rules` (by step), some of all, some copies, and quarantined input."""
    by_rule = {(step, rule): Sample(ROWS_A_RULE) for step, names in rules.items() for rule in names}
    found = Refusals(by_rule, Sample(ROWS), Sample(PAIRS), Sample(MAX_QUARANTINED))
    columns = ("id", "step", "reason", "duplicate_of", "jaccard")
    for place, name, step, reason, duplicate_of, jaccard in tables.scan("dropped", *columns):
        drawn = draw(name)
        if reason.startswith(QUARANTINED):
            found.quarantined.offer(drawn, place)
            continue
        found.some.offer(drawn, place)
        if duplicate_of is not None:
            found.copies.offer(drawn, place)
            found.likeness[-1.0 if jaccard is None else int(jaccard * 20 + 1e-9) / 20] += 1
        if sample := by_rule.get((step, _rule(reason, rules.get(step, ())))):
            sample.offer(drawn, place)
    return found


def _rule(reason: str, rules: Sequence[str]) -> str:
    """Which of `rules` a reason names, "" if it is another: a reason is the rule, or the rule, a colon and more."""
    rule = reason.partition(": ")[0]
    if rule in rules:
        return rule
    return next((rule for rule in rules if reason == rule or reason.startswith(f"{rule}: ")), "")


def choose_evidence(tables: Tables, kinds: Mapping[str, Sequence[str]]) -> dict[tuple[str, str], Sample]:
    """A few pieces of evidence of every one of `kinds` (by step), from documents drawn at random."""
    samples = {(step, kind): Sample(PIECES_A_KIND) for step, names in kinds.items() for kind in names}
    before, drawn = "", 0
    for place, name, step, kind in tables.scan("evidence", "id", "step", "kind"):
        if name != before:
            before, drawn = name, draw(name)
        if sample := samples.get((step, kind)):
            sample.offer(drawn, place)
    return samples


@dataclass(frozen=True, slots=True)
class Cluster:
    """A kept document and the copies of it that went."""

    kept: str  # its id
    copies: int
    shown: Sequence[Place]


def choose_clusters(tables: Tables, duplicates: int) -> tuple[int, list[Cluster]]:
    """How many kept documents had copies, and the largest clusters with some copies of each."""
    passes = 1 + duplicates // MAX_COUNTED if duplicates else 0
    total, best = 0, list[tuple[int, str]]()
    for turn in range(passes):
        counts: Counter[str] = Counter()
        for _, kept in tables.scan("dropped", "duplicate_of"):
            if kept is not None and (passes == 1 or crc32(kept.encode()) % passes == turn):
                counts[kept] += 1
        total += len(counts)
        best = heapq.nsmallest(CLUSTERS, [*best, *((-count, kept) for kept, count in counts.items())])
    samples = {kept: Sample(COPIES_A_CLUSTER) for _, kept in best}
    if samples:
        for place, name, kept in tables.scan("dropped", "id", "duplicate_of"):
            if kept in samples:
                samples[kept].offer(draw(name), place)
    return total, [Cluster(kept, -count, samples[kept].places) for count, kept in best]


def choose_kept(tables: Tables, ids: Iterable[str]) -> tuple[Sample, dict[str, Place]]:
    """A sample of the rows of train and valid, and where the documents called `ids` are, or their first blocks.

    A document that was kept for its copies may have been refused by a later step.
    """
    sample, places, wanted = Sample(ROWS), dict[str, Place](), set(ids)
    for kind in ("train", "valid"):
        for place, name in tables.scan(kind, "id"):
            sample.offer(draw(name), place)
            if name in wanted:
                places[name] = place
            elif (whole := name.rpartition(".")[0]) in wanted:
                places.setdefault(whole, place)
    if missing := wanted - places.keys():
        places.update((name, place) for place, name in tables.scan("dropped", "id") if name in missing)
    return sample, places


# ---------------------------------------------------------------- all that the report shows


@dataclass(frozen=True, slots=True)
class Copies:
    """Copies that were removed, and the document that was kept for them (None if no row has its id any more)."""

    kept_id: str
    kept: Row | None
    removed: Sequence[Row]
    count: int  # of all removed copies, shown or not


@dataclass(frozen=True)
class Shown:
    """Every row of a dataset that its report shows."""

    by_rule: Mapping[tuple[str, str], Sequence[Row]]  # (step, rule)
    evidence: Mapping[tuple[str, str], Sequence[Row]]  # (step, kind)
    quarantined: Sequence[Row]
    dropped: Sequence[Row]
    kept: Sequence[tuple[str, Row]]  # split, row
    clusters: Sequence[Copies]
    pairs: Sequence[Copies]
    cluster_count: int
    likeness: Mapping[float, int]


def choose(
    folder: Path, rules: Mapping[str, Sequence[str]], kinds: Mapping[str, Sequence[str]], duplicates: int
) -> Shown:
    """The rows to show of the dataset in `folder`: of the `rules` and `kinds` of evidence of every step, and others."""
    tables = Tables(folder)
    refused = choose_refused(tables, rules)
    evidence = choose_evidence(tables, kinds)
    count, clusters = choose_clusters(tables, duplicates)
    samples = [*refused.by_rule.values(), *evidence.values(), refused.some, refused.copies, refused.quarantined]
    places = {place for one in samples for place in one.places} | {place for one in clusters for place in one.shown}
    rows = tables.fetch(places)
    originals = {row.duplicate_of for row in rows.values() if row.duplicate_of is not None}
    sample, kept = choose_kept(tables, originals)
    rows |= tables.fetch({*sample.places, *kept.values()} - rows.keys())
    by_id = {name: rows[place] for name, place in kept.items()}
    pairs = [rows[place] for place in refused.copies.places]
    return Shown(
        by_rule={key: [rows[place] for place in one.places] for key, one in refused.by_rule.items()},
        evidence={key: [rows[place] for place in one.places] for key, one in evidence.items()},
        quarantined=[rows[place] for place in sorted(refused.quarantined.places)],
        dropped=[rows[place] for place in refused.some.places],
        kept=[(place[0], rows[place]) for place in sample.places],
        clusters=[
            Copies(one.kept, by_id.get(one.kept), [rows[place] for place in one.shown], one.copies) for one in clusters
        ],
        pairs=[Copies(row.duplicate_of or "", by_id.get(row.duplicate_of or ""), [row], 1) for row in pairs],
        cluster_count=count,
        likeness=refused.likeness,
    )
