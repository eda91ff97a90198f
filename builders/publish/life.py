"""The life of one document: from the bytes of the source file through every step to where it ended."""

from __future__ import annotations

import dataclasses
import difflib
import heapq
import os
import re
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any

import orjson

from builders.document import Document, Quarantined, are_messages
from builders.engine.finish import inputs_file
from builders.engine.manifest import SPLITS, read_manifest
from builders.engine.recipe import Recipe
from builders.engine.run import edit
from builders.engine.tables import read_dataset_rows
from builders.mixing import sample
from builders.steps import Corpus, Edit, Shard, Split
from validators.errors import SikuError, nearest
from validators.step import Check, Verdict

MAX_CHANGES = 4  # changed lines shown of one step
MAX_CHANGE_CHARS = 160  # of one of them
SHOWN_CHARS = 400  # of a text in a sample
CONTEXT_CHARS = 12  # kept on either side of a change within a line


_PART = re.compile(r"(.+)[-.]\d+", re.DOTALL)  # the id of a part: that of the whole, and its number

_RENAMED = re.compile(r"~[0-9a-f]{6}\.([0-9]+)")  # what the engine adds to an id that was met before


@dataclass(frozen=True, slots=True)
class Moment:
    """What a step did to the document: in words, and as lines with [-cut-] and {+added+} marks."""

    name: str
    what: str
    changes: list[str]


def home_of(folder: Path) -> tuple[Path, str, str]:
    """The output folder, the name and the version that the folder of a dataset stands for."""
    whole = Path(os.path.abspath(folder))  # noqa: PTH100 - `.` has no name, and links stay as they are
    return whole.parent.parent, whole.parent.name, whole.name


def remembered_recipe(out: Path, name: str, version: str) -> str:
    """The file of the recipe that a version was built from, if it is none of `recipes/` and still there; else ""."""
    manifest = read_manifest(out / name / version)
    if manifest and manifest["plan"]["source"]["class"] == sample.DatasetRows.__name__:
        return sample.__file__
    path = inputs_file(out, name, version)
    if not path.exists():
        return ""
    file = str(orjson.loads(path.read_bytes())["recipe"])
    return file if file and Path(file).exists() else ""


def sample_rows(folder: Path, count: int) -> dict[str, list[dict[str, Any]]]:
    """The same few rows of each kind every time: those whose ids have the smallest digests."""
    samples: dict[str, list[dict[str, Any]]] = {}
    for name in (*SPLITS, "dropped"):
        chosen = set(heapq.nsmallest(count, (row["id"] for row in read_dataset_rows(folder, name, ["id"])), key=_draw))
        columns = ["id", "text"] if name != "dropped" else ["id", "text", "step", "reason", "duplicate_of"]
        rows = (row for row in read_dataset_rows(folder, name, columns) if row["id"] in chosen)
        samples[name] = [row | {"text": row["text"][:SHOWN_CHARS]} for row in rows]
    return samples


def _draw(name: str) -> bytes:
    return blake2b(name.encode(), digest_size=8).digest()


def life_of(folder: Path, name: str, recipe: Recipe | None, inputs: Sequence[Path]) -> dict[str, Any]:
    """Where the document `name` is, what is known of it, and what every step did to it.

    The steps are run again on the source file, if it is among `inputs` and still the one that was built from; not if
    `recipe` is None, since the code has moved on.
    Raises SikuError with the nearest ids where there is no such document.
    """
    place, row = _find(folder, name)
    meta = meta_of(place, row)
    messages = row.get("messages") if place != "dropped" else meta.get("messages")
    if are_messages(messages):
        meta.pop("messages", None)
    else:
        messages = None
    ids = set(lineage(name))
    evidence = [one for one in read_dataset_rows(folder, "evidence", None) if one["id"] in ids]
    life: dict[str, Any] = {"id": name, "split": place, "end": end_of(place, row), "meta": meta, "text": row["text"]}
    life |= {"messages": messages} if messages else {}
    if recipe is None:
        traced = {"origin": f"{meta.get('source')} (this siku has other steps: they are not run again)", "steps": []}
    else:
        traced = trace(folder, name, meta, recipe, inputs, _fate(place, row))
    return life | traced | {"evidence": [{key: one[key] for key in ("step", "kind", "text")} for one in evidence]}


def rows_made_from(folder: Path, name: str) -> list[tuple[str, dict[str, Any]]]:
    """Every row that the document `name` is or was split into, with the folder that it is in."""
    found: list[tuple[str, dict[str, Any]]] = []
    for place in (*SPLITS, "dropped"):
        ids = {row["id"] for row in read_dataset_rows(folder, place, ["id"]) if name in lineage(row["id"])}
        if ids:
            found += [(place, row) for row in read_dataset_rows(folder, place, None) if row["id"] in ids]
    return found


def lineage(name: str) -> list[str]:
    """The id of a document and those that it may have been split from, the nearest first.

    >>> lineage("7b05-0002.013")
    ["7b05-0002.013", "7b05-0002", "7b05"]
    """
    ids = [name]
    while match := _PART.fullmatch(ids[-1]):
        ids.append(match[1])
    return ids


def _find(folder: Path, name: str) -> tuple[str, dict[str, Any]]:
    known: set[str] = set()
    for place in (*SPLITS, "dropped"):
        ids = [row["id"] for row in read_dataset_rows(folder, place, ["id"])]
        if name in ids:
            return place, next(row for row in read_dataset_rows(folder, place, None) if row["id"] == name)
        known.update(one for one in ids if one[:4] == name[:4])
    raise SikuError(
        f"there is no document {name!r}",
        where=str(folder),
        why=nearest(name, sorted(known)[:2000]) if known else "no id begins like that",
        next=f"siku inspect {shlex.quote(str(folder))}",
    )


def meta_of(place: str, row: dict[str, Any]) -> dict[str, Any]:
    if place == "dropped":
        meta: dict[str, Any] = orjson.loads(row["meta"])
        return meta
    return {key: value for key, value in row.items() if key not in ("id", "text", "messages") and value is not None}


def end_of(place: str, row: dict[str, Any]) -> str:
    if place != "dropped":
        return f"kept in {place}, {len(row['text']):,} characters"
    return f"dropped by {row['step']} ({row['reason']})"


def _fate(place: str, row: dict[str, Any]) -> dict[str, str]:
    return {"step": row["step"], "what": row["reason"]} if place == "dropped" else {"step": "", "what": ""}


def trace(
    folder: Path, name: str, meta: dict[str, Any], recipe: Recipe, inputs: Sequence[Path], fate: dict[str, str]
) -> dict[str, Any]:
    """`origin`: where the document `name` stands in its source; `steps`: what each did to it, up to its `fate`."""
    found = find_again(folder, name, meta, recipe, inputs)
    if isinstance(found, str):
        return {"origin": found, "steps": []}
    shard, document = found
    origin = recipe.source.locate(shard, document, meta)
    return {"origin": origin, "steps": [dataclasses.asdict(one) for one in _moments(document, name, recipe, fate)]}


def find_again(
    folder: Path, name: str, meta: dict[str, Any], recipe: Recipe, inputs: Sequence[Path]
) -> tuple[Shard, Document] | str:
    """The document of the source that `name` is or was made from, with its shard; else in words why there is none."""
    shards = _shards(folder, meta, recipe, inputs)
    if not shards:
        return f"{meta.get('source') or 'its source'} (not found now; say where it is with --input)"
    for shard in shards:
        found = _read_again(recipe, shard, name)
        if isinstance(found, Quarantined):
            return f"{shard.name}: {found.reason}"
        if found:
            return shard, found
    return f"{shards[0].name} (the document is not in it any more)"


def _read_again(recipe: Recipe, shard: Shard, name: str) -> Document | Quarantined | None:
    """The document of a shard that is called `name`, or else the one that was split into it."""
    ids = lineage(name)
    best, found = len(ids), None
    renamed = _RENAMED.search(name)
    for number, document in enumerate(recipe.source.read(shard)):
        if renamed and number == int(renamed[1]):
            document = dataclasses.replace(document, id=document.id + renamed[0])
        if document.id in ids[:best]:
            best, found = ids.index(document.id), document
        if best == 0:
            break
    return found


def _shards(folder: Path, meta: dict[str, Any], recipe: Recipe, inputs: Sequence[Path]) -> list[Shard]:
    """The shards that a document may have come from, if they are there and have not changed."""
    if not inputs:
        return []
    digests = {row["name"]: row["sha256"] for row in (read_manifest(folder) or {}).get("inputs", [])}
    holding = (shard for shard in recipe.source.shards(inputs) if shard.holds(meta))
    return [shard for shard in holding if digests.get(shard.name) == shard.digest]


def _moments(document: Document, name: str, recipe: Recipe, fate: dict[str, str]) -> Iterator[Moment]:
    """What each step does, up to the one that refused the document."""
    for step in recipe.steps:
        label = type(step).__name__
        before = document.text
        if isinstance(step, Check):
            verdict = fate["what"] if fate["step"] == label else step(before)
            yield Moment(label, "all is well" if verdict is None else f"refused: {verdict}", [])
        elif isinstance(step, Split):
            made = step(document)
            if isinstance(made, Verdict):
                yield Moment(label, f"refused: {made}", [])
                return
            parts = list(made)
            ids = lineage(name)
            mine = [part for part in parts if part.id in ids]
            if not mine:
                yield Moment(label, f"made {len(parts)} documents of it, this one not among them", [])
                return
            document = min(mine, key=lambda part: ids.index(part.id))
            yield Moment(label, _split_words(before, document, len(parts)), [])
        elif isinstance(step, Edit):
            document.notes = []
            edited = edit(step, document)
            if not isinstance(edited, Document):
                yield Moment(label, f"refused: {edited}", [])
                return
            document = edited
            yield Moment(label, _edit_words(before, document), changed_lines(before, document.text))
        elif isinstance(step, Corpus):
            gone = fate["step"] == label
            stayed = "kept: no better copy" if label == "NearDuplicates" else "kept"
            yield Moment(label, f"refused: {fate['what']}" if gone else stayed, [])
        if fate["step"] == label:
            return


def _split_words(before: str, part: Document, parts: int) -> str:
    if parts == 1 and part.text == before:
        return "left whole"
    share = "of" if part.text in before else "made from"  # conversations are no pieces of a text
    return f"one of {parts} parts, {len(part.text):,} {share} {len(before):,} characters"


def _edit_words(before: str, document: Document) -> str:
    if document.text == before:
        return f"held out for {document.split}" if document.split != "train" else "no change"
    kinds = ", ".join(dict.fromkeys(note.kind for note in document.notes))
    return f"{len(before):,} -> {len(document.text):,} characters{f' ({kinds})' if kinds else ''}"


def changed_lines(before: str, after: str) -> list[str]:
    """The lines that differ, marked within: `老张推开门。[-（本章完）-]`. The first few, then how many more."""
    pairs = list(_changed_pairs(before.split("\n"), after.split("\n")))
    shown = [_cut(marked(old, new)) for old, new in pairs[:MAX_CHANGES]]
    return [*shown, f"and {len(pairs) - len(shown)} more places"] if len(pairs) > len(shown) else shown


def _changed_pairs(old: list[str], new: list[str]) -> Iterator[tuple[str, str]]:
    """Lines before and after; line by line where as many came as went, else all of a place in one (⏎ between them)."""
    for kind, a, b, c, d in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if kind == "replace" and b - a == d - c:
            yield from zip(old[a:b], new[c:d], strict=True)
        elif kind != "equal":
            yield "⏎".join(old[a:b]), "⏎".join(new[c:d])


def _cut(line: str) -> str:
    return line if len(line) <= MAX_CHANGE_CHARS else line[: MAX_CHANGE_CHARS - 1] + "…"


def marked(before: str, after: str) -> str:
    """One string with what went in [-…-] and what came in {+…+}; long equal runs are cut to their ends."""
    if max(len(before), len(after)) > 2000:
        before, after = before[:2000], after[:2000]
    pieces: list[str] = []
    for kind, a, b, c, d in difflib.SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if kind == "equal":
            pieces.append(_ends(before[a:b]))
        else:
            pieces.append((f"[-{before[a:b]}-]" if b > a else "") + (f"{{+{after[c:d]}+}}" if d > c else ""))
    return "".join(pieces)


def _ends(text: str) -> str:
    return text if len(text) <= 3 * CONTEXT_CHARS else f"{text[:CONTEXT_CHARS]}…{text[-CONTEXT_CHARS:]}"
