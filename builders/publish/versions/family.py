"""A dataset among its kin: what it was made from, and what in the same output folder was made of it."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from builders.publish.page import visible
from builders.publish.versions.lineage import Node, name_of, origins, parents_of, tree_lines
from builders.publish.versions.listing import readable
from builders.publish.versions.models import models_near, told_path, trained_on


@dataclass(frozen=True)
class Family:
    """The manifest of a dataset, those of all datasets beside it, and the models that lie near."""

    dataset: Mapping[str, Any]
    others: Sequence[Mapping[str, Any]]
    models: Sequence[Mapping[str, Any]]

    def lines(self) -> list[str]:
        """The tree as lines; none where it has neither parents nor children."""
        below = [*origins(self.dataset), *self._into(self.dataset)]
        return [visible(line) for line in tree_lines(Node(name_of(self.dataset), below))] if below else []

    def to_json(self) -> dict[str, Any]:
        return {"parents": parents_of(self.dataset), **self._into_json(self.dataset)}

    def _into(self, dataset: Mapping[str, Any]) -> list[Node]:
        datasets = [Node(f"into {name_of(one)}", self._into(one)) for one in self._children(dataset)]
        models = trained_on(dataset, self.models)
        return [*datasets, *(Node(f"into the model {told_path(one['path'])} ({one['task']})") for one in models)]

    def _into_json(self, dataset: Mapping[str, Any]) -> dict[str, Any]:
        datasets = [
            {**{key: one[key] for key in ("name", "version", "fingerprint")}, **self._into_json(one)}
            for one in self._children(dataset)
        ]
        return {"datasets": datasets, "models": list(trained_on(dataset, self.models))}

    def _children(self, dataset: Mapping[str, Any]) -> list[Mapping[str, Any]]:
        mark = dataset["fingerprint"]
        return [one for one in self.others if any(parent["fingerprint"] == mark for parent in parents_of(one))]


def family_of(folder: Path, manifest: Mapping[str, Any]) -> Family:
    """The family of a dataset in its output folder."""
    out = Path(os.path.abspath(folder)).parent.parent  # noqa: PTH100 - `.` has no name, and links stay as they are
    return Family(manifest, [one for _, one in readable(out)], models_near(out))
