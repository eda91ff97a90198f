"""A pull: a revision's datasets into `OUT/NAME/VERSION`, each whole and proved, or not there at all."""

from __future__ import annotations

import hashlib
import re
import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from builders.engine.manifest import MANIFEST, read_manifest
from builders.engine.progress import Progress
from builders.engine.store import WorkStore
from builders.publish.hub.parcel import REFUSED
from builders.publish.hub.remote import NETWORK, MissingError, Remote, RemoteFile
from validators.errors import SikuError, nearest

STORE = Path(".siku")  # below OUT
PULLS = "pull"  # below that: what is not whole yet
LIBRARY_NOTES = ".cache"  # where the library remembers what it has fetched into a folder
_NAME = re.compile(r"[^/\\\x00-\x1f]{1,200}")


@dataclass(frozen=True)
class Pulled:
    """What `pull --json` prints of a dataset."""

    repo_id: str
    revision: str
    commit: str
    name: str
    version: str
    path: str
    rows: Mapping[str, int]
    bytes: int
    seconds: float

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class Pull:
    """The datasets of a repository at a revision ("" means main), or those called `only`, on their way to `out`."""

    remote: Remote
    revision: str
    out: Path
    only: Sequence[str]
    progress: Progress

    def run(self) -> list[Pulled]:
        """Fetch, prove and place them. Raises SikuError: 2 not there, 3 a proof or other content here, 4 the Hub."""
        self.progress.start(f"looking into {self.remote.repo_id}", 0)
        commit = self._commit()
        there = self.remote.files(commit)
        return [self._bring(folder, commit, there) for folder in self._folders(there)]

    def _commit(self) -> str:
        try:
            state = self.remote.state(self.revision or None)
        except MissingError:
            tags = self.remote.tags()
            raise SikuError(
                f"{self.remote.repo_id} has no revision {self.revision!r}",
                where=self.remote.url,
                why=nearest(self.revision, [*tags, "main"]),
            ) from None
        if state is None:
            raise SikuError(
                f"the Hub shows no dataset repository {self.remote.repo_id}",
                where=self.remote.url,
                why="there is none, or it is private and the token may not see it",
                next="look at the name; set HF_TOKEN, or `hf auth login`, for a private one",
                exit_code=NETWORK,
            )
        return state.commit

    def _folders(self, there: Mapping[str, RemoteFile]) -> list[str]:
        """The folders of datasets in the repository, "" for one at the top."""
        if MANIFEST in there and not self.only:
            return [""]
        folders = sorted(path.removesuffix(MANIFEST) for path in there if re.fullmatch(rf"[^/]+/{MANIFEST}", path))
        if not folders and MANIFEST not in there:
            raise SikuError(
                f"{self.remote.repo_id} holds no dataset of siku",
                where=self.remote.url,
                why=f"there is no {MANIFEST} at {self.revision or 'main'}",
                next=f"datasets.load_dataset({self.remote.repo_id!r}) may read it",
            )
        names = [folder.rstrip("/") for folder in folders]
        if wrong := [name for name in self.only if name not in names]:
            why = nearest(wrong[0], names) if names else "it holds one dataset"
            raise SikuError(f"{self.remote.repo_id} has no {wrong[0]!r}", where="--only", why=why)
        return [f"{name}/" for name in names if not self.only or name in self.only]

    def _bring(self, folder: str, commit: str, there: Mapping[str, RemoteFile]) -> Pulled:
        """One dataset, fetched beside its place and moved there when it is proved."""
        started = time.monotonic()
        key = hashlib.sha256(f"{folder}\0{there[folder + MANIFEST].digest}".encode()).hexdigest()[:16]
        store = self.out / STORE / PULLS / key
        store.mkdir(parents=True, exist_ok=True)
        self.remote.download(folder + MANIFEST, commit, store)
        manifest = read_manifest(store / folder) or {}
        check_manifest(manifest, self.remote.url)
        target = self.out / manifest["name"] / manifest["version"]
        with WorkStore(self.out / STORE).lock(f"{target.parent.name}@{target.name}"):
            if not self._is_there(target, store / folder):
                self._check_listed(manifest, folder, there)
                self._fetch(manifest, folder, commit, store)
                _prove(store / folder, manifest, self.progress)
                shutil.rmtree(store / LIBRARY_NOTES, ignore_errors=True)
                target.parent.mkdir(parents=True, exist_ok=True)
                (store / folder).rename(target)
        shutil.rmtree(store, ignore_errors=True)
        size = sum(file["bytes"] for file in manifest["files"].values())
        asked, took_s = self.revision or "main", round(time.monotonic() - started, 2)
        called = (manifest["name"], manifest["version"], str(target))
        return Pulled(self.remote.repo_id, asked, commit, *called, dict(manifest.get("rows", {})), size, took_s)

    def _is_there(self, target: Path, fetched: Path) -> bool:
        """Whether this very dataset is at its place, proved again. Raises SikuError where something else is."""
        if not target.exists() or (target.is_dir() and not any(target.iterdir())):
            return False
        mine = target / MANIFEST
        if not mine.is_file():
            raise SikuError(
                "an unfinished dataset is in the way",
                where=str(target),
                next="finish it, or remove the folder; or pull to another --out",
            )
        if mine.read_bytes() != (fetched / MANIFEST).read_bytes():
            raise SikuError(
                f"{target.parent.name}@{target.name} is here with other content",
                where=str(target),
                why="a finished version never changes",
                next=f"siku pull {self.remote.repo_id} --out ANOTHER_FOLDER, then siku diff",
                exit_code=REFUSED,
            )
        _prove(target, read_manifest(target) or {}, self.progress, is_mine=True)
        return True

    def _check_listed(self, manifest: Mapping[str, Any], folder: str, there: Mapping[str, RemoteFile]) -> None:
        wrong = [
            name
            for name, file in manifest["files"].items()
            if (found := there.get(folder + name)) is None or found.bytes != file["bytes"]
        ]
        if wrong:
            raise SikuError(
                f"{self.remote.repo_id} does not hold what its manifest says",
                where=self.remote.url,
                why=f"{wrong[0]} is missing or has another size ({len(wrong)} such files)",
                next="pull a tag (--revision): siku puts them on whole datasets only",
                exit_code=REFUSED,
            )

    def _fetch(self, manifest: Mapping[str, Any], folder: str, commit: str, store: Path) -> None:
        files = {folder + name: file["bytes"] for name, file in manifest["files"].items()}
        self.progress.start(f"fetching {manifest['name']} {manifest['version']}", sum(files.values()))
        have = [size for path, size in files.items() if _has(store / path, size)]
        self.progress.advance(sum(have))
        for path in files:
            self.remote.download(path, commit, store)


def _has(path: Path, size: int) -> bool:
    return path.is_file() and path.stat().st_size == size


def check_manifest(manifest: Mapping[str, Any], where: str) -> None:
    """Raises SikuError (3) for names that would lead out of the folder: whoever wrote it, it came over the network."""
    names = [manifest.get("name"), manifest.get("version")]
    good = all(isinstance(name, str) and _NAME.fullmatch(name) and not name.startswith(".") for name in names)
    files = manifest.get("files")
    paths = list(files) if isinstance(files, dict) else None
    if not good or paths is None or not all(_leads_within(path) for path in paths):
        raise SikuError(
            "the manifest of the repository names no files that may be written here",
            where=where,
            why="its name, version or a path in it leads elsewhere",
            exit_code=REFUSED,
        )


def _leads_within(path: str) -> bool:
    parts = PurePosixPath(path).parts
    inner = bool(parts) and not path.startswith("/") and "\\" not in path and "\0" not in path
    return inner and not any(part.startswith(".") for part in parts) and path == "/".join(parts)


def _prove(folder: Path, manifest: Mapping[str, Any], progress: Progress, is_mine: bool = False) -> None:
    """Raises SikuError (3) where a file is not what the manifest says; one that was fetched is thrown away."""
    from builders.publish.verify import check_files

    progress.start("checking what is here", sum(file["bytes"] for file in manifest["files"].values()))
    _, problems = check_files(folder, manifest, progress)
    if not problems:
        return
    if not is_mine:
        shutil.rmtree(folder, ignore_errors=True)  # so that the same command asks for it again
    raise SikuError(
        "the dataset here is damaged" if is_mine else "what came is not what the manifest says; it was thrown away",
        where=str(folder) if is_mine else "",
        why="; ".join(problems[:3]),
        next="move the folder away, then the same command" if is_mine else "the same command fetches it again",
        exit_code=REFUSED,
    )


@contextmanager
def held(remote: Remote, revision: str, progress: Progress) -> Iterator[list[Pulled]]:
    """The datasets of a revision in a folder that is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="siku-") as scratch:
        yield Pull(remote, revision, Path(scratch), (), progress).run()
