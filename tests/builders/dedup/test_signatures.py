"""One-permutation hashing: what signatures promise about the texts behind them."""

from __future__ import annotations

import numpy as np
import pytest

from builders.dedup import signatures
from builders.dedup.shingles import fold_units, utf16
from builders.dedup.signatures import BINS, EMPTY, Keys, Minima, band_keys, bin_minima, borrow, sorted_places


def minima_of(texts: list[str]) -> Minima:
    return bin_minima(*fold_units([utf16(text) for text in texts]), 5)


def borrowed(minima: Minima) -> Minima:
    filled = minima.copy()
    borrow(filled)
    return filled


def keys_of(minima: Minima, bands: int = 64, rows: int = 4) -> Keys:
    return band_keys(minima.astype(np.uint8), 0, bands, bands, rows)


def chars(count: int, seed: int) -> str:
    return "".join(map(chr, np.random.default_rng(seed).integers(0x4E00, 0x9000, count)))


def test_a_text_has_the_same_signature_alone_and_among_others(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = ["", chars(4, 1), chars(5, 2), "。。。", chars(3000, 3), chars(6, 4), chars(700, 5), chars(2, 6)]
    together = minima_of(texts)
    np.testing.assert_array_equal(together, np.concatenate([minima_of([text]) for text in texts]))
    monkeypatch.setattr(signatures, "_SLICE_UNITS", 100)
    np.testing.assert_array_equal(together, minima_of(texts))


def test_borrowing_fills_all_bins_of_a_text_with_ngrams_and_no_others() -> None:
    minima = minima_of(["", chars(4, 1), *(chars(count, count) for count in (5, 6, 9, 20, 50, 200, 2000))])
    filled = borrowed(minima)
    assert (filled[:2] == EMPTY).all()
    assert (filled[2:] != EMPTY).all()
    full = minima != EMPTY
    np.testing.assert_array_equal(filled[full], minima[full])
    for before, after in zip(minima[2:], filled[2:], strict=True):
        assert set(after.tolist()) <= set(before.tolist())


def test_borrowing_one_by_one_gives_what_borrowing_for_all_at_once_gives(monkeypatch: pytest.MonkeyPatch) -> None:
    minima = minima_of([chars(count, count) for count in (5, 12, 40, 100, 300)])
    expected = borrowed(minima)
    monkeypatch.setattr(signatures, "_PROBES", 1)
    np.testing.assert_array_equal(borrowed(minima), expected)


@pytest.mark.parametrize("count", [12, 30, 200, 1000])
def test_equal_bins_estimate_the_jaccard_and_pairs_at_the_threshold_meet(count: int) -> None:
    shared = round(count * 0.83)  # of the n-grams on either side: a Jaccard of about 0.7
    pairs = [
        (text[: count + 4], text[count - shared :]) for text in (chars(2 * count - shared + 4, n) for n in range(200))
    ]
    a, b = (borrowed(minima_of([pair[side] for pair in pairs])) for side in (0, 1))
    estimates = np.count_nonzero(a == b, axis=1) / BINS
    jaccard = shared / (2 * count - shared)
    assert abs(estimates.mean() - jaccard) < 0.02
    assert np.abs(estimates - jaccard).max() < 0.18
    assert (keys_of(a) == keys_of(b)).any(axis=0).all()


def test_unlike_texts_share_no_key() -> None:
    minima = borrowed(minima_of([chars(50, seed) for seed in range(300)]))
    assert all(len(np.unique(band)) == 300 for band in keys_of(minima))


@pytest.mark.parametrize(("bands", "rows"), [(64, 4), (32, 8), (14, 8), (25, 10), (20, 3), (256, 1)])
def test_keys_are_equal_where_all_bins_of_the_band_are(bands: int, rows: int) -> None:
    signatures = np.random.default_rng(1).integers(0, 2, (200, BINS), dtype=np.uint8)
    whole = band_keys(signatures, 0, bands, bands, rows)
    for band in range(bands):
        (keys,) = band_keys(signatures, band, 1, bands, rows)
        np.testing.assert_array_equal(keys, whole[band])
        bins = signatures[:, [band + bands * row for row in range(rows)]]
        equal = (bins[:, None] == bins[None]).all(axis=2)
        np.testing.assert_array_equal(keys[:, None] == keys[None], equal)


@pytest.mark.parametrize("dtype", [np.uint32, np.uint64])
def test_sorted_places_keep_the_order_of_equal_keys(dtype: type[np.uint32 | np.uint64]) -> None:
    keys: Keys = np.random.default_rng(2).integers(0, 2**32, 5000, dtype=np.uint64).astype(dtype)  # type: ignore[assignment]
    keys[::3] = keys[0]
    np.testing.assert_array_equal(sorted_places(keys), np.argsort(keys, kind="stable"))
