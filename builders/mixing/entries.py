"""Entries of an encyclopedia from wherever they are: built datasets, rows with title and text, crawls and dumps."""

from __future__ import annotations

from dataclasses import dataclass

from builders.mixing.built import Mixture
from builders.sources.baike import Baike


@dataclass(frozen=True, kw_only=True)
class EntryMixture(Mixture, Baike):
    """Built datasets of texts that have titles (`wiki-pretrain`); also rows, pages and dumps, as `Baike` reads them."""
