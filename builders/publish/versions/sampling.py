"""`siku sample`: which rows, under which name; the ordinary engine builds them."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from builders.engine.finish import Request
from builders.engine.manifest import read_manifest
from builders.engine.recipe import Output, Recipe
from builders.mixing.sample import Draw, check_enough
from builders.mixing.sample import recipe as every_sample
from builders.publish.versions.lineage import name_of
from validators.errors import SikuError, nearest
from validators.problems import attempt, raise_together

SEED = 42
_NAME = re.compile(r"\w[\w.+-]{0,63}")


@dataclass(frozen=True, kw_only=True)
class SampleOrder:
    """How many rows of which dataset, and the name to write them under: `NAME`, `@VERSION`, both or neither."""

    dataset: Path
    rows: int
    by: str | None = None
    seed: int = SEED
    name: str | None = None
    out: Path = Path("out")

    def request(self) -> Request:
        """What the engine builds. Raises SikuError for rows, column or name that cannot be, all at once."""
        manifest = read_manifest(self.dataset) or {}
        raise_together([*self._draw_problems(manifest), *self._name_problems(manifest)])
        name, version = self._names(manifest)
        words = ["sample", name_of(manifest), "--rows", str(self.rows)]
        words += ["--by", self.by] if self.by else []
        words += ["--seed", str(self.seed)] if self.seed != SEED else []
        return Request(
            recipe=self._recipe(manifest, name),
            inputs=[self.dataset],
            out=self.out,
            version=version,
            command=(*words, "--as", f"{name}@{version}"),
            whole_command=True,
        )

    def _recipe(self, manifest: Mapping[str, Any], name: str) -> Recipe:
        output = manifest["plan"]["output"]
        facets = dict.fromkeys([*output.get("facets", ()), *([self.by] if self.by else [])])
        by = f", in proportion by {self.by}" if self.by else ""
        return dataclasses.replace(
            every_sample,
            name=name,
            summary=f"{self.rows:,} rows of {name_of(manifest)} drawn by seed {self.seed}{by}",
            steps=(Draw(rows=self.rows, by=self.by or "", seed=self.seed),),
            output=Output(rows=output.get("rows", "text"), facets=tuple(facets)),
            licence=manifest.get("licence", "other"),
            task=manifest.get("task", "text-generation"),
        )

    def _names(self, manifest: Mapping[str, Any]) -> tuple[str, str]:
        """Name and version: `novel-pretrain-sample` and `1-1500-by-title` unless said otherwise."""
        name, _, version = (self.name or "").partition("@")
        told = re.sub(r"[^\w.+-]", "-", self.by or "")
        by, seed = f"-by-{told}" if self.by else "", f"-seed{self.seed}" if self.seed != SEED else ""
        return name or f"{manifest['name']}-sample", version or f"{manifest['version']}-{self.rows}{by}{seed}"

    def _draw_problems(self, manifest: Mapping[str, Any]) -> list[SikuError]:
        problems: list[SikuError] = []
        if self.rows < 1:
            problems.append(SikuError(f"--rows {self.rows} cannot be", why="a sample has 1 row or more"))
        columns = manifest.get("columns", {})
        if self.by is not None and self.by not in columns:
            problems.append(
                SikuError(
                    f"{name_of(manifest)} has no column {self.by!r}",
                    where="--by",
                    why=nearest(self.by, columns) if columns else "it has no metadata",
                    next=f"siku inspect {name_of(manifest)}",
                )
            )
        attempt(lambda: check_enough(manifest["rows"]["train"], self.rows), problems)
        return problems

    def _name_problems(self, manifest: Mapping[str, Any]) -> list[SikuError]:
        advice = "--as NAME, --as @VERSION or --as NAME@VERSION"
        if self.name is not None and (not self.name or self.name.endswith("@")):
            return [SikuError(f"--as {self.name or 'nothing'} cannot be", next=advice)]
        return [
            SikuError(
                f"the sample's {label} {word!r} cannot be",
                where="--as",
                why="a letter or digit, then up to 63 of these and . + - _",
                next=advice,
            )
            for label, word in zip(("name", "version"), self._names(manifest), strict=True)
            if not _NAME.fullmatch(word)
        ]
