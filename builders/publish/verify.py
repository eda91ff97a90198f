"""Proof that a dataset is what its manifest says: digests, ledger, names, duplicates, splits.

Everything is counted and compared again from the files; nothing is taken from the manifest but what is to be proved.
"""

from __future__ import annotations

import re
import tempfile
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import chain, groupby
from pathlib import Path
from typing import Any, TypeVar

import orjson
import pyarrow.parquet as pq

from builders.dedup.hold_out import HoldOut
from builders.dedup.near_duplicates import NearDuplicates, exact_jaccard
from builders.document import Document
from builders.engine.ledger import Ledger
from builders.engine.manifest import DATA_FOLDERS, MANIFEST, SPLITS, read_manifest, summary
from builders.engine.plan import OF_NO_FIELD, digest
from builders.engine.progress import Progress
from builders.engine.tables import read_dataset_rows
from builders.publish.life import lineage
from builders.sources.inputs import file_digest
from builders.steps import Fate
from validators.errors import SikuError
from validators.step import Step

MAX_PROBLEMS = 100
S = TypeVar("S", bound=Step)
_BLOCK = re.compile(r"\.\d{3,}$")  # what `Blocks` puts behind the id of a document
Finding = dict[str, Any]  # check, what was looked at, problems (none when all is well)


def verify(folder: Path, progress: Progress | None = None) -> list[Finding]:
    """All checks of one finished dataset; a `Finding` without `problems` is a proof.

    Where the files are not what they were, nothing is counted in them: only that is found.
    """
    progress = progress or Progress(quiet=True)
    manifest = read_manifest(folder) or {}
    size = sum(file["bytes"] for file in manifest["files"].values())
    findings: list[Finding] = []
    checks: dict[str, Callable[[], tuple[str, list[str]]]] = {
        "files": lambda: check_files(folder, manifest, progress),
        "ledger": lambda: _ledger(folder, manifest),
        "ids": lambda: _ids(folder),
        "duplicates": lambda: _duplicates(folder, manifest),
        "splits": lambda: _splits(folder, manifest),
    }
    for label, check in checks.items():
        progress.start(f"verifying {label}", size)
        what, problems = check()
        findings.append({"check": label, "what": what, "problems": problems[:MAX_PROBLEMS]})
        if label == "files" and problems:
            break
    return findings


def check_files(folder: Path, manifest: Mapping[str, Any], progress: Progress | None = None) -> tuple[str, list[str]]:
    """The files against the manifest, and the fingerprint against the plan: what was looked at, and what is wrong."""
    problems: list[str] = []
    for name, file in manifest["files"].items():
        path = folder / name
        if progress:
            progress.advance(file["bytes"])
        if not path.is_file():
            problems.append(f"{name} is missing")
        elif path.stat().st_size != file["bytes"] or file_digest(path) != file["sha256"]:
            problems.append(f"{name} is not what it was: its digest differs")
        elif path.suffix == ".parquet" and (rows := pq.read_metadata(path).num_rows) != file["rows"]:
            problems.append(f"{name} has {rows} rows, not {file['rows']}")
    present = {path.relative_to(folder).as_posix() for part in DATA_FOLDERS for path in (folder / part).glob("*")}
    problems += [f"{name} does not belong here" for name in sorted(present - manifest["files"].keys())]
    inputs = [[one["name"], one["sha256"]] for one in manifest["inputs"]]
    if digest({"plan": manifest["plan"], "inputs": inputs}) != manifest["fingerprint"]:
        problems.append(f"{MANIFEST}: the fingerprint is not that of its plan and inputs")
    return f"{len(manifest['files'])} files against their SHA-256 in {MANIFEST}", problems


def _ledger(folder: Path, manifest: Mapping[str, Any]) -> tuple[str, list[str]]:
    found: Counter[str] = Counter()
    for name, row in _all_rows(folder, ["text"], ["text", "duplicate_of"]):
        found[f"{name} rows"] += 1
        found[f"{name} characters"] += len(row["text"])
        found["duplicates"] += row.get("duplicate_of") is not None
    what = f"{sum(found[f'{name} rows'] for name in (*SPLITS, 'dropped')):,} rows counted again"
    try:
        ledger = Ledger.from_json(manifest["ledger"])
        ledger.check(manifest.get("splitting", ()))
        ledger.compare(found)
    except SikuError as error:
        return what, [error.why]
    figures = summary(ledger)
    wrong = [key for key in figures if manifest.get(key) != figures[key]]
    return what, [f"{key} in the manifest: {manifest.get(key)}, in its ledger: {figures[key]}" for key in wrong]


def _ids(folder: Path) -> tuple[str, list[str]]:
    seen: dict[str, str] = {}
    problems: list[str] = []
    for name, row in _all_rows(folder, ["id"], ["id"]):
        if row["id"] in seen:
            problems.append(f"{row['id']} stands in {seen[row['id']]} and in {name}")
        seen[row["id"]] = name
    return f"{len(seen):,} ids, each in one place", problems


def _duplicates(folder: Path, manifest: Mapping[str, Any]) -> tuple[str, list[str]]:
    step = _step(manifest, NearDuplicates)
    if _is_split_after(manifest, NearDuplicates):
        return _named_parents(folder)
    named: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for name, row in _all_rows(folder, [], ["id", "text", "duplicate_of", "meta"]):
        if name == "dropped" and row["duplicate_of"] is not None:
            messages = orjson.loads(row["meta"]).get("messages")
            named[row["duplicate_of"]].append((row["id"], _document(row | {"messages": messages}).compared_text))
    checked, problems = 0, []
    later = _steps_behind(manifest, NearDuplicates) or ()
    refused = (row for row in read_dataset_rows(folder, "dropped") if row["step"] in later and row["id"] in named)
    kept = (row for _, row in _kept_documents(folder, manifest))
    for row in chain(kept, (row | orjson.loads(row["meta"]) for row in refused)):
        for gone, text in named.pop(row["id"], ()):
            checked += 1
            likeness = exact_jaccard(text, _document(row).compared_text, step.ngram_chars)
            if likeness < step.jaccard:
                problems.append(f"{gone} went as a copy of {row['id']}, but their Jaccard is {likeness:.3f}")
    problems += [f"{kept}, for which {len(gone)} went as copies, was not kept" for kept, gone in named.items()]
    return f"{checked:,} removed copies against the kept one that each names, Jaccard at least {step.jaccard}", problems


def _named_parents(folder: Path) -> tuple[str, list[str]]:
    """What was compared was taken apart afterwards: the kept one that a copy names must have left rows, kept or not."""
    named: dict[str, str] = {}
    met: set[str] = set()
    for _, row in _all_rows(folder, ["id"], ["id", "duplicate_of"]):
        met.update(lineage(row["id"]))
        if copy_of := row.get("duplicate_of"):
            named[row["id"]] = copy_of
    problems = [
        f"{kept}, for which {gone} went as a copy, has no row" for gone, kept in named.items() if kept not in met
    ]
    return f"{len(named):,} removed copies: the kept one that each names has rows", problems


def _splits(folder: Path, manifest: Mapping[str, Any]) -> tuple[str, list[str]]:
    """Run the hold-out and the near-duplicate step on what was kept: they must have nothing left to do."""
    compared = not _is_split_after(manifest, NearDuplicates)
    by_parent = _is_split_after(manifest, HoldOut)
    step, hold_out = _step(manifest, NearDuplicates), _step(manifest, HoldOut)
    problems: list[str] = []
    ids: list[str] = []
    splits: dict[str, str] = {}
    books: dict[tuple[str, str], set[str]] = defaultdict(set)  # by title, too: a user's `book` may hold several
    whole_books = any(_steps_behind(manifest, kind) is not None for kind in (HoldOut, NearDuplicates))  # no sample
    moved = {
        row["id"] for row in read_dataset_rows(folder, "evidence", ["id", "step"]) if row["step"] == type(step).__name__
    }  # alone, not with its book
    with tempfile.TemporaryDirectory() as scratch:
        with step.sketch(Path(scratch)) as sketch:
            for name, row in _kept_documents(folder, manifest):
                ids.append(row["id"])
                splits[row["id"]] = name
                if whole_books and (book := row.get("book")) and row["id"] not in moved:
                    books[book, str(row.get("title") or "")].add(name)
                document = _document(row, name)
                if compared:
                    sketch.add(document)
                if by_parent and row.get("parents"):
                    document.id = row["parents"][0]
                if name == "train" and hold_out(document).split != "train":
                    problems.append(f"{row['id']} is to be held out and is in train: {document.notes[0].kind}")
        (fates,) = step.decide([Path(scratch)])
    problems += [
        f"the book {book} is in train and in valid" for (book, _), names in sorted(books.items()) if len(names) > 1
    ]
    problems += _near_pairs(fates, ids, splits)
    counts = Counter(splits.values())
    if not compared:
        return f"{counts['train']:,} train and {counts['valid']:,} valid rows by book and title", problems
    return f"{counts['train']:,} train and {counts['valid']:,} valid rows against each other", problems


def _near_pairs(fates: Mapping[int, Fate], ids: Sequence[str], splits: Mapping[str, str]) -> Iterator[str]:
    """What the near-duplicate step would still do to kept rows."""
    for number, fate in sorted(fates.items()):
        name = ids[number]
        partner = fate.duplicate_of or ""
        across = fate.split not in ("", splits[name]) or splits.get(partner, splits[name]) != splits[name]
        if across:
            yield f"{name} in {splits[name]} is near the other split: {fate.why}"
        elif not fate.split:
            yield f"{name} and {partner} were both kept: {fate.why}"


def _document(row: Mapping[str, Any], split: str = "train") -> Document:
    """A row as the near-duplicate and hold-out steps see it."""
    return Document(row["id"], row["text"], dict(row), split=split, messages=row.get("messages"))


def _step(manifest: Mapping[str, Any], kind: type[S]) -> S:
    """The step as the plan had it; where it had none, its defaults."""
    for step in manifest["plan"]["steps"]:
        if step["class"] == kind.__name__:
            fields: Any = {key: tuple(value) if isinstance(value, list) else value for key, value in step.items()}
            return kind(**{key: value for key, value in fields.items() if key not in OF_NO_FIELD})
    return kind()


def _is_split_after(manifest: Mapping[str, Any], kind: type[Step]) -> bool:
    """Whether what a step saw is no row any more: it is not in the plan, or a later step made several of one.

    Blocks do not count: they can be put together again.
    """
    behind = _steps_behind(manifest, kind)
    if behind is None:
        return True
    return any(name in behind for name in manifest.get("splitting", ()) if name != "Blocks")


def _steps_behind(manifest: Mapping[str, Any], kind: type[Step]) -> list[str] | None:
    """The names of the steps that come after one, None where it is not in the plan."""
    names = [step["class"] for step in manifest["plan"]["steps"]]
    return names[names.index(kind.__name__) + 1 :] if kind.__name__ in names else None


def _cut_into_blocks(manifest: Mapping[str, Any]) -> bool:
    return any(step["class"] == "Blocks" and step["max_chars"] for step in manifest["plan"]["steps"])


def _kept_documents(folder: Path, manifest: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The rows of train and valid; what was cut into blocks after it was compared is whole again."""
    rows = _all_rows(folder, None, [])
    if not _cut_into_blocks(manifest):
        yield from rows
        return
    for (name, whole), blocks in groupby(rows, lambda found: (found[0], _BLOCK.sub("", found[1]["id"]))):
        whole_rows = [row for _, row in blocks]
        yield name, whole_rows[0] | {"id": whole, "text": "".join(row["text"] for row in whole_rows)}


def _all_rows(folder: Path, kept: list[str] | None, dropped: list[str]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Rows of train and valid with the columns `kept` (None: all) and of dropped with its own; none where empty."""
    for name in (*SPLITS, "dropped"):
        columns = dropped if name == "dropped" else kept
        if columns == []:
            continue
        for row in read_dataset_rows(folder, name, columns):
            yield name, row
