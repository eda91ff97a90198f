"""Which files are the pages of one book."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from builders.sources.book_folders import group_books, natural_key, split_chapter_path


@dataclass(frozen=True)
class Listing:
    name: str
    size: int = 1000


def grouped(*names: str, size: int = 1000) -> tuple[list[str], dict[str, list[str]]]:
    singles, books = group_books([Listing(name, size) for name in names])
    return [single.name for single in singles], {book.folder: [file.name for file in book.files] for book in books}


def test_novels_side_by_side_are_no_book() -> None:
    names = ("雪夜.txt", "归人.txt", "集/甲.txt", "集/乙.txt", "1.txt", "2.txt", "3.txt")
    assert grouped(*names) == (list(names), {})


def test_info_with_its_pages() -> None:
    singles, books = grouped("雪夜/10.html", "雪夜/9.html", "雪夜/info.json", "雪夜/cover.jpg", "归人.txt")
    assert books == {"雪夜": ["雪夜/info.json", "雪夜/9.html", "雪夜/10.html"]}
    assert singles == ["雪夜/cover.jpg", "归人.txt"]


def test_info_without_pages_takes_no_novel() -> None:
    assert grouped("info.json", "雪夜.txt") == (["雪夜.txt"], {"": ["info.json"]})


def test_numbered_html_is_a_book_and_named_html_is_not() -> None:
    assert grouped("雪夜/第2章.html", "雪夜/第10章.html")[1] == {"雪夜": ["雪夜/第2章.html", "雪夜/第10章.html"]}
    assert grouped("雪夜.html", "归人.html") == (["雪夜.html", "归人.html"], {})
    assert grouped("1.html", "2.html", size=900_000) == (["1.html", "2.html"], {})


def test_a_folder_for_each_chapter() -> None:
    singles, books = grouped("雪夜/第二回/text.txt", "雪夜/第十回/text.txt", "雪夜/序/text.txt", "归人/归/text.txt")
    assert books == {
        "雪夜": ["雪夜/序/text.txt", "雪夜/第二回/text.txt", "雪夜/第十回/text.txt"],
        "归人": ["归人/归/text.txt"],
    }
    assert not singles


def test_a_text_for_each_chapter() -> None:
    singles, books = grouped("雪夜/第十章 灯.txt", "雪夜/第二章.txt", "雪夜/序.txt", "雪夜/cover.jpg", "归人.txt")
    assert books == {"雪夜": ["雪夜/序.txt", "雪夜/第二章.txt", "雪夜/第十章 灯.txt"]}
    assert singles == ["雪夜/cover.jpg", "归人.txt"]
    volumes = [
        "集/雪夜/卷一/第1章.txt",
        "集/雪夜/卷一/第2章.txt",
        "集/雪夜/卷二/01 第1章.txt",
        "集/雪夜/卷二/02 第2章.txt",
    ]
    assert grouped(*volumes)[1] == {"集/雪夜": volumes}
    assert split_chapter_path("卷一/第1章.txt") == ("卷一", "第1章")


def test_books_called_after_a_chapter_are_books() -> None:
    """One alone, one among others, and two as long as books."""
    for names in (["集/第一章.txt"], ["集/第一章.txt", "集/雪夜.txt", "集/归人.txt"]):
        assert grouped(*names) == (names, {})
    assert grouped("集/第一章.txt", "集/第二章.txt", size=900_000)[1] == {}


def test_volumes_and_latin_folders_around_the_book() -> None:
    name = "data/books/雪夜/卷一/灯/text.txt"
    assert grouped(name)[1] == {"data/books/雪夜": [name]}
    assert grouped("古典小说/雪夜/灯/text.txt")[1] == {"古典小说/雪夜": ["古典小说/雪夜/灯/text.txt"]}


def test_the_input_itself_is_the_book() -> None:
    assert grouped("第一回/text.txt", "第二回/text.txt")[1] == {"": ["第一回/text.txt", "第二回/text.txt"]}


def test_a_folder_for_each_book() -> None:
    names = ("雪夜/text.txt", "归人/text.txt")
    assert grouped(*names) == (list(names), {})
    long = ("名家/雪夜/text.txt", "名家/归人/text.txt")
    assert grouped(*long, size=900_000) == (list(long), {})


def test_any_latin_name_that_comes_again_and_again() -> None:
    names = [f"雪夜/{chapter}/bi.txt" for chapter in ("灯", "门", "雪")]
    assert list(grouped(*names)[1]) == ["雪夜"]
    editions = tuple(f"{edition}/x/雪夜.txt" for edition in "abc")
    assert grouped(*editions) == (list(editions), {})


def test_natural_order() -> None:
    in_order = [
        "序",
        "第一回",
        "第二回 雪",
        "第九回",
        "第十回",
        "第十一回",
        "第二十回",
        "第一百零三回",
        "第１０４回",
        "后记",
    ]
    assert sorted(set(in_order), key=natural_key) == in_order
    assert sorted(["下", "中", "上"], key=natural_key) == ["上", "中", "下"]
    assert sorted(["卷十/a", "卷二/b"], key=natural_key) == ["卷二/b", "卷十/a"]


@pytest.mark.parametrize(
    ("path", "expected"),
    [("第一回/text.txt", ("", "第一回")), ("卷一/灯/text.txt", ("卷一", "灯")), ("12.html", ("", ""))],
)
def test_volume_and_chapter(path: str, expected: tuple[str, str]) -> None:
    assert split_chapter_path(path) == expected
