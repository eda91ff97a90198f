"""What is pushed: the files of one dataset as they are, or of several in a folder each with one card before them."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from builders.engine.manifest import DATA_FOLDERS, MANIFEST, SPLITS, read_manifest
from builders.engine.progress import Progress
from builders.publish.card import FILE as CARD
from builders.publish.card import config_lines, feature_lines, head_of, markdown_table, plain
from builders.publish.figures import steps_of, writing_of
from builders.publish.hub.remote import RemoteFile
from validators.errors import SikuError

REPORT = "report.html"
REFUSED = 3  # exit code of a guard
CONFIG = re.compile(r"\w[\w.-]{0,95}")  # names of configurations that `datasets` and a path take
TAG = re.compile(r"\w[\w.+-]{0,127}")


@dataclass(frozen=True)
class LocalFile:
    content: Path | bytes
    bytes: int
    sha256: str

    def is_like(self, remote: RemoteFile | None) -> bool:
        """Whether a file of the Hub has the same content."""
        if remote is None or remote.bytes != self.bytes:
            return False
        return self.sha256 == remote.sha256 if remote.sha256 else self._git_oid() == remote.git_oid

    def _git_oid(self) -> str:
        head = b"blob %d\0" % self.bytes
        if isinstance(self.content, bytes):
            return hashlib.sha1(head + self.content).hexdigest()
        digest = hashlib.sha1(head)
        with self.content.open("rb") as file:
            while piece := file.read(1 << 20):
                digest.update(piece)
        return digest.hexdigest()


@dataclass(frozen=True)
class Part:
    """One finished dataset, and the folder of the repository that it goes into ("" or with a slash at its end)."""

    local: Path
    manifest: Mapping[str, Any]
    folder: str

    @property
    def label(self) -> str:
        return f"{self.manifest['name']} {self.manifest['version']}"


@dataclass(frozen=True)
class Difference:
    """What a commit has to do to files of the Hub: paths to add or change, and paths to take away."""

    changed: Sequence[str]
    gone: Sequence[str]

    def __bool__(self) -> bool:
        return bool(self.changed or self.gone)


@dataclass
class Parcel:
    """The datasets of one push with every file by its path in the repository."""

    parts: Sequence[Part]
    files: dict[str, LocalFile] = field(default_factory=dict)

    @property
    def label(self) -> str:
        return ", ".join(part.label for part in self.parts)

    @property
    def tag(self) -> str:
        """The version that all of them have; else NAME-VERSION of each in the order of the names, joined by _."""
        versions = {part.manifest["version"] for part in self.parts}
        if len(versions) == 1:
            return str(versions.pop())
        return "_".join(sorted(f"{part.manifest['name']}-{part.manifest['version']}" for part in self.parts))

    def bytes_of(self, paths: Iterable[str]) -> int:
        return sum(self.files[path].bytes for path in paths)

    def difference(self, there: Mapping[str, RemoteFile]) -> Difference:
        """What to do to a commit with these files. Raises SikuError where it holds data that siku did not put there."""
        changed = [path for path, file in self.files.items() if not file.is_like(there.get(path))]
        return Difference(changed, sorted(path for path in _pushed_before(there) if path not in self.files))

    def is_whole_in(self, there: Mapping[str, RemoteFile]) -> bool:
        return not self.difference(there)


def pack(folders: Sequence[Path], progress: Progress) -> Parcel:
    """The parcel of finished datasets, each first proved against its manifest. Raises SikuError, 3 where that fails."""
    manifests = [(folder, read_manifest(folder) or {}) for folder in folders]
    names = [manifest["name"] for _, manifest in manifests]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise SikuError(
            f"{twice[0]} is given twice",
            why="each dataset of a repository is a configuration under its own name",
            next="push the versions one after the other: each gets its tag",
        )
    if len(names) > 1 and (odd := [name for name in names if not CONFIG.fullmatch(name)]):
        raise SikuError(
            f"{odd[0]!r} cannot name a configuration", next="push this dataset into a repository of its own"
        )
    parts = [Part(local, one, f"{one['name']}/" if len(names) > 1 else "") for local, one in manifests]
    parcel = Parcel(parts)
    for part in parts:
        _prove(part, progress)
        for name, file in part.manifest["files"].items():
            parcel.files[part.folder + name] = LocalFile(part.local / name, file["bytes"], file["sha256"])
        parcel.files[part.folder + MANIFEST] = _local(part.local / MANIFEST)
    if len(parts) > 1:
        parcel.files[CARD] = _local(render_joint_card(parts).encode())
    return parcel


def _prove(part: Part, progress: Progress) -> None:
    from builders.publish.verify import check_files

    progress.start(f"checking {part.label}", sum(file["bytes"] for file in part.manifest["files"].values()))
    _, problems = check_files(part.local, part.manifest, progress)
    if problems:
        more = f" and {len(problems) - 3} more" if len(problems) > 3 else ""
        raise SikuError(
            f"{part.label} is not what its manifest says; nothing was sent",
            where=str(part.local),
            why="; ".join(problems[:3]) + more,
            next="build it again under another version; a finished one never changes",
            exit_code=REFUSED,
        )


def _local(content: Path | bytes) -> LocalFile:
    if isinstance(content, bytes):
        return LocalFile(content, len(content), hashlib.sha256(content).hexdigest())
    with content.open("rb") as file:
        return LocalFile(content, content.stat().st_size, hashlib.file_digest(file, "sha256").hexdigest())


def _pushed_before(there: Mapping[str, RemoteFile]) -> set[str]:
    """The files of a commit that are siku's: of one dataset at the top, of others in a folder with a manifest."""
    folders = {path.removesuffix(MANIFEST) for path in there if path.count("/") < 2 and path.endswith(f"/{MANIFEST}")}
    mine = {path for path in there if path.startswith(tuple(one for one in folders if f"{one}{REPORT}" in there))}
    at_top = {path for path in there if path.partition("/")[0] in DATA_FOLDERS and "/" in path} - mine
    if {MANIFEST, REPORT} <= there.keys():
        mine |= at_top | {MANIFEST, REPORT}
    elif at_top:
        raise SikuError(
            f"the repository holds {min(at_top)}, which siku did not put there",
            why=f"there is no {MANIFEST} beside it, and its rows would mix with those of the dataset",
            next="push into another repository, or remove these files on the Hub",
            exit_code=REFUSED,
        )
    return mine


# ---------------------------------------------------------------- the card of several


def render_joint_card(parts: Sequence[Part]) -> str:
    """The card of a repository of several datasets: a configuration each, and where their own cards are."""
    manifests = [part.manifest for part in parts]
    configs: list[str] = []
    features: list[str] = []
    for part in parts:
        splits = [split for split in SPLITS if any(name.startswith(f"{split}/") for name in part.manifest["files"])]
        configs += config_lines(part.manifest, splits, part.manifest["name"], part.folder)
        features += feature_lines(part.manifest, part.manifest["name"])
    synthetic = any(writing_of(manifest, steps_of(manifest)) for manifest in manifests)
    title = ", ".join(part.label for part in parts)
    first = manifests[0]["name"]
    rows = [
        (
            f"[{plain(one['name'])}]({part.folder}{CARD})",
            plain(one["version"]),
            f"{one['rows']['train']:,}",
            f"{one['rows']['valid']:,}",
            plain(one["licence"]),
            plain(one["summary"]),
        )
        for part, one in zip(parts, manifests, strict=True)
    ]
    grid = markdown_table(("Configuration", "Version", "Rows in train#", "in valid#", "Licence", "What it is"), rows)
    return (
        f"{head_of(title, manifests, ['synthetic'] if synthetic else [], configs, features)}\n\n"
        f"# {plain(title)}\n\n{grid}\n\n"
        f"```python\nfrom datasets import load_dataset\n\n"
        f'dataset = load_dataset(REPO_ID, "{first}", revision=TAG)  # this repository and a tag of it\n```\n\n'
        "Each folder is a whole dataset with its card, its report, every refused document and a manifest with the "
        "digest of every file. `siku pull REPO_ID` brings them all, `siku pull REPO_ID --only NAME` one; "
        "`siku verify` then proves them.\n"
    )
