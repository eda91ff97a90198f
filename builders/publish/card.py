"""The dataset card: a README.md that the Hub and `datasets` read, and that tells a person what this dataset is."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from builders.dedup.hold_out import KIND as HELD_OUT
from builders.engine.manifest import SPLITS, write_whole
from builders.publish.figures import (
    StepFigures,
    Writing,
    counted,
    most_frequent,
    percent,
    share_of,
    steps_of,
    warnings,
    writing_of,
)
from builders.publish.page import cut, visible
from builders.publish.versions.lineage import Node, ancestors, name_of, origins, tree_lines, writers

FILE = "README.md"
INPUT_ROWS, RULE_ROWS, TITLE_ROWS = 50, 40, 50
CELL_CHARS = 160
# Rows below each bound, as the Hub names the classes.
SIZES = (
    (10**3, "n<1K"),
    (10**4, "1K<n<10K"),
    (10**5, "10K<n<100K"),
    (10**6, "100K<n<1M"),
    (10**7, "1M<n<10M"),
    (10**8, "10M<n<100M"),
    (10**9, "100M<n<1B"),
    (10**10, "1B<n<10B"),
    (10**11, "10B<n<100B"),
    (10**12, "100B<n<1T"),
)
# Licences that the Hub knows by these names; it takes any other as `other` with a name of its own.
HUB_LICENCES = re.compile(
    r"apache-2\.0|mit|cc0-1\.0|cc-by(-nc)?(-sa|-nd)?-[34]\.0|odc-by|odbl|pddl|gfdl|unlicense|unknown|other"
)
COLUMN_TYPES = {"bool": "bool", "int": "int64", "float": "float64"}  # those of `datasets`; all others are strings
COLUMN_KINDS = {"bool": "true or false", "int": "whole number", "float": "number", "json": "JSON text"}
LIMITS = (
    "**It is cleaned by rules, not read by people.** Some of what no rule knows remains, and "
    "some of what the authors wrote was cut. Judge by the samples in `report.html`.",
    "**Nothing was done that the steps above do not name.** Personal data, offensive passages and questions of "
    "benchmarks may be in it where no step looks for them; `Decontaminate` looks for the benchmarks that it was given, "
    "if any, and `Pii` in the mode `report` only counts.",
    "**It is not checked for truth.** The texts hold the errors, opinions and prejudices of their authors and times.",
    "**A duplicate is a whole document that shares most of its characters with another.** Quotations, retellings and "
    "passages that many documents share are still there more than once.",
    "**The validation rows are no benchmark.** They show whether training goes well on text of this kind, no more.",
    "**A digest proves what went in, not that it may be used.** Whoever passes the texts on must have the right to.",
)

WRITTEN_LIMITS = (
    "**A model wrote it, and rules checked it.** They find much of what the passages do not bear out; a wrong answer "
    "in the right words passes. What the model likes to say it says often: `report.html` shows how much the questions "
    "repeat themselves.",
    "**The licence of the texts is not the only one.** The terms of the model may say what its output may be used for.",
)


def write_card(folder: Path, manifest: Mapping[str, Any]) -> None:
    """Write the card of the dataset in `folder`."""
    write_whole(folder / FILE, render_card(folder, manifest).encode())


def render_card(folder: Path, manifest: Mapping[str, Any]) -> str:
    """The text of the card; it depends on the dataset alone."""
    splits = [split for split in SPLITS if any((folder / split).glob("*.parquet"))]
    steps = steps_of(manifest)
    writing = writing_of(manifest, steps)
    written = writing is not None or bool(writers(ancestors(manifest)))
    parts = [
        front_matter(manifest, splits, is_synthetic=written),
        f"# {plain(manifest['name'])} {plain(manifest['version'])}\n\n{plain(manifest['summary'])}",
        *([_writing(writing, manifest)] if writing else ()),
        _numbers(manifest),
        _loading(manifest, splits),
        _sources(manifest),
        _steps(steps),
        _removed(manifest, steps),
        _hold_out(manifest, steps),
        _limits(manifest, WRITTEN_LIMITS if written else ()),
        _making(manifest),
        _verifying(manifest),
    ]
    return "\n\n".join(parts) + "\n"


# ---------------------------------------------------------------- front matter


def front_matter(manifest: Mapping[str, Any], splits: Sequence[str], *, is_synthetic: bool = False) -> str:
    """The YAML head that the Hub and `datasets` read."""
    return head_of(
        f"{manifest['name']} {manifest['version']}",
        [manifest],
        ["synthetic"] if is_synthetic else [],
        config_lines(manifest, splits),
        feature_lines(manifest),
    )


def head_of(
    title: str,
    manifests: Sequence[Mapping[str, Any]],
    tags: Sequence[str],
    configs: Sequence[str],
    features: Sequence[str],
) -> str:
    """The YAML head of a card about one dataset, or about several in one repository."""
    licences = list(dict.fromkeys(manifest["licence"] for manifest in manifests))
    tasks = dict.fromkeys(manifest["task"] for manifest in manifests)
    names = dict.fromkeys(["siku", "chinese", *tags, *(manifest["name"] for manifest in manifests)])
    lines = [
        "---",
        f"pretty_name: {_yaml(title)}",
        *_licence_lines(licences[0] if len(licences) == 1 else "several"),
        "language:\n- zh",
        "task_categories:",
        *(f"- {_yaml(task)}" for task in tasks),
        f"size_categories:\n- {size_category(sum(sum(manifest['rows'].values()) for manifest in manifests))}",
        "tags:",
        *(f"- {_yaml(name)}" for name in names),
        "configs:",
        *configs,
        "dataset_info:",
        *features,
        "---",
    ]
    return "\n".join(lines)


def config_lines(
    manifest: Mapping[str, Any], splits: Sequence[str], config: str = "default", folder: str = ""
) -> list[str]:
    """One entry of `configs`: where the Parquet files of each split are, below `folder` (it ends in a slash)."""
    described = f"{manifest['name']} {manifest['version']}, {manifest['fingerprint']}"
    lines = [
        f"- config_name: {_yaml(config)}",
        # `datasets` caches rows by the name of the folder, "1", and by this: else it takes one dataset for another
        f"  description: {_yaml(described)}",
        "  data_files:",
    ]
    for split in splits:
        files = f"{folder}{split}/*.parquet"
        lines += [f"  - split: {split}", f"    path: {_yaml(files) if folder else files}"]
    return lines


def feature_lines(manifest: Mapping[str, Any], config: str = "default") -> list[str]:
    """One entry of `dataset_info`: the columns with the types that `datasets` gives them, known before a download."""
    lines = [f"- config_name: {_yaml(config)}", "  features:", "  - name: id", "    dtype: string"]
    if manifest["plan"]["output"].get("rows") == "messages":
        lines += ["  - name: messages", "    list:"]
        lines += [line for part in ("role", "content") for line in (f"    - name: {part}", "      dtype: string")]
        lines += ["  - name: parents", "    list: string"]
    else:
        lines += ["  - name: text", "    dtype: string"]
    for name, kind in manifest.get("columns", {}).items():
        lines += [f"  - name: {_yaml(name)}", f"    dtype: {COLUMN_TYPES.get(kind, 'string')}"]
    return lines


def _yaml(value: str) -> str:
    """A string as YAML reads it: bare where that is safe, else quoted as in JSON, which YAML contains."""
    text = visible(str(value)).replace("\n", " ").replace("\t", " ")
    bare = re.fullmatch(r"[a-z][a-z-]*[a-z]", text) and text not in ("yes", "no", "on", "off", "true", "false", "null")
    return text if bare else json.dumps(text, ensure_ascii=False)


def _licence_lines(licence: str) -> list[str]:
    known = licence.strip().lower().replace(" ", "-")
    if HUB_LICENCES.fullmatch(known):
        return [f"license: {known}"]
    slug = re.sub(r"[^a-z0-9.]+", "-", known).strip("-.")[:60]
    return ["license: other", f"license_name: {slug or 'see-card'}"]


def size_category(rows: int) -> str:
    """The class of size that the Hub puts a dataset of so many rows into.

    >>> size_category(999), size_category(1000)
    ('n<1K', '1K<n<10K')
    """
    return next((name for bound, name in SIZES if rows < bound), "n>1T")


# ---------------------------------------------------------------- Markdown


def plain(value: object, chars: int = CELL_CHARS) -> str:
    """Any text as one line of Markdown that means nothing but itself, in a table, too."""
    line = cut(" ".join(visible(str(value)).split()), chars)
    return re.sub(r"([\\`*_{}\[\]<>#|~&!])", r"\\\1", line)


def code(value: object, chars: int = CELL_CHARS) -> str:
    """Any text as code within a line; a bar would end the cell of a table even there."""
    line = cut(" ".join(visible(str(value)).split()), chars).replace("`", "'").replace("|", "¦")
    return f"`{line}`" if line else ""


def markdown_table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table; a column whose head ends in `#` holds figures and is set to the right."""
    rule = ["---:" if name.endswith("#") else "---" for name in head]
    lines = [[name.removesuffix("#") for name in head], rule, *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


# ---------------------------------------------------------------- sections


def _writing(writing: Writing, manifest: Mapping[str, Any]) -> str:
    """That no person wrote the rows, and what did."""
    name = visible(f"{manifest['name']}@{manifest['version']}")
    return (
        "## Written by a model\n\n"
        f"The conversations were written by the model {code(writing.model)}, asked under the prompt "
        f"{code(writing.prompt)} (the task and its version) about {counted(writing.passages, 'passage')} of the inputs "
        f"below. {writing.answered:,} were answered; {writing.dead:,} dead letters, without a sample that passed the "
        "checks, are in `dropped/`. No person has read the rows.\n\n"
        f"```\n{_command(manifest)}\n```\n\n"
        "makes such a dataset with the model behind any OpenAI-compatible endpoint; another model, or the same one "
        f"asked again, says something else. `siku inspect {name} ID` tells of one row what was asked and answered, "
        "where the journal of the replies is at hand."
    )


def _numbers(manifest: Mapping[str, Any]) -> str:
    rows, chars = manifest["rows"], manifest["characters"]
    figures = [
        ("documents read", f"{manifest['ledger']['documents_in']:,}"),
        ("rows in `train`", f"{rows['train']:,}"),
        ("rows in `valid`", f"{rows['valid']:,}"),
        ("dropped", f"{manifest['dropped']:,}"),
        ("removed as duplicates", f"{manifest['duplicates']:,}"),
        ("pieces of input quarantined", f"{manifest['quarantined']:,}"),
        ("characters read", f"{chars['in']:,}"),
        ("characters kept", f"{chars['kept']:,} ({percent(share_of(chars['kept'], chars['in']))})"),
    ]
    return (
        f"## In numbers\n\n{markdown_table(('', '#'), figures)}\n\nThe page `report.html` shows all of it with samples."
    )


def _loading(manifest: Mapping[str, Any], splits: Sequence[str]) -> str:
    folder = json.dumps(f"out/{manifest['name']}/{manifest['version']}", ensure_ascii=False)
    split = splits[0] if splits else "train"
    block = (
        "```python\nfrom datasets import load_dataset\n\n"
        f"dataset = load_dataset({folder})  # this folder, or the name of its repository on the Hub\n"
        f'print(dataset["{split}"][0])\n```'
    )
    columns = [("`id`", "text", "the same in every build")]
    if manifest["plan"]["output"].get("rows") == "messages":
        columns += [("`messages`", "list", "the conversation: `role` and `content` of every turn")]
        columns += [("`parents`", "list of text", "ids of what it was made from")]
    else:
        columns += [("`text`", "text", "the document")]
    columns += [
        (code(name), COLUMN_KINDS.get(kind, "text"), "metadata") for name, kind in manifest.get("columns", {}).items()
    ]
    aside = (
        "`dropped/` holds every refused document with the step and the reason, `evidence/` what was cut out of those "
        "that stayed. Both are Parquet, too, and no part of the splits."
    )
    return f"## How to load it\n\n{block}\n\n{markdown_table(('Column', 'Kind', 'What it is'), columns)}\n\n{aside}"


def _sources(manifest: Mapping[str, Any]) -> str:
    licence, inputs = manifest["licence"], manifest["inputs"]
    told = (
        "The recipe names no licence for the texts: find out for each source what may be done with it."
        if licence.lower() in ("other", "unknown", "")
        else f"Licence, as the recipe has it: {plain(licence)}."
    )
    rows = [(plain(one["name"]), f"{one['bytes']:,}", code(one["sha256"][:16])) for one in inputs[:INPUT_ROWS]]
    size = sum(one["bytes"] for one in inputs)
    grid = markdown_table(("Input", "Bytes#", "SHA-256 begins"), rows)
    more = f"\n\nand {len(inputs) - INPUT_ROWS:,} more; `manifest.json` has them all." if inputs[INPUT_ROWS:] else ""
    listed = f"{counted(len(inputs), 'input')}, {size:,} bytes:\n\n{grid}{more}"
    return f"## Where it comes from\n\n{told}{_lineage(manifest)}\n\n{listed}"


def _lineage(manifest: Mapping[str, Any]) -> str:
    """The built datasets that it was made from, as a tree."""
    if not (made_from := origins(manifest)):
        return ""
    lines = (cut(visible(line).replace("\n", " "), 400) for line in tree_lines(Node(name_of(manifest), made_from)))
    tree = "\n".join(lines).replace("```", "")
    return f"\n\nIt was made from built datasets, each with the beginning of its fingerprint:\n\n```\n{tree}\n```"


def _steps(steps: Sequence[StepFigures]) -> str:
    rows = [
        (
            plain(step.tally.name),
            f"{step.tally.documents_in:,}",
            f"{step.tally.documents_out:,}",
            f"{step.tally.documents_dropped:,}",
            f"{step.tally.characters_removed:,}",
            code(step.settings_text, 300),
        )
        for step in steps
    ]
    grid = markdown_table(("Step", "In#", "Out#", "Dropped#", "Characters cut#", "Settings"), rows)
    noted = "".join(f"\n\n> {plain(sentence, 400)}" for sentence in warnings(steps))
    return f"## What was done\n\n{grid}{noted}"


def _removed(manifest: Mapping[str, Any], steps: Sequence[StepFigures]) -> str:
    found = [(count, step.tally.name, rule) for step in steps for rule, count in step.rules]
    found += [(count, "(source)", f"quarantined: {rule}") for rule, count in manifest["ledger"]["quarantined"].items()]
    ranked = sorted(found, key=lambda line: (-line[0], *line[1:]))
    if not ranked:
        return "## What was removed and why\n\nNo document was removed."
    rows = [(f"{count:,}", plain(rule), plain(name)) for count, name, rule in ranked[:RULE_ROWS]]
    rest = ranked[RULE_ROWS:]
    more = f"\n\nand {sum(count for count, *_ in rest):,} under {counted(len(rest), 'more rule')}." if rest else ""
    told = "All of them are in `dropped/` with their reasons; `duplicate_of` of a copy names the document that stayed."
    grid = markdown_table(("Documents#", "Rule", "Step"), rows)
    return f"## What was removed and why\n\n{grid}{more}\n\n{told}"


def _hold_out(manifest: Mapping[str, Any], steps: Sequence[StepFigures]) -> str:
    valid = manifest["rows"]["valid"]
    if not valid:
        return "## Hold-out\n\nNothing is held out: there is no `valid` split."
    marked: dict[str, int] = {}
    for step in steps:
        for kind, count in step.tally.notes.items():
            if kind.startswith(HELD_OUT):
                marked[kind.removeprefix(HELD_OUT)] = count
    names = [f"{plain(name)} ({count:,})" for name, count in most_frequent(marked)[:TITLE_ROWS]]
    more = f" and {counted(len(marked) - TITLE_ROWS, 'other')}" if len(marked) > TITLE_ROWS else ""
    told = f" Marked documents, before later steps: {', '.join(names)}{more}." if names else ""
    return (
        f"## Hold-out\n\n{counted(valid, 'row')} in `valid`.{told} `siku verify` proves that no row of `train` is "
        "nearly the same as one of `valid`."
    )


def _limits(manifest: Mapping[str, Any], further: Sequence[str]) -> str:
    limit = manifest["plan"].get("limit")
    lines = [*further, *LIMITS]
    if limit is not None:
        lines.insert(0, f"**It is a part.** Only the first {counted(limit, 'document')} of the inputs were read.")
    return "## What this dataset is not\n\n" + "\n".join(f"- {line}" for line in lines)


def _making(manifest: Mapping[str, Any]) -> str:
    versions = ", ".join(f"{plain(name)} {plain(version)}" for name, version in manifest["packages"].items())
    return (
        f"## How it was made\n\n```\n{_command(manifest)}\n```\n\n"
        f"Fingerprint of the plan and of the content of the inputs: {code(manifest['fingerprint'])}. The same "
        f"fingerprint with the same packages gives the same bytes. The whole plan is in `manifest.json`. Packages: "
        f"{versions}."
    )


def _command(manifest: Mapping[str, Any]) -> str:
    return cut(visible(manifest["command"]).replace("\n", " "), 4000).replace("```", "")


def _verifying(manifest: Mapping[str, Any]) -> str:
    name = visible(f"{manifest['name']}@{manifest['version']}")
    return (
        "## How to verify\n\n"
        f"```\nsiku verify {name}         # digests, ledger, duplicates and splits, counted again from the files\n"
        f"siku inspect {name} ID     # the life of one document, kept or dropped, step by step\n```"
    )
