"""Speed and exactness of ROUGE for Chinese, beside rouge_score, rouge and rouge_chinese where they are installed.

    python benchmarks/metrics.py [FILE.jsonl] [--pairs 300] [--runs 5]

FILE has `prediction` and `reference` in every row (`siku evaluate --out` writes it); without it answers made of
this file's own clauses. All get the same tokens: rouge_score through its `tokenizer`, the others joined by blanks.
Pairs per CPU second, medians; the tools take turns. `off` is how far F1 is from rouge_score's, at most and on average.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import statistics
import time
from collections.abc import Callable, Sequence
from importlib.metadata import version
from pathlib import Path

from trainers.evaluation.metrics import rouge, tokens_of

Pair = tuple[str, str]
Figures = Sequence[float]
CLAUSES = (
    "这座城在两条河之间",
    "春天多风，夏天雨水集中",
    "1950年有人口40,000",
    "居民大多种植小麦和棉花",
    "也有不少人在窑场做工",
    "后来河道改变，商人们陆续离开",
    "只有几座石桥保存到今天",
    "Python 3.14 发布于2025年",
    "他说：“我不知道。”",
    "羊侃的字是祖忻",
)


def made_up(count: int) -> list[Pair]:
    """Answers of 10 to 300 characters beside references that share some of their clauses."""
    dice = random.Random(0)
    pairs = []
    for _ in range(count):
        chosen = dice.choices(CLAUSES, k=dice.randint(1, 24))
        others = [clause if dice.random() < 0.6 else dice.choice(CLAUSES) for clause in chosen]
        pairs.append(("，".join(others) + "。", "，".join(chosen) + "。"))
    return pairs


class Tokens:
    """The tokenizer that rouge_score takes."""

    def tokenize(self, text: str) -> list[str]:
        return tokens_of(text)


def tools() -> dict[str, Callable[[str, str], Figures]]:
    found: dict[str, Callable[[str, str], Figures]] = {"siku": rouge}
    try:
        from rouge_score import rouge_scorer

        scorer = rouge_scorer.RougeScorer(["rouge1", "rouge2", "rougeL"], tokenizer=Tokens())
        found["rouge_score"] = lambda ours, theirs: [one.fmeasure for one in scorer.score(theirs, ours).values()]
    except ImportError:
        pass
    for name in ("rouge_chinese", "rouge"):
        try:
            scores = __import__(name).Rouge().get_scores
        except ImportError:
            continue

        def figures(
            ours: str, theirs: str, scores: Callable[..., list[dict[str, dict[str, float]]]] = scores
        ) -> Figures:
            joined = " ".join(tokens_of(ours)), " ".join(tokens_of(theirs))
            return [one["f"] for one in scores(*joined)[0].values()]

        found[name] = figures
    return found


def read_pairs(file: Path | None, count: int) -> list[Pair]:
    if file is None:
        return made_up(count)
    rows = (json.loads(line) for line in file.read_text(encoding="utf-8").splitlines())
    pairs = [(row["prediction"], row["reference"]) for row in rows]
    return [pair for pair in pairs if all(map(tokens_of, pair))][:count]


def of_nothing(score: Callable[[str, str], Figures]) -> str:
    try:
        return "0" if not any(score("", "长江")) else "not 0"
    except Exception as error:
        return type(error).__name__


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", nargs="?", type=Path)
    parser.add_argument("--pairs", type=int, default=300)
    parser.add_argument("--runs", type=int, default=5)
    given = parser.parse_args()
    pairs = read_pairs(given.file, given.pairs)
    speeds: dict[str, list[float]] = {}
    scored: dict[str, list[Figures]] = {}
    for _ in range(given.runs):
        for name, score in tools().items():
            started = time.process_time()
            scored[name] = [score(*pair) for pair in pairs]
            speeds.setdefault(name, []).append(len(pairs) / (time.process_time() - started))
    chars = statistics.mean(len(text) for pair in pairs for text in pair)
    print(f"{len(pairs)} pairs of {chars:.0f} characters on average, {given.runs} runs, load {os.getloadavg()[0]:.1f}")
    right = scored.get("rouge_score", scored["siku"])
    for name, values in speeds.items():
        off = [
            abs(a - b)
            for ours, theirs in zip(scored[name], right, strict=True)
            for a, b in zip(ours, theirs, strict=True)
        ]
        told = (
            f"off {max(off):.1e} at most, {statistics.mean(off):.1e} mean, an empty text: {of_nothing(tools()[name])}"
        )
        label = name if name == "siku" else f"{name} {version(name.replace('_', '-'))}"
        print(f"{label:20} {statistics.median(values):9,.0f} pairs/CPU s   {told}")


if __name__ == "__main__":
    main()
