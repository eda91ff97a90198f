"""Searching with DuckDB finds what plain Python finds, in the same order, and reads nothing but the dataset."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from builders.document import Document
from builders.engine.tables import read_dataset_rows
from builders.publish.view.query import Query
from builders.publish.view.shelf import FOUND_AT_ONCE, Found, Shelf
from tests.builders.publish.conftest import Made, story
from validators.errors import SikuError

WORDS = st.text(alphabet="雪夜信第1他\n'\"%_\\*[]()<&;-\u0301\x00", max_size=4)
REGEX = st.from_regex(re.compile(r"(雪|[夜信1]|第\d?){1,3}[他她]?"), fullmatch=True)


@pytest.fixture
def shelf(tmp_path: Path, make: Callable[[], Made]) -> Shelf:
    return opened(tmp_path / "small" / "1", make())


def opened(folder: Path, made: Made, limit_s: float = 10.0) -> Shelf:
    return Shelf(folder, made.write(folder), limit_s)


def ids(shelf: Shelf, found: Found) -> list[str]:
    return [line["id"] for line in shelf.lines(found, 0, len(found.spots))]


def plain(shelf: Shelf, *folders: str) -> list[dict[str, Any]]:
    return [row for name in folders for row in read_dataset_rows(shelf.folder, name)]


@pytest.fixture(scope="module")
def odd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shelf]:
    """Texts with all that SQL, globs, patterns and Unicode make something of; in a folder that is called so, too."""
    texts = [
        "雪'夜",
        '第"1"信\n他',
        "%_",
        "\\*[]()",
        "<&;--",
        "雪\u0301夜夜",
        "a\x00b信",
        "第1他",
        "",
        "雪夜信第1他" * 3,
    ]
    made = Made(train=[Document(f"o-{n}", text, {"title": text[:3]}) for n, text in enumerate(texts)])
    yield opened(tmp_path_factory.mktemp("o") / "a[1]*?'b" / "odd" / "1", made)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(words=WORDS, least=st.none() | st.integers(0, 20), most=st.none() | st.integers(0, 20))
def test_a_substring_is_found_as_python_finds_it(odd: Shelf, words: str, least: int | None, most: int | None) -> None:
    found = ids(odd, odd.search(Query(words=words, least_chars=least, most_chars=most)))
    rows = plain(odd, "train")
    assert found == [
        row["id"]
        for row in rows
        if words in row["text"] and (least or 0) <= len(row["text"]) <= (20**9 if most is None else most)
    ]


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(regex=REGEX)
def test_a_regex_is_found_as_python_finds_it(odd: Shelf, regex: str) -> None:
    rows = plain(odd, "train")
    assert ids(odd, odd.search(Query(words=regex, how="regex"))) == [
        row["id"] for row in rows if re.search(regex, row["text"], re.ASCII)
    ]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(value=WORDS)
def test_a_column_is_compared_as_a_whole(odd: Shelf, value: str) -> None:
    rows = plain(odd, "train")
    assert ids(odd, odd.search(Query(column="title", value=value))) == [
        row["id"] for row in rows if (row["title"] or "") == value
    ]


def test_filters_of_kept_and_dropped(shelf: Shelf) -> None:
    assert len(shelf.search(Query()).spots) == 29
    assert ids(shelf, shelf.search(Query(split="valid"))) == [f"b-{n:04d}" for n in range(100, 104)]
    assert ids(shelf, shelf.search(Query(column="title", value="雪夜1", split="valid"))) == ["b-0100", "b-0103"]
    dropped = {"place": "dropped"}
    assert ids(shelf, shelf.search(Query(**dropped, rule="exact duplicate"))) == ["d-0009"]  # type: ignore[arg-type]
    assert ids(shelf, shelf.search(Query(**dropped, step="Tidy"))) == [f"c-{n:04d}" for n in range(4)]  # type: ignore[arg-type]
    assert ids(shelf, shelf.search(Query(**dropped, column="title", value="雪夜2"))) == ["d-0002"]  # type: ignore[arg-type]
    assert ids(shelf, shelf.search(Query(**dropped, words="转载"))) == ["d-0001", "d-0002"]  # type: ignore[arg-type]
    assert ids(shelf, shelf.search(Query(words="b-01", how="id"))) == [f"b-{n:04d}" for n in range(100, 104)]
    some = frozenset({"a-0003", "a-0004", "nobody"})
    assert ids(shelf, shelf.search(Query(ids=some))) == ["a-0003", "a-0004"]
    assert len(shelf.search(Query(ids=some, ids_out=True)).spots) == 27
    assert len(shelf.search(Query(ids=frozenset())).spots) == 0
    assert ids(shelf, shelf.search(Query(place="evidence", rule="site ad"))) == ["a-0001", "a-0002"]
    assert shelf.search(Query(column="no such", value="")).spots == []
    assert shelf.rules("dropped")[0] == ("Tidy", "too short", 4)
    assert shelf.values("title") == ["雪夜0", "雪夜1", "雪夜2"] and shelf.values("no such") == []


def test_one_document_and_its_cluster(shelf: Shelf) -> None:
    spot = shelf.spot_of("d-0001")
    assert spot is not None
    row = shelf.document(spot)
    assert (row["place"], row["duplicate_of"], row["text"]) == ("dropped", "a-0001", story(1) + "转载")
    count, copies = shelf.copies(["a-0001"])
    assert count == 2 and [one["id"] for one in copies] == ["d-0009", "d-0001"]
    assert shelf.spot_of("nobody") is None
    assert [one["text"] for one in shelf.evidence(["a-0002"])] == ["请收藏本站"]
    assert shelf.matches("雪夜，雪天", "雪.") == ["雪夜", "雪天"]


def test_a_kept_copy_that_was_split_is_found_by_its_parts(tmp_path: Path) -> None:
    made = Made(train=[Document("a-0001-0002", "雪"), Document("a-00011", "夜")])
    shelf = opened(tmp_path / "1", made)
    spot = shelf.spot_of("a-0001")
    assert spot is not None and shelf.document(spot)["id"] == "a-0001-0002"


def test_more_is_looked_for_from_where_it_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("builders.publish.view.shelf.FOUND_AT_ONCE", 7)
    assert FOUND_AT_ONCE == 10_000
    made = Made(train=[Document(f"a-{n:03d}", story(n)) for n in range(40)], valid=[Document("b-1", story(1))])
    shelf = opened(tmp_path / "1", made)
    found = shelf.search(Query(words="夜"))
    assert (len(found.spots), found.complete, found.told()) == (7, False, "7+")
    shelf.reach(found, 20)
    assert len(found.spots) == 21
    shelf.reach(found, 1000)
    assert ids(shelf, found) == [*(f"a-{n:03d}" for n in range(40)), "b-1"] and found.told() == "41"


def test_rows_of_messages_and_empty_datasets(tmp_path: Path) -> None:
    empty = opened(tmp_path / "1", Made())
    assert empty.search(Query()).spots == [] == empty.search(Query(place="dropped", words="雪")).spots
    assert empty.spot_of("a") is None and empty.copies(["a"]) == (0, []) and empty.values("title") == []


@pytest.mark.parametrize("regex", ["(", "*", "[a", "\\1", "(?=雪)"])
def test_a_bad_regex_is_a_sentence(shelf: Shelf, regex: str) -> None:
    with pytest.raises(SikuError, match="no regular expression") as told:
        shelf.search(Query(words=regex, how="regex"))
    assert told.value.why


def test_a_damaged_file_is_told(tmp_path: Path, make: Callable[[], Made]) -> None:
    folder = tmp_path / "1"
    manifest = make().write(folder)
    (file,) = (folder / "dropped").glob("*.parquet")
    content = file.read_bytes()
    file.write_bytes(b"PAR1 nothing")
    with pytest.raises(SikuError, match="cannot be read") as told:
        Shelf(folder, manifest)
    assert "siku verify" in told.value.next
    file.write_bytes(content)
    shelf = Shelf(folder, manifest)
    file.unlink()
    with pytest.raises(SikuError, match="cannot be read"):
        shelf.search(Query(place="dropped", words="雪"))


def test_what_takes_too_long_is_stopped(tmp_path: Path) -> None:
    made = Made(train=[Document(f"a-{n}", story(n) * 2000) for n in range(60)])
    shelf = opened(tmp_path / "1", made, limit_s=0.001)
    with pytest.raises(SikuError, match="stopped after"):
        for n in range(50):
            shelf.search(Query(words=f"(雪.*夜.*{n}){{1,9}}没有", how="regex"))


def test_no_sql_reaches_other_files(shelf: Shelf, tmp_path: Path) -> None:
    secret = tmp_path / "secret.csv"
    secret.write_text("a\n1\n")
    for sql in (
        f"SELECT * FROM read_csv('{secret}')",
        f"COPY (SELECT 1) TO '{tmp_path}/out.csv'",
        f"ATTACH '{tmp_path}/new.db'",
        "SET enable_external_access = true",
        "SET memory_limit = '9GB'",
        "INSTALL httpfs",
    ):
        with pytest.raises(Exception, match=r"Permission|configuration|disabled"):
            shelf._database.execute(sql)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["secret.csv", "small"]
