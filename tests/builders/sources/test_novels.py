"""Novels: one document a book or chapter page, and a reason for everything that is none."""

from __future__ import annotations

import gzip
import io
import json
import os
import pickle
import tarfile
import tempfile
import zipfile
from pathlib import Path
from typing import Any

import pytest

from builders.document import Document, Quarantined
from builders.sources.novels import BookShard, Novels
from validators.errors import SikuError

STORY = (
    "雪下了一夜，院子里的脚印都看不见了。他推门进去，屋里没有人，只有一盏灯还亮着。\n"
    "他把斗篷挂在门后，在火边坐下来，等她回来说话。外面的风一阵比一阵大，把窗纸吹得直响。\n"
)
TRADITIONAL = (
    "雪下了一夜，院子裡的腳印都看不見了。他推門進去，屋裡沒有人，只有一盞燈還亮著。\n"
    "他把斗篷掛在門後，在火邊坐下來，等她回來說話。外面的風一陣比一陣大，把窗紙吹得直響。\n"
)


def read(*inputs: Path, **settings: int) -> list[Document | Quarantined]:
    source = Novels(**settings)
    return [found for shard in source.shards(inputs) for found in source.read(shard)]


def documents(*inputs: Path, **settings: int) -> list[Document]:
    found = read(*inputs, **settings)
    assert [piece for piece in found if isinstance(piece, Quarantined)] == []
    return [piece for piece in found if isinstance(piece, Document)]


def reasons(*inputs: Path, **settings: int) -> dict[str, str]:
    """Of all that was refused: where it came from, and why."""
    found = read(*inputs, **settings)
    assert len({piece.id for piece in found}) == len(found)
    return {piece.meta["source"]: piece.reason for piece in found if isinstance(piece, Quarantined)}


def write(folder: Path, files: dict[str, str | bytes]) -> Path:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return folder


def test_a_book(tmp_path: Path) -> None:
    write(tmp_path, {"《雪夜》作者：林远.txt": STORY})
    assert Novels.version == 2
    assert documents(tmp_path) == [
        Document(
            "64e041aa18b6",
            STORY,
            {
                "title": "雪夜",
                "author": "林远",
                "book": "64e041aa18b6",
                "source": "《雪夜》作者：林远.txt",
                "encoding": "utf-8",
                "replaced": 0,
            },
        )
    ]


@pytest.mark.parametrize(
    ("raw", "text", "encoding"),
    [
        (STORY.encode("gb18030"), STORY, "gb18030"),
        (TRADITIONAL.encode("big5hkscs"), TRADITIONAL, "big5hkscs"),
        (TRADITIONAL.encode("gb18030"), TRADITIONAL, "gb18030"),
        (b"\xef\xbb\xbf" + STORY.replace("\n", "\r\n").encode(), STORY, "utf-8"),
        (STORY.encode("utf-16"), STORY, "utf-16-le"),
    ],
)
def test_encodings(tmp_path: Path, raw: bytes, text: str, encoding: str) -> None:
    write(tmp_path, {"雪夜.txt": raw})
    (book,) = documents(tmp_path)
    assert (book.text, book.meta["encoding"]) == (text, encoding)


def test_bad_bytes_are_counted(tmp_path: Path) -> None:
    raw = STORY.encode() * 20
    write(tmp_path, {"雪夜.txt": raw.replace("灯".encode(), b"\xff" + "灯".encode(), 1)})
    (book,) = documents(tmp_path)
    assert book.meta["replaced"] == 1
    assert book.meta["encoding"] == "utf-8"


def test_the_head_of_the_file_names_the_book(tmp_path: Path) -> None:
    write(tmp_path, {"xy-12.txt": f"书名：雪夜\n作者：林远\n\n{STORY}", "雪夜/text.txt": STORY})
    assert [(book.meta["title"], book.meta["author"]) for book in documents(tmp_path)] == [
        ("雪夜", "林远"),
        ("雪夜", None),
    ]


def test_files_that_are_no_books(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "cover.jpg": b"\xff\xd8\xff\xe0" + bytes(100),
            "Thumbs.db": b"x",
            "rows.jsonl": '{"text": "x"}\n',
            "empty.txt": b"",
            "blank.txt": "\n　\n",
            "binary.txt": bytes(range(256)) * 40,
            "program": b"\x7fELF" + bytes(range(256)) * 40,
            ".hidden": STORY,
            "无后缀": STORY,
            "雪夜.md": STORY,
        },
    )
    found = reasons(tmp_path)
    assert found.pop("cover.jpg") == "not a text: .jpg"
    assert found.pop("Thumbs.db") == "not a text: .db"
    assert found.pop("rows.jsonl") == "not a text: .jsonl"
    assert found.pop("empty.txt") == "empty file"
    assert found.pop("blank.txt").startswith("empty file: ")
    assert set(found) == {"binary.txt", "program"}
    assert [piece.meta["title"] for piece in read(tmp_path) if isinstance(piece, Document)] == ["无后缀", "雪夜"]


def test_a_book_that_is_too_large_is_not_read(tmp_path: Path) -> None:
    with (tmp_path / "雪夜.txt").open("wb") as file:
        file.truncate(200 << 20)  # one line
    limit = "too large: it has 200.0 MB, max_book_mb is 64 (--set source.max_book_mb=…)"
    assert reasons(tmp_path) == {"雪夜.txt": limit}


def test_ids_depend_on_name_and_content_alone(tmp_path: Path) -> None:
    write(tmp_path / "a", {"雪夜.txt": STORY, "集/雪夜.txt": STORY})
    write(tmp_path / "b", {"雪夜.txt": STORY, "集/雪夜.txt": STORY, "归人.txt": STORY, "0.txt": TRADITIONAL})
    first = {book.meta["source"]: book.id for book in documents(tmp_path / "a")}
    second = {book.meta["source"]: book.id for book in documents(tmp_path / "b")}
    assert first.items() <= second.items()
    assert len(set(second.values())) == 4
    write(tmp_path / "a", {"雪夜.txt": STORY + "完"})
    assert documents(tmp_path / "a")[1].id != first["雪夜.txt"]


def test_shards_are_sorted_and_travel(tmp_path: Path) -> None:
    write(tmp_path, {"b.txt": STORY, "a.txt": STORY, "书/info.json": "{}", "书/0.html": STORY})
    shards = Novels().shards([tmp_path])
    assert [shard.name for shard in shards] == ["a.txt", "b.txt", "书"]
    assert pickle.loads(pickle.dumps(shards)) == shards
    assert [(type(shard), shard.bytes) for shard in shards][2] == (BookShard, 2 + len(STORY.encode()))
    assert Novels().shards([tmp_path / "b.txt", tmp_path]) == shards


def test_inputs_with_equal_names(tmp_path: Path) -> None:
    write(
        tmp_path, {"甲/雪夜.txt": STORY, "乙/雪夜.txt": TRADITIONAL, "乙/书/info.json": "{}", "甲/书/info.json": "[]"}
    )
    names = [shard.name for shard in Novels().shards([tmp_path / "甲", tmp_path / "乙"])]
    assert names == ["乙/书", "乙/雪夜.txt", "甲/书", "甲/雪夜.txt"]


INFO = json.dumps(
    {"name": "雪夜", "author": {"name": "清.林遠"}, "catalogues": ["第一回　灯", "第二回　门", "第三回　雪"]}
)


def test_chapter_pages(tmp_path: Path) -> None:
    pages = {f"书/{number}.html": f"&nbsp;&nbsp;{number}：雪下了一夜。<br><br>灯还亮着。" for number in range(3)}
    write(tmp_path, {"书/info.json": INFO, **pages})
    found = documents(tmp_path)
    book = found[0].meta["book"]
    assert [page.id for page in found] == [f"{book}-0001", f"{book}-0002", f"{book}-0003"]
    assert found[1].text == "\xa0\xa01：雪下了一夜。\n\n灯还亮着。"
    assert found[1].meta == {
        "title": "雪夜",
        "author": "林遠",
        "book": book,
        "volume": "",
        "chapter": "第二回 门",
        "source": "书!1.html",
        "encoding": "utf-8",
        "replaced": 0,
    }


def test_pages_that_are_missing_or_broken(tmp_path: Path) -> None:
    write(tmp_path, {"书/info.json": INFO, "书/0.html": "", "书/2.html": "<script>x</script>"})
    write(
        tmp_path, {"空书/info.json": INFO, "坏书/info.json": "{", "坏书/0.html": "雪下了一夜。", "无/info.json": "{}"}
    )
    found = reasons(tmp_path)
    assert found.pop("坏书!info.json").startswith("broken info.json: ")
    assert found == {
        "书": "pages missing: 1 of 3 chapters in the catalogue",
        "书!0.html": "empty file",
        "书!2.html": "empty file: there is nothing but white space and markup",
        "空书": "pages missing: 3 of 3 chapters in the catalogue",
        "无": "pages missing: there is only info.json",
    }
    assert [piece.text for piece in read(tmp_path) if isinstance(piece, Document)] == ["雪下了一夜。"]


def test_html_without_info(tmp_path: Path) -> None:
    page = "<html><head><title>{0} - 某站</title></head><body><h1>{0}</h1><p>雪下了一夜。</p></body></html>"
    write(
        tmp_path, {"雪夜/10.html": page.format("第十章 雪"), "雪夜/9.htm": page.format("第九章 灯"), "归人.html": page}
    )
    found = documents(tmp_path)
    assert [(page.meta["title"], page.meta.get("chapter"), page.text) for page in found] == [
        ("归人", None, "雪下了一夜。"),
        ("雪夜", "第九章 灯", "雪下了一夜。"),
        ("雪夜", "第十章 雪", "雪下了一夜。"),
    ]


def test_a_folder_for_each_chapter(tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {
        f"雪夜/卷{volume}/{name}/text.txt": STORY for volume in "二一" for name in ("灯", "门")
    }
    write(tmp_path, files)
    (shard,) = Novels().shards([tmp_path])
    assert shard.name == "雪夜"
    found = documents(tmp_path)
    chapters = [(page.meta["title"], page.meta["volume"], page.meta["chapter"]) for page in found]
    assert chapters == [("雪夜", volume, name) for volume in ("卷一", "卷二") for name in ("灯", "门")]
    assert [page.id[-5:] for page in found] == ["-0001", "-0002", "-0003", "-0004"]
    assert found[0].meta["source"] == "雪夜!卷一/灯/text.txt"


def zip_of(files: dict[str, str | bytes]) -> bytes:
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w") as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name), content)
    return sink.getvalue()


def tar_of(files: dict[str, str | bytes]) -> bytes:
    sink = io.BytesIO()
    with tarfile.open(fileobj=sink, mode="w") as tar:
        for name, content in files.items():
            raw = content if isinstance(content, bytes) else content.encode()
            info = tarfile.TarInfo(name)
            info.size = len(raw)
            tar.addfile(info, io.BytesIO(raw))
    return sink.getvalue()


BOOKS: dict[str, str | bytes] = {
    "集/雪夜.txt": STORY,
    "归人.txt": TRADITIONAL,
    "书/2.html": "<p>三</p>",
    "长街/第十回/text.txt": "十",
    "书/info.json": INFO,
    "长街/第二回/text.txt": "二",
    "书/0.html": "<p>一</p>",
    "书/1.html": "<p>二</p>",
}


@pytest.mark.parametrize("name", ["集.zip", "集.tar", "集.tar.gz"])
def test_an_archive_holds_what_a_folder_holds(tmp_path: Path, name: str) -> None:
    write(tmp_path / "folder", BOOKS)
    raw = zip_of(BOOKS) if name == "集.zip" else tar_of(BOOKS)
    write(tmp_path, {name: gzip.compress(raw) if name.endswith(".gz") else raw})

    def told(found: list[Document], cut: str) -> list[tuple[Any, ...]]:
        keys = ("title", "author", "volume", "chapter", "encoding")
        return sorted(
            (page.meta["source"].removeprefix(cut).replace("!", "/"), page.text, *map(str, map(page.meta.get, keys)))
            for page in found
        )

    packed = documents(tmp_path / name)
    assert told(packed, f"{name}!") == told(documents(tmp_path / "folder"), "")
    assert len({page.id for page in packed}) == len(packed) == 7


@pytest.mark.parametrize("pack", [zip_of, tar_of])
def test_adding_a_book_to_an_archive_leaves_the_other_ids(tmp_path: Path, pack: Any) -> None:
    name = "集.zip" if pack is zip_of else "集.tar"
    write(tmp_path, {name: pack(BOOKS)})
    before = {page.meta["source"]: page.id for page in documents(tmp_path)}
    write(tmp_path, {name: pack({"零.txt": STORY, **BOOKS, "全.txt": STORY})})
    after = {page.meta["source"]: page.id for page in documents(tmp_path)}
    assert before.items() < after.items()


def test_bad_members_leave_the_others(tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {
        "../雪夜.txt": STORY,
        "归人.txt": STORY,
        "cover.jpg": b"x",
        "empty.txt": b"",
        "more.zip": zip_of({"a.txt": "x"}),
        "large.txt": bytes(2 << 20),
    }
    write(tmp_path, {"集.zip": zip_of(files)})
    found = reasons(tmp_path, max_book_mb=1)
    assert found == {
        "集.zip!../雪夜.txt": "unsafe path in the archive: ../雪夜.txt",
        "集.zip!cover.jpg": "not a text: .jpg",
        "集.zip!empty.txt": "empty file",
        "集.zip!more.zip": "archive inside an archive: more.zip",
        "集.zip!large.txt": "too large: it has 2.0 MB, max_book_mb is 1 (--set source.max_book_mb=…)",
    }


def test_a_truncated_archive_keeps_its_whole_books(tmp_path: Path) -> None:
    raw = tar_of({"雪夜.txt": STORY, "归人.txt": STORY * 100})
    write(tmp_path, {"集.tar": raw[: 2048 + 4000]})
    found = read(tmp_path)
    assert [piece.text for piece in found if isinstance(piece, Document)] == [STORY]
    assert set(reasons(tmp_path)) == {"集.tar", "集.tar!归人.txt"}


def test_compressed_books(tmp_path: Path) -> None:
    packed = gzip.compress(STORY.encode() * 100, mtime=0)
    write(tmp_path, {"雪夜.txt.gz": packed, "归人.txt.gz": packed[: len(packed) // 2]})
    found = read(tmp_path)
    assert [piece.meta["title"] for piece in found if isinstance(piece, Document)] == ["雪夜"]
    assert reasons(tmp_path)["归人.txt.gz"].startswith("breaks off after")


def test_what_vanished_or_cannot_be_opened(tmp_path: Path) -> None:
    write(tmp_path, {"雪夜.txt": STORY, "书/info.json": INFO, "书/0.html": "雪", "集.zip": zip_of({"a.txt": STORY})})
    (tmp_path / "nowhere.txt").symlink_to(tmp_path / "gone.txt")
    os.mkfifo(tmp_path / "pipe.txt")
    shards = Novels().shards([tmp_path])
    for name in ("雪夜.txt", "书/0.html", "集.zip"):
        (tmp_path / name).unlink()
    found = [piece for shard in shards for piece in Novels().read(shard) if isinstance(piece, Quarantined)]
    assert {piece.meta["source"]: piece.reason for piece in found} == {
        "nowhere.txt": "cannot be read: No such file or directory",
        "pipe.txt": "not a regular file",
        "书": "pages missing: 2 of 3 chapters in the catalogue",
        "书!0.html": "cannot be read: No such file or directory",
        "集.zip": "cannot be read: No such file or directory",
        "雪夜.txt": "cannot be read: No such file or directory",
    }


def as_nobody(folder: Path) -> dict[str, str]:
    """`reasons` of a process without rights: root may read everything."""
    if os.geteuid() != 0:
        return reasons(folder)
    receiver, sender = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.setgroups([])
            os.setgid(65534)
            os.setuid(65534)
            os.write(sender, json.dumps(reasons(folder)).encode())
        finally:
            os._exit(0)
    os.close(sender)
    with os.fdopen(receiver, "rb") as answer:
        found: dict[str, str] = json.loads(answer.read() or "{}")
    os.waitpid(child, 0)
    return found


@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")  # of fork among threads
def test_without_permission() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = write(
            Path(name), {"雪夜.txt": STORY, "归人.txt": STORY, "集.zip": zip_of({"a.txt": STORY}), "锁/a.txt": STORY}
        )
        documents(folder)  # so that nothing is left to import
        folder.chmod(0o755)
        for path in (folder / "归人.txt", folder / "集.zip", folder / "锁"):
            path.chmod(0)
        reason = "cannot be read: Permission denied"
        assert as_nobody(folder) == {"归人.txt": reason, "集.zip": reason, "锁": reason}
        (folder / "锁").chmod(0o755)


def test_a_chapter_is_found_again_to_the_byte(tmp_path: Path) -> None:
    text = f"第一回　灯\n{STORY}\n第二回　门\n{TRADITIONAL}"
    raw = text.replace("\n", "\r\n").encode("gb18030")
    write(tmp_path, {"雪夜.txt": raw, "集.zip": zip_of({"雪夜.txt": raw})})
    source = Novels()
    start = text.index("第二回")
    first = raw.index("第二回".encode("gb18030"))
    for shard in source.shards([tmp_path]):
        (book,) = source.read(shard)
        assert isinstance(book, Document)
        part = book.meta | {"char_start": start, "char_end": len(text)}
        assert source.locate(shard, book, part) == f"{book.meta['source']}, bytes {first:,} to {len(raw):,}"
        assert source.locate(shard, book, book.meta) == book.meta["source"]
        shard.path.unlink()
        assert source.locate(shard, book, part) == book.meta["source"]


def test_wrong_use_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(SikuError):
        Novels().shards([tmp_path / "gone"])
