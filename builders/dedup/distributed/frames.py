"""The documents of a corpus as a table of the engine, numbered best first, and the functions mapped over it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from builders.dedup.distributed import mapped

Frame = Any
"""A `daft.DataFrame`. Those that a function here returns are computed, and held by the engine."""

_RUNS_AT_ONCE = 4096
_PLACES_AT_ONCE = 1 << 16
_ROWS_AT_ONCE = 1 << 20


class Sketches:
    """The sketch folders of a corpus, and what the engine has to call to read in them."""

    def __init__(self, folders: Sequence[Path], *, bands: int, rows: int, ngram_chars: int) -> None:
        self._folders, self._ngram_chars = [str(folder) for folder in folders], ngram_chars
        self.bands, self._rows = bands, rows

    def documents(self) -> Frame:
        """`DOCUMENT` of all."""
        import daft

        shards = daft.from_pydict({"shard": list(range(len(self._folders)))})
        if daft.get_or_infer_runner_type() == "ray":
            shards = shards.into_partitions(len(self._folders))
        read = mapping(partial(mapped.read_documents, self._folders), mapped.DOCUMENT, listed=True, batch_size=1)
        return unlisted(shards.select(read(daft.col("shard")).alias("row")))

    def with_keys(self, frame: Frame, band: int) -> Frame:
        """The frame with the `key` of each `place` in one band."""
        import daft
        import pyarrow as pa

        function = partial(mapped.band_keys, self._folders, self.bands, self._rows, band)
        return frame.with_column("key", mapping(function, pa.uint64(), batch_size=_PLACES_AT_ONCE)(daft.col("place")))

    def with_id(self, frame: Frame, place: str, name: str) -> Frame:
        """The frame with the id of the document at the column `place`, as the column `name`."""
        import daft
        import pyarrow as pa

        function = partial(mapped.ids_at, self._folders)
        return frame.with_column(name, mapping(function, pa.string(), batch_size=_PLACES_AT_ONCE)(daft.col(place)))

    def compare(self, keyed: Frame, threshold: float) -> Frame:
        """The pairs in runs of equal keys that are alike and of which one is marked, as `PAIR`."""
        import daft

        work = partial(mapped.compare_runs, self._folders, self._ngram_chars, threshold)
        pairs = mapping(work, mapped.PAIR, listed=True, batch_size=_RUNS_AT_ONCE)
        return computed(unlisted(_runs(keyed, "key").select(pairs(*map(daft.col, _IN_RUNS)).alias("row"))))

    def with_all_keys(self, frame: Frame) -> Frame:
        """Number and place of the documents, once for every `band`, with the `key` there."""
        import daft

        function = partial(mapped.all_keys, self._folders, self.bands, self._rows)
        keys = mapping(function, mapped.KEY, listed=True, batch_size=_PLACES_AT_ONCE // self.bands)
        return unlisted(frame.select("number", "place", keys(daft.col("place")).alias("row")), "number", "place")

    def meetings(self, sources: Frame, targets: Frame) -> Frame:
        """Each target with the best sources of its runs, as `MEETING`."""
        import daft
        from daft import lit

        both = sources.with_column("mark", lit(True)).concat(targets.with_column("mark", lit(False)))
        meet = mapping(mapped.meetings, mapped.MEETING, listed=True, batch_size=_RUNS_AT_ONCE)
        return unlisted(_runs(both, "band", "key").select(meet(*map(daft.col, ("band", *_IN_RUNS))).alias("row")))

    def with_jaccard(self, pairs: Frame, threshold: float) -> Frame:
        """The pairs with their `jaccard`, or REFUSED."""
        import pyarrow as pa
        from daft import col

        likeness = partial(mapped.likeness, self._folders, self._ngram_chars, threshold)
        jaccard = mapping(likeness, pa.float64(), batch_size=_PLACES_AT_ONCE)
        return pairs.with_column("jaccard", jaccard(col("better_place"), col("worse_place")))


_IN_RUNS = ("number", "place", "mark")


def _runs(keyed: Frame, *key: str) -> Frame:
    """The documents that share a key with another one: lists of their numbers, places and marks."""
    from daft import col

    lists = [col(name).list_agg().alias(name) for name in _IN_RUNS]
    return keyed.groupby(*key).agg(*lists, col("number").count().alias("documents")).where(col("documents") > 1)


def mapping(function: Callable[..., Any], of: Any, *, listed: bool = False, batch_size: int) -> Callable[..., Any]:
    """A function of Arrow arrays as one of columns; each row gives one value of the type `of`, or a list of them."""
    import daft

    value = daft.DataType.from_arrow_type(of)
    as_column = daft.func.batch(
        return_dtype=daft.DataType.list(value) if listed else value, use_process=False, batch_size=batch_size
    )
    return as_column(_of_series(function))  # type: ignore[no-any-return, unused-ignore]


def _of_series(function: Callable[..., Any]) -> Callable[..., Any]:
    def on_series(*series: Any) -> Any:
        return function(*(one.to_arrow() for one in series))

    return on_series


def unlisted(lists: Frame, *others: str) -> Frame:
    """The fields of the structures in the lists `row`, one row each, beside other columns."""
    from daft import col

    rows = lists.where(col("row").list_count(mode="all") > 0).explode("row")
    return rows.select(*others, col("row").unnest())


def computed(frame: Frame) -> Frame:
    """The frame computed, and in few pieces: what is put together in a loop would have more in every round."""
    import daft

    if daft.get_or_infer_runner_type() == "ray":
        config = daft.context.get_context().daft_execution_config
        return frame.into_partitions(config.shuffle_aggregation_default_partitions).collect()
    return frame.into_batches(_ROWS_AT_ONCE).collect()


def none_of(frame: Frame, numbers: str) -> Frame:
    """No `document`, of those that a column numbers; a limit of 0 never ends on Ray (Daft 0.7.26)."""
    from daft import col

    return computed(frame.where(col(numbers) < 0).select(col(numbers).alias("document")))


def number_best_first(documents: Frame) -> Frame:
    """The documents with their `number`, in the order of `ranking.best_first`."""
    from daft import DataType, col
    from daft.functions import coalesce, monotonically_increasing_id

    in_books = documents.where(~col("book").is_null())
    good = (col("chars") * col("quality")).alias("good")
    books = (
        in_books.select("book", "chars", good)
        .groupby("book")
        .agg(col("chars").sum().alias("book_chars"), col("good").sum().alias("book_good"))
    )
    ranked = documents.join(books, on="book", how="left")
    whole = coalesce(col("book_chars"), col("chars"))  # a document without a book stands for itself
    good_chars = coalesce(col("book_good"), col("chars") * col("quality"))
    at_least_one = whole + (whole == 0).cast(DataType.int64())
    tenths = (good_chars // at_least_one + 50) // 100
    ranked = ranked.with_columns({"alone": col("book").is_null(), "whole": whole, "tenths": tenths})
    keys = {"valid": True, "tenths": True, "whole": True, "alone": False, "book": False, "quality": True}
    keys |= {"id": False, "digest": False, "digest_2": False, "place": False}
    ranked = ranked.sort(list(keys), desc=list(keys.values())).collect()
    number = monotonically_increasing_id().cast(DataType.int64())
    kept = ("number", "place", "valid", "has_ngrams", "book", "digest", "digest_2")
    return computed(ranked.with_column("number", number).select(*kept))


def only(frame: Frame, others: Frame, on: str, of: str) -> Frame:
    """The rows whose column `on` is among the column `of` of others."""
    return frame.join(others, left_on=on, right_on=of, how="semi")


def without(frame: Frame, others: Frame, on: str, of: str) -> Frame:
    """The rows whose column `on` is not among the column `of` of others."""
    return frame.join(others, left_on=on, right_on=of, how="anti")


def only_with(frame: Frame, others: Frame, on: list[str]) -> Frame:
    """The rows whose columns `on` are together in others."""
    return frame.join(others, on=on, how="semi")
