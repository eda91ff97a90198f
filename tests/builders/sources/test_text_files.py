"""Rows and text files: a broken row costs itself, and everything refused says why."""

from __future__ import annotations

import csv
import gzip
import io
import json
import zipfile
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyarrow import parquet

from builders.document import Document, Quarantined
from builders.sources.row_files import PartShard
from builders.sources.text_files import TextFiles
from validators.errors import SikuError

TEXT = "雪下了一夜，院子里的脚印都看不见了。他推门进去，屋里没有人，只有一盏灯还亮着。"


def read(path: Path, **settings: Any) -> list[Document | Quarantined]:
    source = TextFiles(**settings)
    return [found for shard in source.shards([path]) for found in source.read(shard)]


def rows(path: Path, **settings: Any) -> list[tuple[str, str]]:
    """Id and text of a document, id and reason of what was refused."""
    found = read(path, **settings)
    assert len({piece.id for piece in found}) == len(found)
    return [(piece.id, piece.text if isinstance(piece, Document) else f"! {piece.reason}") for piece in found]


def written(path: Path, *lines: object) -> Path:
    raw = [line if isinstance(line, bytes) else json.dumps(line, ensure_ascii=False).encode() for line in lines]
    path.write_bytes(b"\n".join([*raw, b""]))
    return path


def test_rows_keep_their_ids_and_columns(tmp_path: Path) -> None:
    assert TextFiles.version == 1
    path = written(
        tmp_path / "rows.jsonl",
        {"id": "a-1", "text": TEXT, "url": "http://example.com", "scores": {"雪": [1, 2.5, None]}},
        {"text": TEXT},
        {"id": 7, "text": TEXT, "source": "web"},
    )
    assert read(path) == [
        Document("a-1", TEXT, {"url": "http://example.com", "scores": {"雪": [1, 2.5, None]}, "source": "rows.jsonl"}),
        Document("0c7be8ff75a5-000000000207", TEXT, {"source": "rows.jsonl"}),
        Document("7", TEXT, {"row_source": "web", "source": "rows.jsonl"}),
    ]


def test_every_kind_of_broken_row(tmp_path: Path) -> None:
    good = json.dumps({"id": "good", "text": TEXT}, ensure_ascii=False).encode()
    path = written(
        tmp_path / "rows.jsonl",
        good[:-1],
        ["a"],
        "text",
        b"",
        b"  ",
        {"id": "no-text", "content": TEXT, "title": "雪夜"},
        {"id": "empty", "text": "　\n"},
        {"id": "null", "text": None},
        {"id": "list", "text": [TEXT]},
        b"\0\0\0",
        good,
    )
    key = "0c7be8ff75a5"
    assert [reason.removeprefix("! ") for _, reason in rows(path)[1:-2]] == [
        "not a JSON object: line 2 is a list",
        "not a JSON object: line 3 is a string",
        "no text column: line 6: there is no 'text' in id, content, title (--set source.text_column=…)",
        "empty text: line 7",
        "empty text: line 8",
        "text is not a string: line 9: it is a list",
    ]
    ids = [id for id, _ in rows(path)]
    assert ids[0] == f"{key}-000000000000" and ids[3:7] == ["no-text", "empty", "null", "list"] and ids[-1] == "good"
    assert rows(path)[0][1].startswith("! broken JSON: line 1: ")
    assert rows(path)[-2][1].startswith("! broken JSON: line 10: ")
    first = read(path)[0]
    assert first.text == good[:-1].decode() and first.meta == {"source": "rows.jsonl"}


def test_a_bad_byte_costs_no_more_than_its_row(tmp_path: Path) -> None:
    good = json.dumps({"text": TEXT * 5}, ensure_ascii=False).encode()
    bad = good[:100] + b"\xff" + good[100:]
    path = written(tmp_path / "rows.jsonl", good, bad, b"\xff" + good, good)
    first, second, third, fourth = read(path)
    assert isinstance(first, Document) and isinstance(second, Document) and isinstance(fourth, Document)
    assert first.text == fourth.text == TEXT * 5
    assert second.meta["replaced"] == 1 and second.text.startswith(TEXT[:20]) and second.text.endswith(TEXT)
    assert isinstance(third, Quarantined) and third.reason.startswith("broken JSON: line 3: ")


def test_rows_in_other_encodings(tmp_path: Path) -> None:
    raw = json.dumps({"text": TEXT * 3}, ensure_ascii=False)
    for encoding in ("gb18030", "utf-16", "utf-8-sig"):
        (tmp_path / "rows.jsonl").write_bytes(f"{raw}\r\n{raw}\r\n".encode(encoding))
        assert [text for _, text in rows(tmp_path / "rows.jsonl")] == [TEXT * 3] * 2


def test_json_that_python_writes(tmp_path: Path) -> None:
    path = written(tmp_path / "rows.jsonl", b'{"text": "\\u96ea\\ud83d", "score": NaN}', b'{"text": "\\ud83d\\ude00"}')
    first, second = read(path)
    assert (first.text, first.meta["score"], first.meta["replaced"]) == ("雪\ufffd", None, 1)
    assert (second.text, "replaced" in second.meta) == ("😀", False)


def test_whole_numbers_beyond_64_bits_keep_their_digits(tmp_path: Path) -> None:
    line = b'{"id": 12345678901234567890123, "text": "\xe9\x9b\xaa", "n": -1180591620717411303424, "list": [1e25, 7]}'
    (tmp_path / "rows.jsonl").write_bytes(line)
    (row,) = read(tmp_path / "rows.jsonl")
    assert isinstance(row, Document)
    assert row.id == "12345678901234567890123"
    assert row.meta["n"] == "-1180591620717411303424"
    assert row.meta["list"] == [1e25, 7]


def test_columns_that_a_dataset_cannot_have(tmp_path: Path) -> None:
    row = {"text": "雪", "source": "这里", "row_source": "那里", "": 1, "\0n": 2, "split": "valid"}
    (tmp_path / "rows.jsonl").write_text(json.dumps(row))
    (document,) = read(tmp_path / "rows.jsonl")
    assert isinstance(document, Document)
    wanted = {"row_source": "那里", "row_row_source": "这里", "row_": 1, "row_\ufffdn": 2, "split": "valid"}
    assert document.meta == wanted | {"source": "rows.jsonl"}
    assert document.split == "train"


def test_nesting_that_cannot_be_written_again(tmp_path: Path) -> None:
    deep = "[" * 400 + "]" * 400
    (tmp_path / "rows.jsonl").write_text(f'{{"text": "雪", "deep": {deep}}}')
    (row,) = read(tmp_path / "rows.jsonl")
    assert isinstance(row, Quarantined)
    assert row.reason.startswith("nested too deeply: line 1")


@pytest.mark.parametrize("wrong", [{"txt": "line"}, {"shard_mb": 0}, {"max_ratio": -1}, {"text_column": ""}])
def test_settings_that_cannot_be(wrong: dict[str, Any]) -> None:
    with pytest.raises(SikuError, match=r"must be|is empty"):
        TextFiles(**wrong)


def test_a_line_that_is_too_long_is_not_held(tmp_path: Path) -> None:
    good = json.dumps({"text": TEXT}).encode()
    path = written(tmp_path / "rows.jsonl", good, b'{"text": "' + b"x" * (9 << 20) + b'"}', good, b"y" * (6 << 20))
    found = read(path, max_line_mb=5)
    assert [type(piece) for piece in found] == [Document, Quarantined, Document, Quarantined]
    assert [piece.reason for piece in found if isinstance(piece, Quarantined)] == [
        "too long: line 2, max_line_mb is 5 (--set source.max_line_mb=…)",
        "too long: line 4, max_line_mb is 5 (--set source.max_line_mb=…)",
    ]
    assert found[1].text.startswith('{"text": "xxx') and len(found[1].text) == 2000
    assert int(found[2].id[-12:]) == path.read_bytes().rindex(good)


def test_a_large_file_is_cut_at_lines(tmp_path: Path) -> None:
    path = written(tmp_path / "rows.jsonl", *({"text": f"{number} {TEXT * 20}"} for number in range(1500)), b"[]")
    whole = read(path)
    source = TextFiles(shard_mb=1)
    shards = source.shards([path])
    assert [shard.name for shard in shards] == [f"rows.jsonl#{shard.start:012d}" for shard in shards]  # type: ignore[attr-defined]
    assert len(shards) > 3 and sum(shard.bytes for shard in shards) == path.stat().st_size
    cut = [piece for shard in shards for piece in source.read(shard)]
    assert [(piece.id, piece.text) for piece in cut] == [(piece.id, piece.text) for piece in whole]
    assert cut[-1].meta["source"] == shards[-1].name
    assert isinstance(whole[-1], Quarantined) and whole[-1].reason.endswith("line 1,501 is a list")

    with path.open("ab") as file:
        file.write(json.dumps({"text": TEXT}).encode() * 2)
    assert source.shards([path])[:-1] == shards[:-1]
    assert source.shards([path])[-1] != shards[-1]


def test_cuts_in_a_file_of_long_lines(tmp_path: Path) -> None:
    long = {"text": "雪" * 900_000}  # longer than a part
    path = written(tmp_path / "rows.jsonl", {"text": TEXT}, long, {"text": TEXT}, long, long)
    source = TextFiles(shard_mb=1)
    shards = source.shards([path])
    assert all(isinstance(shard, PartShard) for shard in shards)
    cut = [(piece.id, piece.text) for shard in shards for piece in source.read(shard)]
    assert cut == [(piece.id, piece.text) for piece in read(path)]


@settings(max_examples=40, deadline=None)
@given(st.lists(st.binary(max_size=30).filter(lambda raw: b"\n" not in raw), max_size=20))
def test_lines_of_anything(tmp_path_factory: pytest.TempPathFactory, lines: list[bytes]) -> None:
    path = tmp_path_factory.mktemp("any") / "rows.jsonl"
    path.write_bytes(b"\n".join([*lines, b'{"text": "good"}']))
    if path.read_bytes()[:2] not in (b"\xff\xfe", b"\xfe\xff"):
        assert read(path)[-1].text == "good"


def test_compressed_rows_and_their_breaks(tmp_path: Path) -> None:
    lines = [json.dumps({"id": str(number), "text": f"{number} {TEXT}"}).encode() for number in range(2000)]
    packed = gzip.compress(b"\n".join(lines), mtime=0)
    path = tmp_path / "rows.jsonl.gz"
    path.write_bytes(packed)
    assert len(read(path)) == 2000
    path.write_bytes(packed[: len(packed) // 2])
    found = read(path)
    assert len(found) > 500 and all(isinstance(piece, Document) for piece in found[:-1])
    assert isinstance(found[-1], Quarantined) and found[-1].reason.startswith("breaks off after")
    path.write_bytes(gzip.compress(bytes(30 << 20)))
    assert [reason[:10] for _, reason in rows(path)] == ["! zip bomb"]


def test_json_files(tmp_path: Path) -> None:
    path = tmp_path / "rows.json"
    path.write_text(json.dumps([{"text": TEXT}, 3, {"id": "b", "text": TEXT}], indent=2))
    key = rows(path)[0][0][:12]
    assert rows(path) == [
        (f"{key}-00000001", TEXT),
        (f"{key}-00000002", "! not a JSON object: row 2 is a number"),
        ("b", TEXT),
    ]
    path.write_text(json.dumps({"text": TEXT}))
    assert rows(path) == [(f"{key}-00000001", TEXT)]
    path.write_text('{"text": "一"}\n{"text": "二"}\n')  # JSON lines under another name
    assert [text for _, text in rows(path)] == ["一", "二"]


@pytest.mark.parametrize("indent", [None, 2])
def test_a_broken_json_list(tmp_path: Path, indent: int | None) -> None:
    items = [{"id": str(number), "text": TEXT, "more": {"a": [1]}} for number in range(4)]
    text = json.dumps(items, indent=indent).replace('"id": "1"', '"id" "1"')
    (tmp_path / "rows.json").write_text(text)
    found = rows(tmp_path / "rows.json")
    if indent:
        assert [id for id, _ in found if len(id) == 1] == ["0", "2", "3"]
        assert found[1][1].startswith("! broken JSON: row 2: ")
    else:
        assert found[0] == ("0", TEXT)
        assert found[1][1].endswith("what follows cannot be read")


def test_json_that_is_broken_all_over(tmp_path: Path) -> None:
    path = tmp_path / "rows.json"
    path.write_text("[" * 100_000)
    assert [reason[:15] for _, reason in rows(path)] == ["! broken JSON: "]
    path.write_text("[\n" + '{"text" "a"},\n' * 20_000 + "]")
    assert len(rows(path)) == 20_000
    path.write_text("[" + '{"text": "a"}, ' * 50_000 + "{]")
    assert len(rows(path)) == 50_001


def test_a_json_list_with_a_bad_byte(tmp_path: Path) -> None:
    raw = json.dumps([{"id": str(number), "text": TEXT} for number in range(4)], ensure_ascii=False).encode()
    (tmp_path / "rows.json").write_bytes(raw.replace("灯".encode(), b"\xff", 1))
    found = read(tmp_path / "rows.json")
    assert [piece.meta.get("replaced", 0) for piece in found] == [1, 0, 0, 0]


def test_parquet(tmp_path: Path) -> None:
    table = pyarrow.table(
        {
            "id": ["a", None, "c"],
            "text": [TEXT, TEXT, None],
            "day": [date(2026, 11, 21)] * 3,
            "score": [0.5, float("nan"), 1.0],
            "tags": [["雪"], [], None],
        }
    )
    path = tmp_path / "rows.parquet"
    parquet.write_table(table, path)
    first, second, third = read(path)
    assert first == Document("a", TEXT, {"day": "2026-11-21", "score": 0.5, "tags": ["雪"], "source": "rows.parquet"})
    assert second.id.endswith("-00000002") and second.meta["score"] is None and second.meta["tags"] == []
    assert (third.id, third.reason) == ("c", "empty text: row 3") if isinstance(third, Quarantined) else False
    assert json.loads(third.text)["day"] == "2026-11-21"


def test_parquet_that_is_damaged_or_has_no_text(tmp_path: Path) -> None:
    path = tmp_path / "rows.parquet"
    noise = [f"{number * 7919 % 1009}{TEXT}" for number in range(1000)]
    parquet.write_table(pyarrow.table({"content": noise}), path)
    assert [reason for _, reason in rows(path)] == [
        "! no text column: there is no 'text' in content (--set source.text_column=…)"
    ]
    assert len(read(path, text_column="content")) == 1000
    parquet.write_table(pyarrow.table({"text": noise}), path, row_group_size=250, compression="zstd")
    raw = bytearray(path.read_bytes())
    start = parquet.ParquetFile(path).metadata.row_group(1).column(0).data_page_offset
    raw[start : start + 200] = bytes(200)
    path.write_bytes(raw)
    found = rows(path)
    (reason,) = [reason for _, reason in found if reason.startswith("!")]
    assert reason.startswith("! broken Parquet: rows 251 to 500")
    assert len(found) == 751
    path.write_bytes(raw[:300])
    assert rows(path)[0][1].startswith("! broken Parquet: ")
    path.write_bytes(b"")
    assert [reason for _, reason in rows(path)] == ["! empty file"]


def test_csv(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        csv.writer(file).writerows(
            [["id", "text", ""], ["a", '一行\n两行，“好”，"说"', "x"], [], ["b", "雪" * 200_000, "y"]]
        )
    first, second = read(path)
    assert first == Document("a", '一行\n两行，“好”，"说"', {"column_3": "x", "source": "rows.csv"})
    assert len(second.text) == 200_000
    path.write_bytes(f"id,text\n1,{TEXT}\n".encode("gb18030"))
    assert rows(path) == [("1", TEXT)]
    path.write_text("问,答\n1,2\n")
    assert rows(path)[0][1] == "! no text column: there is no 'text' in 问, 答 (--set source.text_column=…)"


def test_a_quotation_mark_that_is_not_closed_costs_one_row(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text(f'id,text\n1,{TEXT}\n2,"{TEXT}\n3,{TEXT}\n4,"{TEXT}"\n5,{TEXT},too,many\n6,{TEXT}\n')
    found = rows(path)
    assert [id for id, _ in found if len(id) == 1] == ["1", "3", "4", "6"]
    assert [reason for _, reason in found if reason.startswith("!")] == [
        "! broken row: line 3: ',' expected after '\"'",
        "! broken row: line 6: 4 cells, the header has 2",
    ]


def test_csv_that_is_broken_from_the_start_or_never_ends(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text('"id,text\n1,2\n')
    assert rows(path)[0][1].startswith("! no text column: ")
    path.write_text(f'id,text\n1,"{TEXT}\n2,{TEXT}\n3,"{TEXT}" 他说\n4,{"x" * (3 << 20)}\n5,{TEXT}\n')
    found = rows(path, max_line_mb=1)
    assert [id for id, _ in found if len(id) == 1] == ["2", "3", "5"]
    assert found[2] == ("3", f"{TEXT} 他说")
    assert found[3][1] == "! broken row: line 5: the line is too long, max_line_mb is 1"


def test_tsv_takes_quotation_marks_as_they_are(tmp_path: Path) -> None:
    path = tmp_path / "rows.tsv"
    path.write_text('id\ttext\n1\t"他说\n2\t好”。\n')
    assert rows(path) == [("1", '"他说'), ("2", "好”。")]


def test_text_files(tmp_path: Path) -> None:
    (tmp_path / "雪夜.txt").write_bytes((TEXT * 3).encode("gb18030"))
    (tmp_path / "binary.txt").write_bytes(bytes(range(256)) * 40)
    (tmp_path / "empty.txt").write_bytes(b"")
    (tmp_path / "README.md").write_text(TEXT)
    (tmp_path / "cover.jpg").write_bytes(b"x")
    found = {piece.meta["source"]: piece for piece in read(tmp_path)}
    assert found["雪夜.txt"].text == TEXT * 3
    assert found["雪夜.txt"].meta == {"source": "雪夜.txt", "encoding": "gb18030", "replaced": 0}
    refused = {name: piece.reason for name, piece in found.items() if isinstance(piece, Quarantined)}
    assert refused.pop("binary.txt")
    assert refused == {
        "empty.txt": "empty file",
        "README.md": "not a file of rows: .md",
        "cover.jpg": "not a text: .jpg",
    }


def test_text_by_lines(tmp_path: Path) -> None:
    (tmp_path / "雪夜.txt").write_bytes(f"{TEXT}\r\n\r\n{TEXT}二\r\n".encode("gb18030"))
    (first, _), (second, text) = rows(tmp_path, txt="lines")
    assert text == f"{TEXT}二"
    assert int(second[-12:]) == len(f"{TEXT}\r\n\r\n".encode("gb18030")) and first.endswith("-000000000000")


def test_archives_of_rows(tmp_path: Path) -> None:
    table = io.BytesIO()
    parquet.write_table(pyarrow.table({"text": [TEXT]}), table)
    with zipfile.ZipFile(tmp_path / "rows.zip", "w") as archive:
        archive.writestr("a/rows.jsonl", json.dumps({"text": TEXT}) + "\n[]\n")
        archive.writestr("a/rows.parquet", table.getvalue())
        archive.writestr("a/rows.csv", f"text\n{TEXT}\n")
        archive.writestr("a/雪夜.txt", TEXT)
        archive.writestr("a/more.jsonl.gz", b"x")
        archive.writestr("a/cover.jpg", b"x")
    found = read(tmp_path)
    assert len({piece.id for piece in found}) == len(found) == 7
    assert [piece.meta["source"][9:] for piece in found if isinstance(piece, Document)] == [
        "a/rows.jsonl",
        "a/rows.parquet",
        "a/rows.csv",
        "a/雪夜.txt",
    ]
    assert [piece.reason for piece in found if isinstance(piece, Quarantined)] == [
        "not a JSON object: line 2 is a list",
        "archive inside an archive: a/more.jsonl.gz",
        "not a text: .jpg",
    ]


def test_what_vanished(tmp_path: Path) -> None:
    names = ("rows.jsonl", "rows.parquet", "雪夜.txt", "large.jsonl", "rows.zip")
    for name in names:
        written(tmp_path / name, *([{"text": TEXT * 100}] * (100 if name == "large.jsonl" else 1)))
    source = TextFiles(shard_mb=1)
    shards = source.shards([tmp_path])
    assert len(shards) > len(names)
    for name in names:
        (tmp_path / name).unlink()
    found = [piece for shard in shards for piece in source.read(shard)]
    reason = "cannot be read: No such file or directory"
    assert [piece.reason for piece in found if isinstance(piece, Quarantined)] == [reason] * len(shards)


def test_equal_names_from_two_inputs(tmp_path: Path) -> None:
    for folder in ("甲", "乙"):
        (tmp_path / folder).mkdir()
        written(tmp_path / folder / "rows.jsonl", *([{"text": folder * 400_000}] * 2))
    source = TextFiles(shard_mb=1)
    shards = source.shards([tmp_path / "甲", tmp_path / "乙"])
    assert [shard.name for shard in shards] == [
        f"{folder}/rows.jsonl#{start:012d}" for folder in "乙甲" for start in (0, 1_200_013)
    ]
    found = [piece for shard in shards for piece in source.read(shard)]
    assert [(piece.meta["source"], piece.text[0]) for piece in found] == [
        (shard.name, shard.name[0]) for shard in shards
    ]
