"""Ways to choose the next token: settings of `siku generate`, and all combinations that a sweep goes through."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from trainers.evaluation.predict import Decoding
from trainers.settings import Read, key, read_settings, split_words, takes
from validators.errors import SikuError, nearest

SWEPT = ("temperature", "top_k", "top_p", "repetition_penalty", "num_beams", "max_new_tokens", "seed")
MOST_WAYS = 200
ONLY_BY_CHANCE = ("top_k", "top_p")


@dataclass(frozen=True)
class GenerateSettings:
    """The keys of `siku generate --set`. A temperature of 0 takes the likeliest token; None is that.

    With `top_k` or `top_p` and no temperature it is 1. `as_text`: prompts are gone on with as they stand.
    """

    temperature: float | None = key(None, least=0)
    top_k: int = key(0, least=0)
    top_p: float = key(1.0, above=0, most=1)
    repetition_penalty: float = key(1.0, above=0)
    num_beams: int = key(1, least=1)
    max_new_tokens: int = key(256, least=1)
    seed: int = key(42, least=0, most=2**32 - 1)
    per_device_eval_batch_size: int = key(8, least=1)
    concurrency: int = key(8, least=1)
    timeout_s: float = key(120.0, above=0)
    limit: int | None = key(None, least=1)
    as_text: bool = key(False)
    chat_template_path: str | None = key(None)
    bf16: bool | None = key(None)
    use_cpu: bool = key(False)

    def decoding(self) -> Decoding:
        drawn = any(getattr(self, name) != getattr(Decoding(), name) for name in ONLY_BY_CHANCE)
        temperature = self.temperature if self.temperature is not None else float(drawn)
        values = {name: getattr(self, name) for name in SWEPT if name != "temperature"}
        return Decoding(temperature=temperature, **values)


@dataclass(frozen=True)
class Way:
    """One combination: what was swept, as it is shown, and how tokens are chosen."""

    swept: dict[str, Any]
    decoding: Decoding

    @property
    def label(self) -> str:
        """`temperature=0.7 top_p=0.9`; `greedy` and the like where nothing was swept."""
        shown = self.swept or {name: value for name, value in _told(self.decoding).items() if name != "max_new_tokens"}
        return " ".join(f"{name}={value:g}" for name, value in shown.items()) or "greedy"


def _told(decoding: Decoding) -> dict[str, Any]:
    """What differs from always taking the likeliest token."""
    plain = dataclasses.asdict(Decoding())
    return {name: value for name, value in dataclasses.asdict(decoding).items() if value != plain[name]}


def read_ways(given: Sequence[str], sweep: Sequence[str]) -> tuple[GenerateSettings, list[Way], list[SikuError]]:
    """Settings of `--set`, the combinations of `--sweep temperature=0.1,0.7 top_p=...`, and all that is wrong."""
    values, problems = split_words(given)
    base: Read[GenerateSettings] = read_settings(GenerateSettings, values)
    problems += base.problems
    axes, wrong = _axes(sweep)
    problems += wrong
    ways: list[Way] = []
    for chosen in itertools.product(*axes.values()) if not problems else ():
        swept = dict(zip(axes, chosen, strict=True))
        ways.append(Way(swept, dataclasses.replace(base.settings, **swept).decoding()))
    if len(ways) > MOST_WAYS:
        problems.append(SikuError(f"--sweep makes {len(ways)} combinations", why=f"{MOST_WAYS} are the most"))
    return base.settings, ways, problems + _idle(ways, base)


def _axes(sweep: Sequence[str]) -> tuple[dict[str, list[Any]], list[SikuError]]:
    """For each key its values, typed, each once."""
    words, problems = split_words(sweep)
    problems = [
        SikuError(one.what.replace("--set", "--sweep").replace("key=value", "key=value,value")) for one in problems
    ]
    axes: dict[str, list[Any]] = {}
    for name, text in words.items():
        if name not in SWEPT:
            why = "it is the same for all: --set" if name in takes(GenerateSettings, "") else nearest(name, SWEPT)
            problems.append(SikuError(f"--sweep {name}: it cannot be swept", why=why))
            continue
        for value in dict.fromkeys(part.strip() for part in str(text).split(",") if part.strip()):
            read = read_settings(GenerateSettings, {name: value}, where="--sweep")
            problems += read.problems
            axes.setdefault(name, []).append(getattr(read.settings, name))
        if name not in axes:
            problems.append(SikuError(f"--sweep {name}=: it has no values"))
    return axes, problems


def _idle(ways: Sequence[Way], base: Read[GenerateSettings]) -> list[SikuError]:
    """Settings that change nothing: what is drawn from matters where something is drawn."""
    named = base.given | {name for way in ways for name in way.swept}
    if any(way.decoding.temperature > 0 for way in ways) or not ways:
        return []
    return [
        SikuError(f"{name}: it changes nothing at temperature 0", next="--set temperature=1")
        for name in ONLY_BY_CHANCE
        if name in named
    ]
