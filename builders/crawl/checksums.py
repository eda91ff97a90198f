"""What a large file has to be: digests given by hand, or in the lists that `sha256sum` and its sisters write."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from pathlib import Path

from validators.errors import SikuError

HEX_DIGITS = {"sha256": 64, "sha1": 40, "md5": 32}
_ALGORITHM = {digits: name for name, digits in HEX_DIGITS.items()}
_LISTED = re.compile(r"\\?([0-9a-f]{32,64})\s+\*?(.+)", re.IGNORECASE)
_TAGGED = re.compile(r"(?:MD5|SHA1|SHA256)\s*\((.+)\)\s*=\s*([0-9a-f]{32,64})", re.IGNORECASE)
_PIECE_BYTES = 1 << 20


def check_digests(wanted: Mapping[str, str]) -> dict[str, str]:
    """The digests that were given, in lower case. Raises SikuError for one that cannot be."""
    given = {name: value.strip().lower() for name, value in wanted.items() if value.strip()}
    wrong = [name for name, value in given.items() if not re.fullmatch(f"[0-9a-f]{{{HEX_DIGITS[name]}}}", value)]
    if wrong:
        raise SikuError(
            f"no digest: {', '.join(f'--{name} {given[name]}' for name in wrong)}",
            why="; ".join(f"{name} has {HEX_DIGITS[name]} hexadecimal digits" for name in wrong),
        )
    return given


def listed_digest(text: str, name: str) -> dict[str, str]:
    """What a list of checksums says of a file: `{"sha1": "9f…"}`, {} if it does not name the file."""
    for line in text.splitlines():
        if tagged := _TAGGED.fullmatch(line.strip()):
            file, digest = tagged[1], tagged[2]
        elif listed := _LISTED.fullmatch(line.strip()):
            digest, file = listed[1], listed[2]
        else:
            continue
        if file.replace("\\", "/").rpartition("/")[2] == name and len(digest) in _ALGORITHM:
            return {_ALGORITHM[len(digest)]: digest.lower()}
    return {}


class Digests:
    """SHA-256 and whatever else is asked for, of bytes that come piece by piece."""

    def __init__(self, names: Mapping[str, str]) -> None:
        self._hashes = {name: hashlib.new(name, usedforsecurity=False) for name in {"sha256", *names}}

    def update(self, piece: bytes) -> None:
        for one in self._hashes.values():
            one.update(piece)

    def update_from(self, path: Path) -> None:
        with path.open("rb") as file:
            while piece := file.read(_PIECE_BYTES):
                self.update(piece)

    def all(self) -> dict[str, str]:
        return {name: one.hexdigest() for name, one in sorted(self._hashes.items())}


def differences(found: Mapping[str, str], wanted: Mapping[str, str]) -> list[str]:
    return [
        f"{name} is {found[name]}, should be {value}" for name, value in sorted(wanted.items()) if found[name] != value
    ]
