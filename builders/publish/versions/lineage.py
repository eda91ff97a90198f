"""Where a dataset comes from: the built datasets that it was made from, theirs, and the models that wrote rows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

FINGERPRINT_CHARS = 12


@dataclass(frozen=True)
class Node:
    """One line of a tree, and what hangs below it."""

    label: str
    below: Sequence[Node] = ()


def tree_lines(node: Node) -> list[str]:
    """A tree as lines of text.

    >>> tree_lines(Node("synth-qa@1", [Node("from novel-pretrain@1")]))
    ['synth-qa@1', '└─ from novel-pretrain@1']
    """
    lines = [node.label]
    for place, child in enumerate(node.below):
        last = place + 1 == len(node.below)
        first, *rest = tree_lines(child)
        lines.append(f"{'└─' if last else '├─'} {first}")
        lines += [f"{'  ' if last else '│ '} {line}" for line in rest]
    return lines


def name_of(dataset: Mapping[str, Any]) -> str:
    """`novel-pretrain@1`, of a manifest or of what a child keeps of it."""
    return f"{dataset['name']}@{dataset['version']}"


def parents_of(manifest: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    """What the manifest keeps of the datasets that it was made from; a manifest of an earlier siku keeps nothing."""
    parents: Sequence[Mapping[str, Any]] = manifest.get("parents", ())
    return parents


def origins(manifest: Mapping[str, Any]) -> list[Node]:
    """The datasets that this one was made from, each with its own below it."""
    return [Node(_label(parent), origins(parent)) for parent in parents_of(manifest)]


def _label(parent: Mapping[str, Any]) -> str:
    written = f", written by {parent['model']}" if "model" in parent else ""
    return f"from {name_of(parent)}{written}, {parent['fingerprint'][:FINGERPRINT_CHARS]}"


def ancestors(manifest: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Parents, their parents and so on; one that is reached by two ways comes twice."""
    for parent in parents_of(manifest):
        yield parent
        yield from ancestors(parent)


def writers(datasets: Iterable[Mapping[str, Any]]) -> list[str]:
    """The models that wrote rows of these datasets."""
    return sorted({one["model"] for one in datasets if "model" in one})
