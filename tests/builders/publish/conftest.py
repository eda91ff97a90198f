"""A small finished dataset, written with the engine's own tables and books, without a build."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson
import pytest

from builders.document import Document
from builders.engine.ledger import Ledger, StepTally
from builders.engine.manifest import summary
from builders.engine.recipe import Output
from builders.engine.statistics import Statistics
from builders.engine.tables import EVIDENCE, REFUSED, RowWriter, row_schema

COLUMNS = {"chapter": "string", "encoding": "string", "title": "string"}
Refused = tuple[str, str, str, str, str | None, float | None, dict[str, Any]]


@dataclass
class Made:
    """A dataset in the making; `write` puts it into a folder and returns its manifest."""

    train: list[Document] = field(default_factory=list)
    valid: list[Document] = field(default_factory=list)
    dropped: list[Refused] = field(default_factory=list)  # id, text, step, reason, duplicate_of, jaccard, meta
    evidence: list[tuple[str, str, str, str]] = field(default_factory=list)  # id, step, kind, text
    examples: list[list[str]] = field(default_factory=list)
    name: str = "small"
    licence: str = "other"
    inputs: int = 2

    def write(self, folder: Path) -> dict[str, Any]:
        for split, documents in (("train", self.train), ("valid", self.valid)):
            rows = [(one.id, one.text, *(one.meta.get(name) for name in COLUMNS)) for one in documents]
            self._table(folder, split, row_schema(COLUMNS), rows)
        refused = [(*row[:6], orjson.dumps(row[6]).decode()) for row in self.dropped]
        self._table(folder, "dropped", REFUSED, refused)
        self._table(folder, "evidence", EVIDENCE, self.evidence)
        return self._manifest()

    @staticmethod
    def _table(folder: Path, name: str, schema: Any, rows: Sequence[tuple[Any, ...]]) -> None:
        (folder / name).mkdir(parents=True, exist_ok=True)
        with RowWriter(folder / name / "part-00000.parquet", schema, group_rows=3) as writer:
            for row in rows:
                writer.add(row, len(row[1]))
        if not rows:
            (folder / name).rmdir()

    def _ledger(self) -> Ledger:
        """Books that balance, counted backwards from the rows; Tidy has cut seven characters."""
        tidy, copies = StepTally("Tidy", examples=self.examples), StepTally("Copies")
        ledger = Ledger(steps=[tidy, copies])
        tidy.notes.update(kind for _, _, kind, _ in self.evidence)
        for _, text, step, reason, duplicate_of, *_ in self.dropped:
            if reason.startswith("quarantined: "):
                ledger.quarantined[reason.split(": ")[1]] += 1
                ledger.characters_quarantined += len(text)
                continue
            tally = copies if step == "Copies" else tidy
            tally.dropped[reason.partition(": ")[0]] += 1
            tally.duplicates += duplicate_of is not None
            tally.characters_dropped += len(text)
        for split, documents in (("train", self.train), ("valid", self.valid)):
            ledger.rows[split] = len(documents)
            ledger.characters[split] = sum(len(one.text) for one in documents)
        count, characters = ledger.rows.total(), ledger.characters.total()
        for tally, cut in ((copies, 0), (tidy, 7)):
            tally.documents_out, tally.characters_out = count, characters
            count += tally.documents_dropped
            characters += tally.characters_dropped + cut
            tally.documents_in, tally.characters_in = count, characters
        ledger.documents_in, ledger.characters_in = count, characters
        ledger.check()
        return ledger

    def _manifest(self) -> dict[str, Any]:
        ledger = self._ledger()
        statistics = Statistics.of(Output(facets=("title", "encoding")))
        for split, documents in (("train", self.train), ("valid", self.valid)):
            for document in documents:
                document.split = split
                statistics.count(split, [len(document.text)], [document.meta])
        guard = {"warn_share": 0.3, "stop_share": 0.6}
        steps = [{"class": "Tidy", "version": 1, "min_chars": 20, **guard}, {"class": "Copies", "version": 1, **guard}]
        return {
            "format": "siku-dataset/1",
            "name": self.name,
            "version": "1",
            "fingerprint": "f" * 64,
            "summary": "short texts, tidied",
            "licence": self.licence,
            "task": "text-generation",
            **summary(ledger),
            "command": f"siku build {self.name} --as 1 --input texts",
            "plan": {"recipe": self.name, "source": {"class": "Texts"}, "steps": steps, "output": {}, "limit": None},
            "inputs": [{"name": f"书{n}.txt", "sha256": f"{n:064x}", "bytes": 1000 + n} for n in range(self.inputs)],
            "inputs_read": self.inputs,
            "columns": COLUMNS,
            "ledger": ledger.to_json(),
            "statistics": statistics.to_json(),
            "packages": {"python": "3.11", "pyarrow": "26"},
        }


def story(number: int) -> str:
    """A short text of its own for every number."""
    return f"第{number}夜，他推门进去，雪还没有停。\n桌上放着{number}封信，没有一封是写给他的。"


@pytest.fixture
def make() -> Callable[[], Made]:
    """A dataset with some of everything; change it before `write`."""

    def some() -> Made:
        def meta(number: int) -> dict[str, Any]:
            return {"title": f"雪夜{number % 3}", "chapter": f"第{number}章", "encoding": "gb18030"}

        made = Made()
        made.train = [Document(f"a-{n:04d}", story(n), meta(n)) for n in range(25)]
        made.valid = [Document(f"b-{n:04d}", story(n), meta(n)) for n in range(100, 104)]
        made.dropped = [
            *(
                (f"c-{n:04d}", f"短{n}", "Tidy", f"too short: {n} characters, 20 are needed", None, None, {})
                for n in range(4)
            ),
            *(
                (f"d-{n:04d}", story(n) + "转载", "Copies", "near duplicate: Jaccard 0.91", f"a-{n:04d}", 0.91, meta(n))
                for n in (1, 2)
            ),
            ("d-0009", story(1), "Copies", "exact duplicate", "a-0001", 1.0, meta(1)),
            (
                "q-0001",
                "�� PK",
                "Texts",
                "quarantined: not text: 31 % control characters",
                None,
                None,
                {"source": "坏.bin"},
            ),
        ]
        made.evidence = [
            ("a-0001", "Tidy", "site ad", "本站网址：example.invalid"),
            ("a-0002", "Tidy", "site ad", "请收藏本站"),
        ]
        made.examples = [["a-0001", "雪还没有停。请收藏本站", "雪还没有停。"]]
        return made

    return some
