"""How much of some texts stands word for word in others, whatever the script, the marks and the line breaks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

WINDOW_CHARS = 24
CHARACTERS_AT_ONCE = 2_000_000


def known_shares(texts: Sequence[str], others: Iterable[str]) -> list[float]:
    """For each text the share of its stretches of 24 characters that stand in one of the others; 0 for shorter ones.

    Characters are folded: simplified, half width, lower case, letters and digits only.
    """
    import numpy as np

    from builders.dedup.ngram_table import window_hashes
    from builders.dedup.shingles import fold_text

    hashes = [window_hashes(fold_text(text), WINDOW_CHARS) for text in texts]
    wanted = np.unique(np.concatenate(hashes)) if hashes else np.zeros(0, dtype=np.uint64)
    known = np.zeros(len(wanted), dtype=bool)
    for some in _bunches(others):
        found = [window_hashes(fold_text(text), WINDOW_CHARS) for text in some]
        known |= np.isin(wanted, np.concatenate(found))
    return [float(known[np.searchsorted(wanted, own)].mean()) if len(own) else 0.0 for own in hashes]


def _bunches(texts: Iterable[str]) -> Iterator[list[str]]:
    bunch: list[str] = []
    characters = 0
    for text in texts:
        bunch.append(text)
        characters += len(text)
        if characters >= CHARACTERS_AT_ONCE:
            yield bunch
            bunch, characters = [], 0
    if bunch:
        yield bunch
