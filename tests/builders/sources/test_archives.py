"""Archives: what is whole is read, what is not says why, nothing unfolds without limit."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import struct
import tarfile
import zipfile
from pathlib import Path

import pyarrow
import pytest

from builders.sources.archives import Limits, members, open_compressed, open_range, read_compressed
from builders.sources.inputs import UnreadableError

LIMITS = Limits(max_archive_mb=64, max_ratio=200)
NOISE = os.urandom(400_000)  # does not compress, so that half of the file is half of the content


def contents(path: Path, limits: Limits = LIMITS) -> dict[str, bytes | str]:
    """Every member's bytes, or the reason why there are none."""
    found: dict[str, bytes | str] = {}
    for member in members(path, limits):
        try:
            found[member.name] = member.read(64, "max_book_mb")
        except UnreadableError as error:
            found[member.name] = str(error)
    return found


def compress(raw: bytes, suffix: str) -> bytes:
    match suffix:
        case ".gz":
            return gzip.compress(raw, mtime=0)
        case ".bz2":
            return bz2.compress(raw)
        case ".xz":
            return lzma.compress(raw)
        case ".zst":
            buffer = pyarrow.BufferOutputStream()
            with pyarrow.CompressedOutputStream(buffer, "zstd") as stream:
                stream.write(raw)
            return bytes(buffer.getvalue())
    return raw


def tar_of(files: dict[str, bytes]) -> bytes:
    sink = io.BytesIO()
    with tarfile.open(fileobj=sink, mode="w") as tar:
        for name, raw in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(raw)
            tar.addfile(info, io.BytesIO(raw))
    return sink.getvalue()


def zip_with_raw_names(path: Path, files: dict[bytes, bytes]) -> None:
    """A zip as old Windows programs make it: names in their own encoding, without the UTF-8 flag."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for letter, (name, raw) in zip("ABCD", files.items(), strict=False):
            archive.writestr(letter * len(name), raw)
    written = path.read_bytes()
    for letter, name in zip("ABCD", files, strict=False):
        written = written.replace(letter.encode() * len(name), name)
    path.write_bytes(written)


COMPRESSIONS = [".gz", ".bz2", ".xz", ".zst"]


@pytest.mark.parametrize("suffix", COMPRESSIONS)
def test_compressed_files(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"雪夜.txt{suffix}"
    raw = "雪夜归人。".encode() * 100_000
    path.write_bytes(compress(raw, suffix))
    assert read_compressed(path, 64, "max_book_mb") == raw
    path.write_bytes(compress(raw[:600], suffix) + compress(raw[600:], suffix))  # glued, as `cat` makes them
    assert read_compressed(path, 64, "max_book_mb") == raw
    with pytest.raises(UnreadableError, match=r"too large: .* max_book_mb is 1 \(--set source.max_book_mb=…\)"):
        read_compressed(path, 1, "max_book_mb")


@pytest.mark.parametrize("suffix", COMPRESSIONS)
def test_what_is_whole_comes_before_the_break(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"noise{suffix}"
    packed = compress(NOISE, suffix)
    path.write_bytes(packed[: len(packed) // 2])
    given = b""
    with open_compressed(path, LIMITS) as stream, pytest.raises(UnreadableError, match="breaks off after"):
        while piece := stream.read(1 << 20):
            given += piece
    assert NOISE.startswith(given)
    if suffix != ".bz2":  # its blocks have 900 kB
        assert len(given) > 60_000


@pytest.mark.parametrize("suffix", COMPRESSIONS)
def test_junk_under_a_compressed_name(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"junk{suffix}"
    path.write_bytes("他推门进去，屋里没有人。".encode() * 100)
    with pytest.raises(UnreadableError, match="breaks off after 0 bytes"):
        read_compressed(path, 64, "max_book_mb")


def test_ranges(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_bytes(b"0123456789")
    with open_range(path, 3, 7) as stream:
        assert (stream.read(2), stream.read(9), stream.read(9)) == (b"34", b"56", b"")


def test_a_tar_of_the_folder_itself(tmp_path: Path) -> None:
    """`tar -czf books.tgz -C folder .` puts ./ before every name."""
    with tarfile.open(tmp_path / "books.tgz", "w:gz") as archive:
        for name in (".", "./书.txt", "./卷/./一.txt", "./.hidden"):
            info = tarfile.TarInfo(name)
            info.type = tarfile.DIRTYPE if name == "." else tarfile.REGTYPE
            archive.addfile(info, io.BytesIO(b""))
    assert list(contents(tmp_path / "books.tgz")) == ["书.txt", "卷/一.txt"]


@pytest.mark.parametrize("name", ["a.zip", "a.tar", "a.tar.gz", "a.tar.bz2", "a.tar.xz", "a.tar.zst", "a.tgz"])
def test_members(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    files = {"书/雪夜.txt": b"1" * 50, "归人.txt": b"2", "__MACOSX/._归人.txt": b"x", ".DS_Store": b"x", "空.txt": b""}
    if name.endswith(".zip"):
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("书/", "")
            for member, raw in files.items():
                archive.writestr(member, raw)
    else:
        path.write_bytes(compress(tar_of(files), {".tgz": ".gz"}.get(path.suffix, path.suffix)))
    assert contents(path) == {"书/雪夜.txt": b"1" * 50, "归人.txt": b"2", "空.txt": b""}


@pytest.mark.parametrize("encoding", ["gbk", "big5", "utf-8"])
def test_zip_names_without_the_utf8_flag(tmp_path: Path, encoding: str) -> None:
    names = ["小說/雪夜歸人的故事.txt", "小說/長街上的燈火與行人.txt", "小說/燈.txt"]
    path = tmp_path / "a.zip"
    zip_with_raw_names(path, {name.encode(encoding): name.encode() for name in names})
    assert contents(path) == {name: name.encode() for name in names}


def test_tar_names_in_gbk(tmp_path: Path) -> None:
    path = tmp_path / "a.tar"
    sink = io.BytesIO()
    with tarfile.open(fileobj=sink, mode="w", format=tarfile.GNU_FORMAT, encoding="gbk") as tar:
        tar.addfile(tarfile.TarInfo("雪夜归人的故事.txt"), io.BytesIO())
    path.write_bytes(sink.getvalue())
    assert list(contents(path)) == ["雪夜归人的故事.txt"]


def test_windows_separators_and_repeated_names(tmp_path: Path) -> None:
    path = tmp_path / "a.tar"
    sink = io.BytesIO()
    with tarfile.open(fileobj=sink, mode="w") as tar:
        for _ in range(2):
            tar.addfile(tarfile.TarInfo("雪夜.txt"), io.BytesIO())
    path.write_bytes(sink.getvalue())
    assert list(contents(path)) == ["雪夜.txt", "雪夜.txt~2"]
    with zipfile.ZipFile(tmp_path / "b.zip", "w") as archive:
        info = zipfile.ZipInfo("x")
        info.filename = "书\\雪夜.txt"
        archive.writestr(info, b"1")
    assert list(contents(tmp_path / "b.zip")) == ["书/雪夜.txt"]


@pytest.mark.parametrize("name", ["../雪夜.txt", "/etc/雪夜.txt", "a/../../雪夜.txt", "C:/雪夜.txt", "..\\雪夜.txt"])
def test_paths_that_lead_out(tmp_path: Path, name: str) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr(name, b"1")
        archive.writestr("归人.txt", b"2")
    found = contents(tmp_path / "a.zip")
    assert found.pop("归人.txt") == b"2"
    assert [str(reason).startswith("unsafe path in the archive") for reason in found.values()] == [True]


def test_links_and_devices(tmp_path: Path) -> None:
    sink = io.BytesIO()
    kinds = {
        "link.txt": tarfile.SYMTYPE,
        "hard.txt": tarfile.LNKTYPE,
        "device": tarfile.CHRTYPE,
        "pipe": tarfile.FIFOTYPE,
    }
    with tarfile.open(fileobj=sink, mode="w") as tar:
        for name, kind in kinds.items():
            info = tarfile.TarInfo(name)
            info.type, info.linkname = kind, "/etc/passwd"
            tar.addfile(info)
    (tmp_path / "a.tar").write_bytes(sink.getvalue())
    reasons = {"link.txt": "link", "hard.txt": "link", "device": "device", "pipe": "device"}
    assert contents(tmp_path / "a.tar") == {name: f"{kind} in the archive" for name, kind in reasons.items()}
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        link = zipfile.ZipInfo("link.txt")
        link.external_attr = 0o120777 << 16
        archive.writestr(link, "/etc/passwd")
    assert contents(tmp_path / "a.zip") == {"link.txt": "link in the archive"}


def test_archives_inside(tmp_path: Path) -> None:
    names = ["a.zip", "b.tar", "c.tgz", "d.txt.gz"]
    (tmp_path / "a.tar").write_bytes(tar_of(dict.fromkeys(names, b"1")))
    assert contents(tmp_path / "a.tar") == {name: f"archive inside an archive: {name}" for name in names}


def test_encrypted_members(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("雪夜.txt", b"1" * 20)
        archive.writestr("归人.txt", b"2")
    raw = bytearray(path.read_bytes())
    raw[6] |= 1
    raw[raw.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(raw)
    assert contents(path) == {"雪夜.txt": "encrypted: a password is needed", "归人.txt": b"2"}


def test_a_broken_member_costs_itself(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("雪夜.txt", b"snow" * 20)
        archive.writestr("归人.txt", b"2")
    path.write_bytes(path.read_bytes().replace(b"snowsnow", b"snowrain", 1))
    found = contents(path)
    assert found["归人.txt"] == b"2"
    assert "CRC" in str(found["雪夜.txt"])


def test_a_method_that_python_does_not_know(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("雪夜.txt", b"1")
    raw = bytearray(path.read_bytes())
    struct.pack_into("<H", raw, 8, 9)
    struct.pack_into("<H", raw, raw.index(b"PK\x01\x02") + 10, 9)
    path.write_bytes(raw)
    assert "broken zip member: That compression method is not supported" in str(contents(path)["雪夜.txt"])


@pytest.mark.parametrize("name", ["a.zip", "a.tar", "a.tar.gz", "a.tar.zst"])
@pytest.mark.parametrize("raw", [b"", b"not an archive" * 100, b"PK\x03\x04" + bytes(100), bytes(10)])
def test_what_is_no_archive(tmp_path: Path, name: str, raw: bytes) -> None:
    (tmp_path / name).write_bytes(raw)
    ((member, reason),) = contents(tmp_path / name).items()
    assert member == "" and isinstance(reason, str) and reason


@pytest.mark.parametrize("name", ["a.tar", "a.tar.gz", "a.tar.xz", "a.tar.zst"])
def test_truncated_tars_keep_what_is_whole(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    files = {f"{index}.txt": NOISE[index * 100_000 :][:100_000] for index in range(4)}
    packed = compress(tar_of(files), path.suffix)
    path.write_bytes(packed[: len(packed) * 7 // 10])
    found = contents(path)
    assert {member: found[member] for member in ("0.txt", "1.txt")} == {
        "0.txt": files["0.txt"],
        "1.txt": files["1.txt"],
    }
    assert isinstance(found.pop(""), str)


def test_a_tar_cut_between_members_says_so(tmp_path: Path) -> None:
    raw = tar_of({"雪夜.txt": b"1", "归人.txt": b"2"})
    for end in (1024 + 512 + 512, 1024 + 512 + 700):  # where a header should be, and in the middle of it
        (tmp_path / "a.tar").write_bytes(raw[:end])
        found = contents(tmp_path / "a.tar")
        assert "truncated" in str(found[""]) or "unexpected end" in str(found[""])


@pytest.mark.parametrize("name", ["a.zip", "a.tar.gz", "a.tar.zst"])
def test_bombs(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    files = {"雪夜.txt": NOISE[:1000], "bomb.txt": bytes(30 << 20), "归人.txt": b"2"}
    if name == "a.zip":
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for member, raw in files.items():
                archive.writestr(member, raw)
    else:
        path.write_bytes(compress(tar_of(files), path.suffix))
    found = contents(path)
    assert found["雪夜.txt"] == NOISE[:1000]
    assert "归人.txt" not in found
    assert str(found[""]).startswith("zip bomb: ") and "max_ratio is 200 (--set source.max_ratio=…)" in str(found[""])
    assert "max_archive_mb is 8" in str(contents(path, Limits(max_archive_mb=8, max_ratio=10**9))[""])


def test_a_large_member_is_refused_unread(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("雪夜.txt", NOISE * 3)
    (member,) = members(tmp_path / "a.zip", LIMITS)
    with pytest.raises(UnreadableError, match=r"too large: it has 1\.1 MB, max_book_mb is 1"):
        member.read(1, "max_book_mb")


def test_damage_anywhere_never_raises(tmp_path: Path) -> None:
    files = {"雪夜.txt": NOISE[:3000], "归人.txt": b"2" * 3000}
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for member, raw in files.items():
            archive.writestr(member, raw)
    for name, raw in (("b.zip", (tmp_path / "a.zip").read_bytes()), ("b.tar", tar_of(files)[:8192])):
        for position in range(0, len(raw), 37):
            damaged = bytearray(raw)
            damaged[position : position + 4] = b"\xff\x00\xfe\x81"[: len(raw) - position]
            (tmp_path / name).write_bytes(damaged)
            contents(tmp_path / name)
