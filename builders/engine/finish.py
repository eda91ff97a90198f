"""The end of a build: is this version there already, and how its files come together, the manifest last."""

from __future__ import annotations

import os
import shlex
import shutil
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

from builders.engine import manifest as manifests
from builders.engine.ledger import Ledger
from builders.engine.local import usable_cores
from builders.engine.plan import FORMAT, differences, fingerprint, plan_of
from builders.engine.recipe import Recipe
from builders.engine.stages import PART_FILES
from builders.engine.statistics import Statistics
from builders.engine.store import WorkStore
from builders.steps import Shard, Split
from validators.errors import SikuError

MAX_DIFFERENCES = 12


@dataclass(frozen=True, kw_only=True)
class Request:
    """What to build, and the circumstances under which."""

    recipe: Recipe
    inputs: Sequence[Path]
    out: Path = Path("out")
    version: str = ""  # the recipe's own, if empty
    workers: int = field(default_factory=usable_cores)
    engine: str = "local"  # or "daft", or "ray": where the work is done
    ray_address: str = ""  # of a cluster that is there; that of RAY_ADDRESS, or one on this machine, if empty
    limit: int | None = None  # documents read from the source, in the order of the inputs
    fresh: bool = False  # do finished work again
    settings: Sequence[str] = ()  # what differs from the recipe as it stands, for the command in the card
    command: Sequence[str] = ()  # the words that build this recipe, where they are not `build NAME`
    whole_command: bool = False  # the words are all of it: neither version, settings nor input follow

    @property
    def folder(self) -> Path:
        return self.out / self.recipe.name / (self.version or self.recipe.version)

    @property
    def store(self) -> WorkStore:
        return WorkStore(self.out / ".siku")


@dataclass(frozen=True)
class Identity:
    """What the dataset is: the plan, the inputs by content, and the fingerprint of both."""

    plan: dict[str, Any]
    shards: Sequence[Shard]
    fingerprint: str

    @staticmethod
    def of(request: Request, shards: Sequence[Shard]) -> Identity:
        plan = plan_of(request.recipe, request.limit)
        return Identity(plan, shards, fingerprint(plan, shards))


@dataclass(frozen=True)
class Part:
    """A finished part in the work store, and what its maker counted."""

    folder: Path
    columns: dict[str, str]
    result: dict[str, Any]


def finished_before(request: Request, identity: Identity) -> dict[str, Any] | None:
    """The manifest if this very dataset is there already.

    Raises SikuError if another one has its version (with the differences, field by field), or if its files changed.
    """
    old = manifests.read_manifest(request.folder)
    if old is None:
        return None
    if old["fingerprint"] != identity.fingerprint:
        inputs = {shard.name: shard.digest[:12] for shard in identity.shards}
        was = {row["name"]: row["sha256"][:12] for row in old.get("inputs", [])}
        lines = differences(old.get("plan", {}), identity.plan) + differences({"inputs": was}, {"inputs": inputs})
        if len(lines) > MAX_DIFFERENCES:
            lines = [*lines[:MAX_DIFFERENCES], f"and {len(lines) - MAX_DIFFERENCES} more"]
        raise SikuError(
            f"{old['name']} {old['version']} is finished, and this would be another dataset",
            where=str(request.folder),
            why="\n       ".join(lines),
            next=f"build it as a new version: --as {_next_version(request)}",
        )
    _check_figures(old, request.folder)
    for name, file in old["files"].items():
        path = request.folder / name
        if not path.exists() or path.stat().st_size != file["bytes"]:
            raise SikuError(
                f"{old['name']} {old['version']} was finished, but {name} has been changed or removed since",
                where=str(path),
                next=f"remove {request.folder} to build it again",
            )
    return old


def _check_figures(manifest: dict[str, Any], folder: Path) -> None:
    """Raise SikuError if the ledger in a manifest does not balance, or says other than its figures."""
    try:
        ledger = Ledger.from_json(manifest["ledger"])
        ledger.check(manifest["splitting"])
        figures = manifests.summary(ledger)
        wrong = [key for key, value in figures.items() if manifest[key] != value]
    except (KeyError, TypeError, AttributeError) as error:
        raise SikuError("the manifest has been changed", where=str(folder), why=repr(error), exit_code=3) from error
    if wrong:
        raise SikuError(
            "the manifest has been changed",
            where=str(folder / manifests.MANIFEST),
            why=f"{', '.join(wrong)} are not what its ledger says",
            next=f"remove {folder} to build it again",
            exit_code=3,
        )


def _next_version(request: Request) -> str:
    taken = {path.name for path in request.folder.parent.iterdir()}
    number = 2
    while str(number) in taken:
        number += 1
    return str(number)


def remember_inputs(request: Request, *, finished: bool = False) -> None:
    """Where the inputs lie on this machine, for `inspect`; a circumstance, so it stays out of the dataset.

    Written when a build begins and when it has ended, so that `clean` knows the unfinished ones.
    """
    path = inputs_file(request.out, request.recipe.name, request.folder.name)
    path.parent.mkdir(parents=True, exist_ok=True)
    inputs = [os.fsencode(one.absolute()).hex() for one in request.inputs]  # names need not be UTF-8
    manifests.write_whole(path, orjson.dumps({"inputs": inputs, "recipe": request.recipe.file, "finished": finished}))


def remembered_inputs(out: Path, name: str, version: str) -> list[Path]:
    """The inputs of the last build of a version, as far as they are still there."""
    path = inputs_file(out, name, version)
    if not path.exists():
        return []
    inputs = (Path(os.fsdecode(bytes.fromhex(one))) for one in orjson.loads(path.read_bytes())["inputs"])
    return [one for one in inputs if one.exists()]


def inputs_file(out: Path, name: str, version: str) -> Path:
    return out / ".siku" / "inputs" / f"{name}@{version}.json"


def refuse_nothing(total: Ledger, recipe: str, refused: Iterable[Mapping[str, Any]]) -> None:
    """Raise SikuError if no document was kept: an empty dataset is never what was wanted."""
    if total.rows.total():
        return
    reasons = total.quarantined + sum((tally.dropped for tally in total.steps), Counter())
    why = ", ".join(f"{count} x {reason}" for reason, count in reasons.most_common(6))
    unread = total.documents_in == 0
    raise SikuError(
        "nothing could be read from the input" if unread else "no document was kept",
        where=next((_example(row) for row in refused), ""),
        why=why or "the input holds no document",
        next=f"siku build {recipe} --input FILE_OR_FOLDER (docs/sources.md has what it reads)"
        if unread
        else f"siku show {recipe}",
        exit_code=2 if unread else 3,
    )


def _example(row: Mapping[str, Any]) -> str:
    """The first that was refused: where it stood, and why in full."""
    source = orjson.loads(row["meta"]).get("source", row["id"])
    return f"{source}: {row['reason'].removeprefix('quarantined: ')}"


def publish(
    request: Request, identity: Identity, read: Sequence[Shard], total: Ledger, parts: Sequence[Part]
) -> dict[str, Any]:
    """Link the parts into the version's folder, describe them, and write the manifest last. Returns it."""
    from builders.publish.card import write_card
    from builders.publish.report import write_report

    folder = request.folder
    _clear(folder)
    _link_parts(folder, parts)
    statistics = Statistics.of(request.recipe.output)
    for part in parts:
        statistics.add(part.result["statistics"])
    manifest: dict[str, Any] = {
        "format": FORMAT,
        "name": request.recipe.name,
        "version": folder.name,
        "fingerprint": identity.fingerprint,
        "summary": request.recipe.summary,
        "licence": request.recipe.licence,
        "task": request.recipe.task,
        **manifests.summary(total),
        "command": _command(request),
        "plan": identity.plan,
        "inputs": manifests.describe_inputs(identity.shards),
        "inputs_read": len(read),
        "parents": _parents(identity.shards),
        "columns": parts[0].columns,
        "splitting": [type(step).__name__ for step in request.recipe.steps if isinstance(step, Split)],
        "ledger": total.to_json(),
        "statistics": statistics.to_json(),
        "packages": manifests.package_versions(),
    }
    write_report(folder, manifest)
    write_card(folder, manifest)
    manifest["files"] = manifests.describe_files(folder)
    manifests.write_manifest(folder, manifest)
    remember_inputs(request, finished=True)
    return manifest


def _parents(shards: Iterable[Shard]) -> list[dict[str, Any]]:
    """The built datasets among the inputs, each once, by name and version."""
    parents = {(one["name"], one["version"]): one for shard in shards if (one := shard.parent())}
    return [parents[key] for key in sorted(parents)]


def _clear(folder: Path) -> None:
    """Remove what an unfinished build left here; it is all in the work store."""
    for name in manifests.DATA_FOLDERS:
        shutil.rmtree(folder / name, ignore_errors=True)
    folder.mkdir(parents=True, exist_ok=True)
    for path in folder.glob(".*.tmp"):
        path.unlink()


def _link_parts(folder: Path, parts: Iterable[Part]) -> None:
    """Put the files of the parts into the dataset; a file system without hard links gets copies."""
    for number, part in enumerate(parts):
        for kind, file in PART_FILES.items():
            source = part.folder / file
            if not source.exists():
                continue
            target = folder / kind / f"part-{number:05d}.parquet"
            target.parent.mkdir(exist_ok=True)
            try:
                target.hardlink_to(source)
            except OSError:
                scratch = target.with_name(f".{target.name}.tmp")
                shutil.copyfile(source, scratch)
                scratch.rename(target)


def _command(request: Request) -> str:
    """The command that makes this dataset, without the circumstances: where inputs lie, how many workers."""
    if request.whole_command:
        return shlex.join(["siku", *request.command])
    words = ["siku", *(request.command or ("build", request.recipe.name)), "--as", request.folder.name]
    words += [word for setting in request.settings for word in ("--set", setting)]
    if request.limit is not None:
        words += ["--limit", str(request.limit)]
    return f"{shlex.join(words)} --input PATH"
