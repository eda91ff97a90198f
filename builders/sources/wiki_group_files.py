"""Conversion groups for the articles of a wiki: found among the inputs, packed to travel with every shard."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from builders.sources.inputs import MIB, UnreadableError, file_kind, read_file
from builders.text.wiki_groups import ConversionGroup, group_key, parse_conversion_group
from validators.errors import SikuError

MAX_GROUP_MB = 8
_PACKED_LEVEL = 6


@dataclass(frozen=True, slots=True)
class PackedGroups:
    """The sources of groups by their key, and a digest of it all. Some hundred kilobytes for a whole wiki."""

    digest: str
    packed: bytes

    @staticmethod
    def of(found: Iterable[tuple[str, str]]) -> PackedGroups | None:
        """Of names and sources; the first of each name counts."""
        groups: dict[str, str] = {}
        for name, text in found:
            groups.setdefault(group_key(name), text)
        if not groups:
            return None
        raw = json.dumps(groups, ensure_ascii=False, sort_keys=True).encode("utf-8", "replace")
        return PackedGroups(sha256(raw).hexdigest(), zlib.compress(raw, _PACKED_LEVEL))


class Groups(Mapping[str, ConversionGroup]):
    """Groups by their key, each parsed when it is first asked for."""

    def __init__(self, texts: Mapping[str, str]) -> None:
        self._texts = texts
        self._parsed: dict[str, ConversionGroup] = {}

    def __getitem__(self, key: str) -> ConversionGroup:
        if key not in self._parsed:
            self._parsed[key] = parse_conversion_group(self._texts[key])
        return self._parsed[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._texts)

    def __len__(self) -> int:
        return len(self._texts)


_at_hand: dict[str, Groups] = {}  # of this process; a document names its groups by their digest


def unpack_groups(packed: PackedGroups) -> str:
    """Have the groups at hand in this process, under the digest that is returned."""
    if packed.digest not in _at_hand:
        _at_hand[packed.digest] = Groups(json.loads(zlib.decompress(packed.packed)))
    return packed.digest


def groups_at_hand(digest: str) -> Groups:
    """The groups that the source has unpacked. Raises SikuError where it did not."""
    if digest not in _at_hand:
        raise SikuError(
            "the conversion groups of this article are not at hand",
            where="step WikiArticles",
            next="put WikiArticles first, before any step that compares the whole corpus",
        )
    return _at_hand[digest]


def group_in_file(path: Path, size: int) -> tuple[str, str] | None:
    """Name and source of the group that a small `.json` or `.lua` file holds, `None` if it holds none."""
    kind = file_kind(path.name)
    if kind.suffix not in (".json", ".lua") or kind.compression or size > MAX_GROUP_MB * MIB:
        return None
    try:
        text = read_file(path, MAX_GROUP_MB, "").decode()
    except (UnreadableError, UnicodeDecodeError):
        return None
    if kind.suffix == ".lua":
        group = parse_conversion_group(text)
        return (path.stem, text) if group.rules or group.imports else None
    if '"rules"' not in text:
        return None
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(found, dict) or not isinstance(found.get("rules"), list):
        return None
    return str(found.get("path") or found.get("name") or path.stem), text
