"""What is known of the rows of a dataset: lengths, and rows and characters by the values of a few columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from builders.engine.recipe import Output

LENGTH_EDGES = [  # characters
    *(0, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000),
    *(10_000, 20_000, 50_000, 100_000, 1_000_000),
]
MAX_FACET_VALUES = 1000


@dataclass
class Statistics:
    """Lengths of rows, and rows and characters by the values of a few metadata columns."""

    facets: tuple[str, ...]
    lengths: dict[str, list[int]] = field(default_factory=dict)
    values: dict[str, dict[str, list[int]]] = field(default_factory=dict)

    @staticmethod
    def of(output: Output) -> Statistics:
        return Statistics(output.facets, values={facet: {} for facet in output.facets})

    def count(self, split: str, chars: Sequence[int], metas: Sequence[Mapping[str, Any]]) -> None:
        """Count rows of one split by their lengths and metadata."""
        if not len(chars):
            return
        bins = self.lengths.setdefault(split, [0] * len(LENGTH_EDGES))
        for place in np.searchsorted(LENGTH_EDGES, chars, side="right").tolist():
            bins[place - 1] += 1
        for facet in self.facets:
            values = self.values[facet]
            for meta, length in zip(metas, chars, strict=True):
                value = meta.get(facet)
                pair = values.setdefault("" if value is None else str(value), [0, 0])
                pair[0] += 1
                pair[1] += length

    def add(self, other: Mapping[str, Any]) -> None:
        for split, bins in other["lengths"].items():
            mine = self.lengths.setdefault(split, [0] * len(LENGTH_EDGES))
            self.lengths[split] = [a + b for a, b in zip(mine, bins, strict=True)]
        for facet, values in other["facets"].items():
            for value, (rows, chars) in values.items():
                pair = self.values[facet].setdefault(value, [0, 0])
                pair[0] += rows
                pair[1] += chars

    def to_json(self) -> dict[str, Any]:
        """Facets by characters, the largest first; beyond `MAX_FACET_VALUES` the rest is one line."""
        facets = {facet: _largest(values) for facet, values in self.values.items()}
        return {"length_edges": LENGTH_EDGES, "lengths": dict(sorted(self.lengths.items())), "facets": facets}


def _largest(values: Mapping[str, list[int]]) -> dict[str, list[int]]:
    ranked = sorted(values.items(), key=lambda item: (-item[1][1], item[0]))
    largest = dict(ranked[:MAX_FACET_VALUES])
    if rest := ranked[MAX_FACET_VALUES:]:
        largest["(others)"] = [sum(pair[0] for _, pair in rest), sum(pair[1] for _, pair in rest)]
    return largest
