"""What every step of a plan has, and the shape of a check."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class Verdict:
    """Why something was refused, as a person would say it: `Verdict("too short", "12 characters, 20 are needed")`.

    `check` names the rule and is counted in the ledger, so it never holds a figure; `why` may.
    """

    check: str
    why: str

    def __str__(self) -> str:
        return f"{self.check}: {self.why}" if self.why else self.check


@dataclass(frozen=True, kw_only=True)
class Step:
    """One step of a plan. The fields are its parameters; they and `version` are what a build depends on.

    Raise `version` whenever the same input gives another output: the golden tests hold it to that.
    A step that removes more than `warn_share` of the documents or characters that reach it is reported,
    one that removes more than `stop_share` stops the build (guard; 1.0 switches it off).
    """

    version: ClassVar[int] = 1
    paths: ClassVar[tuple[str, ...]] = ()  # fields that say where files lie: identity is what is in the files
    circumstances: ClassVar[tuple[str, ...]] = ()  # fields that the plan does not have: they change no byte of the rows
    warn_share: float = 0.30
    stop_share: float = 0.60

    def adds(self) -> Mapping[str, str]:
        """Metadata that the step sets on some documents: the names, and "int", "float", "bool", "string" or "json"."""
        return {}

    def takes(self) -> frozenset[str]:
        """Metadata that the step uses up on all documents: it becomes no column of the dataset."""
        return frozenset()

    def check_reads(self) -> None:
        """Raise SikuError if a file that one of `paths` names cannot be used; asked before any work is done."""

    def look_back(self, folder: Path) -> list[str]:
        """What the step has to say of the dataset that was just built in `folder`: warnings, a line each."""
        return []


@dataclass(frozen=True, kw_only=True)
class Check(Step):
    """A step that looks at a text and changes nothing: `None` when all is well, a `Verdict` when it is refused."""

    def __call__(self, text: str) -> Verdict | None:
        raise NotImplementedError
