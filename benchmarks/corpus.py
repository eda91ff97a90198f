"""Make a corpus of Chinese documents with planted near-duplicates and the exact truth about them.

    python benchmarks/corpus.py OUT --mb 70 [--texts FOLDER] [--seed 1]

Writes OUT/corpus.jsonl (id, text), OUT/truth_pairs.tsv (id_a, id_b, kind, label, jaccard, jaccard_norm) and
OUT/corpus.json. Documents have 300 to 6,000 characters. They are cut from the texts of FOLDER (.txt in UTF-8, .jsonl
with `text`; by default siku's own examples, which are a few pages); where those end, further ones are put together from
their sentences, with the Han characters of every passage swapped for others, so that two documents share n-grams only
if one is a copy.
A share `--planted` of them are copies: 10 % exact, 40 % with 0.2 to 20 % of the characters edited, 50 % with 1 to 20 %
of the sentences left out. The Jaccard of two documents is that of their sets of five consecutive characters, once
without blanks, once folded (NFKC, lower case, letters and digits only); label is 1 where both are at 0.8. Up to
`--all-pairs-mb` all pairs are compared, by an exact join; beyond, only planted ones are listed. Everything is streamed.
"""

from __future__ import annotations

import argparse
import json
import math
import re
import sys
import unicodedata
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

EXAMPLES = Path(__file__).parent.parent / "examples"
MIN_CHARS, MAX_CHARS = 300, 6000
NGRAM_CHARS = 5
DUPLICATE, LISTED = 0.8, 0.6
WINDOW = 4000  # documents that may still be copied
PASSAGE_CHARS = 1000
KEPT_CHARACTERS = 40  # the most frequent ones stay, so that a passage looks like Chinese to filters
MAX_POOL_CHARS = 2_000_000
SENTENCE = re.compile(r"[^。！？\n]*[。！？\n]+[”』」]?|[^。！？\n]+$")
HAN = re.compile("[\u4e00-\u9fff]")

Hashes = npt.NDArray[np.uint64]
Random = np.random.Generator


# ---------------------------------------------------------------- documents


def read_texts(folder: Path) -> Iterator[str]:
    """The texts of a folder; files that are not UTF-8 are left out."""
    for path in sorted(folder.rglob("*")):
        if path.suffix not in (".txt", ".jsonl") or not path.is_file():
            continue
        try:
            content = path.read_text(encoding="utf-8-sig")
        except UnicodeDecodeError:
            continue
        if path.suffix == ".txt":
            yield content
        else:
            rows = (json.loads(line) for line in content.splitlines() if line.strip())
            yield from (row["text"] for row in rows if isinstance(row.get("text"), str))


def wanted_chars(rng: Random) -> int:
    """Lengths are spread evenly over their logarithm."""
    return int(math.exp(rng.uniform(math.log(500), math.log(MAX_CHARS))))


def cut(text: str, rng: Random) -> Iterator[str]:
    """Documents of whole sentences."""
    begun, wanted = "", wanted_chars(rng)
    for sentence in SENTENCE.findall(text):
        begun += sentence
        if len(begun) >= wanted:
            yield begun.strip()[:MAX_CHARS]
            begun, wanted = "", wanted_chars(rng)
    if len(begun.strip()) >= MIN_CHARS:
        yield begun.strip()[:MAX_CHARS]


@dataclass(frozen=True)
class Material:
    """Documents cut from texts, and what further ones are made of."""

    documents: list[str]
    sentences: list[str]
    characters: npt.NDArray[np.uint16]  # the Han characters that may be swapped

    @staticmethod
    def of(folder: Path, most_chars: int, rng: Random) -> Material:
        documents: list[str] = []
        sentences: list[str] = []
        size = pool = 0
        for text in read_texts(folder):
            if pool < MAX_POOL_CHARS:
                sentences += [one for one in SENTENCE.findall(text) if HAN.search(one)]
                pool += len(text)
            documents += [one for one in cut(text, rng) if len(one) >= MIN_CHARS]
            size += len(text)
            if size > most_chars:
                break
        if not sentences:
            sys.exit(f"no Chinese text in {folder}: it wants .txt in UTF-8, or .jsonl with a column text")
        counts = Counter(HAN.findall("".join(sentences)))
        swapped = [ord(char) for char, _ in counts.most_common()[KEPT_CHARACTERS:]]
        order = rng.permutation(len(documents))
        return Material([documents[place] for place in order], sentences, np.array(swapped, dtype=np.uint16))

    def endless(self, rng: Random) -> Iterator[str]:
        """The documents, then ones made of their sentences."""
        yield from self.documents
        while True:
            wanted, text = wanted_chars(rng), ""
            while len(text) < wanted:
                text += self._passage(min(PASSAGE_CHARS, wanted - len(text)), rng) + "\n"
            yield text.strip()[:MAX_CHARS]

    def _passage(self, chars: int, rng: Random) -> str:
        text = ""
        while len(text) < chars:
            text += self.sentences[int(rng.integers(len(self.sentences)))]
        table = np.arange(1 << 16, dtype=np.uint16)
        table[self.characters] = rng.permutation(self.characters)
        units = np.frombuffer(text.encode("utf-16-le"), dtype="<u2")
        return str(table[units].astype("<u2").tobytes(), "utf-16-le", "replace")


def edited(text: str, rate: float, letters: str, rng: Random) -> str:
    """A text in which a share of the Han characters is replaced, lost, or followed by another one."""
    chars = list(text)
    for place in np.flatnonzero(rng.random(len(chars)) < rate):
        if HAN.match(chars[place]):
            other = letters[int(rng.integers(len(letters)))]
            chars[place] = (other, "", chars[place] + other)[int(rng.integers(3))]
    return "".join(chars)


def shortened(text: str, rate: float, rng: Random) -> str:
    """A text without a share of its sentences."""
    sentences = SENTENCE.findall(text)
    stays = rng.random(len(sentences)) >= rate
    return "".join(one for one, keep in zip(sentences, stays, strict=True) if keep)


def copy_of(text: str, letters: str, rng: Random) -> tuple[str, str]:
    """A copy, and of which kind it is."""
    kind = rng.random()
    if kind < 0.1:
        return text, "exact"
    if kind < 0.5:
        rate = math.exp(rng.uniform(math.log(0.002), math.log(0.2)))
        return edited(text, rate, letters, rng), f"edited {rate:.3f}"
    rate = rng.uniform(0.01, 0.2)
    return shortened(text, rate, rng), f"shortened {rate:.3f}"


# ---------------------------------------------------------------- truth


def without_blanks(text: str) -> str:
    return "".join(text.split())


def folded(text: str) -> str:
    return "".join(filter(str.isalnum, unicodedata.normalize("NFKC", text).lower()))


def ngrams(text: str) -> Hashes:
    """The sorted set of a text's n-grams; two of a corpus share a hash by accident only."""
    units = np.frombuffer(text.encode("utf-16-le", "surrogatepass"), dtype="<u2").astype(np.uint64)
    count = max(0, len(units) - NGRAM_CHARS + 1)
    hashes = np.zeros(count, dtype=np.uint64)
    for offset in range(NGRAM_CHARS):
        hashes = (hashes ^ units[offset : offset + count]) * np.uint64(0x9E3779B97F4A7C15)
        hashes ^= hashes >> np.uint64(29)
    return np.unique(hashes)


def jaccard(one: Hashes, other: Hashes) -> float:
    if not len(one) or not len(other):
        return 0.0
    shared = len(np.intersect1d(one, other, assume_unique=True))
    return shared / (len(one) + len(other) - shared)


def similar_pairs(sets: list[Hashes], least: float) -> Iterator[tuple[int, int, float]]:
    """All pairs with a Jaccard of `least` or more, each with the lower number first.

    Two such sets share one of their rarest n-grams: of n, one of the n - ceil(least * n) + 1 rarest (prefix filtering,
    Chaudhuri et al. 2006). So only sets that meet there are compared.
    """
    sizes = np.array([len(one) for one in sets], dtype=np.int64)
    grams = np.concatenate(sets)
    owners = np.repeat(np.arange(len(sets), dtype=np.int32), sizes)
    _, which, counts = np.unique(grams, return_inverse=True, return_counts=True)
    frequency = counts.astype(np.int32)[which]
    order = np.lexsort((which, frequency, owners))
    place = np.arange(len(grams)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    prefix = sizes - np.ceil(least * sizes).astype(np.int64) + 1
    asked = order[(place < np.repeat(prefix, sizes)) & (frequency[order] > 1)]
    asked = asked[np.argsort(which[asked], kind="stable")]
    ends = np.flatnonzero(np.diff(which[asked])) + 1
    met: set[tuple[int, int]] = set()
    for group in np.split(owners[asked], ends):
        members = group.tolist()  # in ascending order: the sort was stable and the owners were in order
        met.update((a, b) for number, b in enumerate(members) for a in members[:number])
    for a, b in sorted(met):
        if min(sizes[a], sizes[b]) >= least * max(sizes[a], sizes[b]) and (value := jaccard(sets[a], sets[b])) >= least:
            yield a, b, value


# ---------------------------------------------------------------- files


def truth_line(a: tuple[str, str], b: tuple[str, str], kind: str) -> str:
    """A line of the truth about two documents, each an id and a text."""
    plain = jaccard(ngrams(without_blanks(a[1])), ngrams(without_blanks(b[1])))
    fold = jaccard(ngrams(folded(a[1])), ngrams(folded(b[1])))
    return f"{a[0]}\t{b[0]}\t{kind}\t{int(min(plain, fold) >= DUPLICATE)}\t{plain:.6f}\t{fold:.6f}\n"


def planted(
    source: Iterator[str], wanted_bytes: float, share: float, rng: Random
) -> Iterator[tuple[str, list[int], str]]:
    """Documents, each with the numbers of those that it is a copy of, and the kind of copy."""
    families: list[tuple[str, list[int]]] = []
    letters = ""
    size, number = 0, 0
    while size < wanted_bytes:
        if families and rng.random() < share:
            text, family = families[int(rng.integers(len(families)))]
            text, kind = copy_of(text, letters, rng)
            yield text, list(family), kind
            family.append(number)
        else:
            text = next(source)
            letters = letters if len(letters) > 5000 else letters + "".join(HAN.findall(text))
            yield text, [], ""
            if len(families) < WINDOW:
                families.append((text, [number]))
            else:
                families[int(rng.integers(WINDOW))] = (text, [number])
        size += len(text.encode("utf-8"))
        number += 1


def write_corpus(
    out: Path,
    mb: float,
    *,
    texts: Path = EXAMPLES,
    share: float = 0.2,
    seed: int = 1,
    all_pairs_mb: float = 100,
    with_truth: bool = True,
) -> dict[str, Any]:
    """A corpus of `mb` MB (10^6 bytes of text in UTF-8) in `out`; the content of its corpus.json."""
    out.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(seed)
    source = Material.of(texts, int(mb * 1e6 / 2), rng).endless(rng)
    every_pair = with_truth and mb <= all_pairs_mb
    pairs: dict[tuple[int, int], str] = {}
    count = size = 0
    with (out / "corpus.jsonl").open("w", encoding="utf-8") as lines:
        for number, (text, family, kind) in enumerate(planted(source, mb * 1e6, share, rng)):
            row = json.dumps({"id": f"doc-{number:08d}", "text": text}, ensure_ascii=False)
            lines.write(row + "\n")
            size += len(row.encode("utf-8")) + 1
            count += 1
            if with_truth:
                pairs.update(((other, number), kind if other == family[0] else "of one origin") for other in family)
    if with_truth:
        write_truth(out, pairs, every_pair)
    about = {"documents": count, "bytes": size, "mb": mb, "planted": share, "seed": seed, "all_pairs": every_pair}
    (out / "corpus.json").write_text(json.dumps(about) + "\n", encoding="utf-8")
    return about


def write_truth(out: Path, pairs: dict[tuple[int, int], str], every_pair: bool) -> None:
    with (out / "corpus.jsonl").open(encoding="utf-8") as lines:
        rows = [(row["id"], row["text"]) for row in map(json.loads, lines)]
    if every_pair:
        for a, b, _ in similar_pairs([ngrams(folded(text)) for _, text in rows], LISTED):
            pairs.setdefault((a, b), "by chance")
    with (out / "truth_pairs.tsv").open("w", encoding="utf-8") as truth:
        truth.write("id_a\tid_b\tkind\tlabel\tjaccard\tjaccard_norm\n")
        for (a, b), kind in pairs.items():
            truth.write(truth_line(rows[a], rows[b], kind))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--mb", type=float, default=70)
    parser.add_argument("--texts", type=Path, default=EXAMPLES)
    parser.add_argument("--planted", type=float, default=0.2)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--all-pairs-mb", type=float, default=100)
    args = parser.parse_args()
    about = write_corpus(
        args.out, args.mb, texts=args.texts, share=args.planted, seed=args.seed, all_pairs_mb=args.all_pairs_mb
    )
    print(json.dumps(about))


if __name__ == "__main__":
    main()
