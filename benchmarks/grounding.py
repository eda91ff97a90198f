"""How often `check_pairs` and `check_grounding` refuse what they should, on labelled pairs, and how fast.

    python benchmarks/grounding.py [CASES.jsonl]

Refused is right for every label but `supported`. The rules were written with the part `tune` in view. `report` came
afterwards: at first sight it gave a precision of 0.969 and a recall of 0.775 (the contract's check alone: 1.000 and
0.150); what it taught is in the rules now, so today's figures for it are no longer those of unseen text.
"""

from __future__ import annotations

import json
import statistics
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from validators.grounding import check_grounding  # noqa: E402
from validators.numerals import find_numerals  # noqa: E402
from validators.passages import Passage  # noqa: E402
from validators.qa_pairs import check_pairs  # noqa: E402

CASES = ROOT / "tests" / "validators" / "grounding_cases.jsonl"
SUPPORTED = "supported"
MAX_QUESTION_CHARS, MAX_ANSWER_CHARS = 100, 300  # the length is not what is measured here


class Judged(NamedTuple):
    """One labelled pair: is it refused by the contract's check, and by either check?"""

    part: str
    label: str
    by_contract: bool
    by_either: bool


def judge(cases: Path = CASES) -> Iterator[Judged]:
    """Every pair of a file of cases, judged."""
    for line in cases.read_text(encoding="utf-8").splitlines():
        case = json.loads(line)
        passage = Passage(case["passage"])
        for pair in case["pairs"]:
            asked = (pair["question"], pair["answer"])
            [found] = check_pairs(passage, [asked], MAX_QUESTION_CHARS, MAX_ANSWER_CHARS)
            by_contract = any(verdict.check == "ungrounded_answer" for verdict in found)
            yield Judged(
                case["part"], pair["label"], by_contract, by_contract or bool(check_grounding(passage, *asked))
            )


def precision_and_recall(judged: list[Judged], column: str) -> tuple[float, float]:
    """Of "refused": how much of it is right, and how much of what is wrong is refused."""
    refused = [one for one in judged if getattr(one, column)]
    wrong = [one for one in judged if one.label != SUPPORTED]
    right = [one for one in refused if one.label != SUPPORTED]
    return len(right) / len(refused), len(right) / len(wrong)


def print_table(judged: list[Judged]) -> None:
    print(f"{'part':8}{'label':18}{'pairs':>6}{'contract':>10}{'both':>8}")
    counts: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for one in judged:
        counts[one.part, one.label].update(pairs=1, contract=int(one.by_contract), both=int(one.by_either))
    for (part, label), count in sorted(counts.items()):
        shares = (count["contract"] / count["pairs"], count["both"] / count["pairs"])
        print(f"{part:8}{label:18}{count['pairs']:6}{shares[0]:10.1%}{shares[1]:8.1%}")
    for part in sorted({one.part for one in judged}):
        of_part = [one for one in judged if one.part == part]
        for name, column in (("contract alone", "by_contract"), ("with check_grounding", "by_either")):
            precision, recall = precision_and_recall(of_part, column)
            print(f"{part:8}{name:22} precision {precision:.3f}  recall {recall:.3f}")


def measure_speed(cases: Path = CASES, passage_chars: int = 600, rounds: int = 200) -> None:
    """Three good pairs against a passage of about 600 characters: everything, from the passage as text."""
    lines = [json.loads(line) for line in cases.read_text(encoding="utf-8").splitlines()]
    longest = sorted(lines, key=lambda case: -len(case["passage"]))[:2]
    text = "".join(case["passage"] for case in longest)[:passage_chars]
    pairs = [(pair["question"], pair["answer"]) for pair in longest[0]["pairs"] if pair["label"] == SUPPORTED][:3]
    times_us = defaultdict(list)
    for _ in range(rounds):
        find_numerals.cache_clear()
        start = time.perf_counter()
        passage = Passage(text)
        check_pairs(passage, pairs, MAX_QUESTION_CHARS, MAX_ANSWER_CHARS)
        middle = time.perf_counter()
        for pair in pairs:
            check_grounding(passage, *pair)
        times_us["check_pairs"].append((middle - start) * 1e6)
        times_us["check_grounding"].append((time.perf_counter() - middle) * 1e6)
    for name, times in times_us.items():
        print(f"{name}: {statistics.median(times):.0f} µs for {len(pairs)} pairs and {len(text)} characters (median)")


if __name__ == "__main__":
    chosen = Path(sys.argv[1]) if len(sys.argv) > 1 else CASES
    print_table(list(judge(chosen)))
    measure_speed(chosen)
