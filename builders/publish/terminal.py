"""What the commands print: for people a few lines and tables, for programs one JSON document."""

from __future__ import annotations

import dataclasses
import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from builders.engine.manifest import finished_versions, read_manifest
from builders.engine.plan import plan_of, write_value
from builders.engine.recipe import Recipe

if TYPE_CHECKING:
    from builders.engine.build import Built
    from builders.engine.finish import Request

CUT_CHARS = 72
TURN_CHARS = 300  # of a turn of the conversation whose life is told
MIN_TEXT_COLUMN = 12  # columns of a terminal: where there are fewer, a table is told row by row
OK, SOME_QUARANTINED, REFUSED = 0, 1, 3


def print_json(value: Any) -> None:
    try:
        text = orjson.dumps(value, option=orjson.OPT_INDENT_2).decode()
    except TypeError:  # a path that is not UTF-8
        text = json.dumps(value, indent=2)
    sys.stdout.write(text + "\n")


def table(head: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """A table that knows how wide Chinese is; numbers to the right. Falls to the width of the terminal."""
    from rich import box
    from rich.console import Console
    from rich.table import Table

    values = [list(row) for row in rows]
    numeric = [all(isinstance(row[place], (int, float)) for row in values) for place in range(len(head))]
    cells = [[_cell(value) for value in row] for row in values]
    console = Console(highlight=False, width=None if sys.stdout.isatty() else 120)
    if console.width < _least_width(head, cells, numeric):
        _tell(head, cells)
        return
    grid = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for place, (name, right) in enumerate(zip(head, numeric, strict=True)):
        grid.add_column(name, justify="right" if right else "left", overflow="fold", no_wrap=place == 0)
    for row in cells:
        grid.add_row(*(_literal(value) for value in row))
    console.print(grid)


def _least_width(head: Sequence[str], cells: Sequence[Sequence[str]], numeric: Sequence[bool]) -> int:
    """The width of a terminal that has room for the first column, the numbers, and something of each text."""
    from rich.cells import cell_len

    widest = [max(map(cell_len, column)) for column in zip(head, *cells, strict=True)]
    whole = [place == 0 or number for place, number in enumerate(numeric)]
    needed = [
        width if all_of_it else min(width, MIN_TEXT_COLUMN) for width, all_of_it in zip(widest, whole, strict=True)
    ]
    return sum(needed) + 3 * len(head)


def _tell(head: Sequence[str], cells: Iterable[Sequence[str]]) -> None:
    """Rows one under another, for a terminal too narrow for a table."""
    for row in cells:
        print(f"\n{head[0]}: {row[0]}")
        for name, value in zip(head[1:], row[1:], strict=True):
            print(f"  {name}: {value}".rstrip())
    print()


def _literal(value: str) -> Any:
    from rich.text import Text

    return Text(value)  # never read as markup: it may come from the corpus


def _cell(value: Any) -> str:
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)


def cut(text: str, chars: int = CUT_CHARS) -> str:
    """One line of at most `chars` characters, without control characters."""
    line = "".join(char if char.isprintable() else " " for char in text[: chars * 2].replace("\n", " ⏎ "))
    return line if len(line) <= chars and len(text) <= chars * 2 else line[: chars - 1] + "…"


# ---------------------------------------------------------------- show


def show_plan(recipe: Recipe, out: Path, *, as_json: bool) -> int:
    if as_json:
        print_json(plan_of(recipe))
        return OK
    print(f"{recipe.name}: {recipe.summary}\n")
    for name, part in recipe.parts().items():
        print(f"{name}: {(type(part).__doc__ or '').strip().splitlines()[0]}")
        for key in sorted(field.name for field in dataclasses.fields(part)):
            print(f"    {name}.{key}={write_value(getattr(part, key))}")
    built = [path.name for path in finished_versions(out) if path.parent.name == recipe.name]
    print(f"\nversions built in {out}: {', '.join(built) or 'none yet'}")
    return OK


# ---------------------------------------------------------------- build


def show_dry_run(request: Request, *, as_json: bool) -> int:
    shards = request.recipe.source.shards(request.inputs)
    size = sum(shard.bytes for shard in shards)
    if as_json:
        names = [shard.name for shard in shards]
        print_json(
            {
                "path": str(request.folder),
                "inputs": names,
                "bytes": size,
                "plan": plan_of(request.recipe, request.limit),
            }
        )
        return OK
    print(f"would build {request.folder} from {len(shards):,} inputs of {size / 1e6:,.1f} MB:")
    for step in request.recipe.steps:
        print(f"  {type(step).__name__}: {(type(step).__doc__ or '').strip().splitlines()[0]}")
    print("nothing was written")
    return OK


def show_built(built: Built, *, as_json: bool, quiet: bool) -> int:
    manifest = built.manifest
    code = SOME_QUARANTINED if manifest["quarantined"] else OK
    if not quiet:
        for warning in built.warnings:
            print(f"warning: {warning}", file=sys.stderr)
    if as_json:
        print_json(built.to_json())
        return code
    if quiet:
        return code
    rows, characters = manifest["rows"], manifest["characters"]
    print(f"{manifest['name']} {manifest['version']}{' was finished before' if built.already else ''}: {built.folder}")
    _step_table(manifest)
    print(f"rows         {rows['train']:,} train, {rows['valid']:,} valid")
    gone = (f"{manifest[kind]:,} {kind}" for kind in ("dropped", "duplicates", "quarantined"))
    print(f"gone         {', '.join(gone)}")
    print(f"characters   {_kept(characters['kept'], characters['in'])}")
    print(f"time         {built.seconds:.1f} s")
    print(f"report       {built.folder / 'report.html'}")
    if manifest["quarantined"]:
        reasons = ", ".join(f"{count} x {reason}" for reason, count in manifest["ledger"]["quarantined"].items())
        print(f"quarantined: {reasons}; see dropped/", file=sys.stderr)
    return code


def _kept(kept: int, read: int) -> str:
    """Steps that ask questions about a text write more than was read."""
    return f"{kept:,} kept of {read:,} ({kept / read:.1%})" if kept <= read else f"{kept:,} written from {read:,}"


def _step_table(manifest: Mapping[str, Any]) -> None:
    rows = []
    for step in manifest["ledger"]["steps"]:
        reasons = sorted(step["dropped"].items(), key=lambda item: (-item[1], item[0]))[:3]
        why = ", ".join(f"{count:,} {reason}" for reason, count in reasons)
        rows.append(
            (step["name"], step["in"], step["out"], sum(step["dropped"].values()), step["characters_removed"], why)
        )
    table(("step", "in", "out", "dropped", "chars cut", "dropped for"), rows)


# ---------------------------------------------------------------- inspect


def show_dataset(folder: Path, rows: int, *, as_json: bool) -> int:
    from builders.publish.life import sample_rows
    from builders.publish.versions.family import family_of

    manifest = read_manifest(folder) or {}
    samples, family = sample_rows(folder, rows), family_of(folder, manifest)
    if as_json:
        named = {"name": manifest["name"], "version": manifest["version"], "path": str(folder)}
        print_json({**named, **samples, "lineage": family.to_json()})
        return OK
    print(f"{manifest['name']} {manifest['version']}: {folder}")
    if lines := family.lines():
        print("\n".join(lines))
    _step_table(manifest)
    for split in ("train", "valid"):
        if samples[split]:
            table((f"{split} id", "text"), [(row["id"], cut(row["text"])) for row in samples[split]])
    if samples["dropped"]:
        table(
            ("dropped id", "step", "reason", "text"),
            [(row["id"], row["step"], cut(row["reason"], 48), cut(row["text"], 40)) for row in samples["dropped"]],
        )
    print(f"the life of one document: siku inspect {manifest['name']}@{manifest['version']} ID")
    return OK


def _told(value: Any) -> str:
    """A value of metadata as a person reads it."""
    match value:
        case None:
            return ""
        case list() if all(isinstance(one, str) for one in value):
            return ", ".join(value)
        case list() | dict():
            return json.dumps(value, ensure_ascii=False)
    return str(value)


def show_life(folder: Path, name: str, recipe: Recipe | None, inputs: Sequence[Path], *, as_json: bool) -> int:
    from builders.publish.life import life_of

    life = life_of(folder, name, recipe, inputs)
    if as_json:
        print_json(life)
        return OK
    tell_end(life)
    tell_way(life)
    return OK


def tell_end(life: Mapping[str, Any]) -> None:
    """Where a document ended, what is known of it and what it says."""
    print(f"{life['id']}: {life['end']}")
    for key, value in life["meta"].items():
        print(f"  {key}: {cut(_told(value))}".rstrip())
    for message in life.get("messages", ()):
        print(f"  {message['role']:<9} | {cut(message['content'], TURN_CHARS)}")


def tell_way(life: Mapping[str, Any]) -> None:
    """Where it came from, what every step did to it and noted of it."""
    if life["origin"]:
        print(f"\nfrom {life['origin']}")
    for step in life["steps"]:
        print(f"\n{step['name']}: {step['what']}")
        for line in step["changes"]:
            print(f"    {line}")
    for note in life["evidence"]:
        print(f"\n{note['step']} noted {note['kind']}: {cut(note['text'])}")


# ---------------------------------------------------------------- verify, report, doctor


def show_verification(findings: Sequence[Mapping[str, Any]], *, as_json: bool) -> int:
    good = all(not finding["problems"] for finding in findings)
    if as_json:
        print_json({"ok": good, "checks": findings})
        return OK if good else REFUSED
    for finding in findings:
        print(f"{'ok  ' if not finding['problems'] else 'BAD '} {finding['check']}: {finding['what']}")
        for problem in finding["problems"][:10]:
            print(f"       {problem}")
    return OK if good else REFUSED


def show_report(path: Path, *, as_json: bool) -> int:
    if as_json:
        print_json({"path": str(path), "bytes": path.stat().st_size})
    else:
        print(path)
    return OK


def _show_endpoint(found: Mapping[str, Any]) -> None:
    print(f"endpoint {found['url']}: {', '.join(found['models']) or 'lists no models'}")
    for form, what in found["forms"].items():
        print(f"       {form}: {what}")
    extras = ["thinks" if found["thinks"] else "does not think"]
    extras.append("counts tokens" if found["counts_tokens"] else "does not count tokens")
    print(f"       {found['asked']} {', '.join(extras)}; a short reply took {found['seconds']} s")


def show_examination(found: Mapping[str, Any], *, as_json: bool) -> int:
    if as_json:
        print_json(found)
        return OK if not found["problems"] else REFUSED
    print(f"python {found['python']} on {found['system']}, {found['cores']} cores, {found['memory_gb']} GB of memory")
    print(f"disk   {found['disk_free_gb']} GB free")
    for name, version in found["packages"].items():
        print(f"       {name} {version}")
    for endpoint in found.get("endpoints", ()):
        _show_endpoint(endpoint)
    for problem in found["problems"]:
        print(f"problem: {problem}")
    print("all is well" if not found["problems"] else f"{len(found['problems'])} problems")
    return OK if not found["problems"] else REFUSED
