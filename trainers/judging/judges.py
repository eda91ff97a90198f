"""The judges: each model behind the endpoints is one, and endpoints of the same model share its work."""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from validators.errors import SikuError

NAME_CHARS = 40
MEMORY = "judge-endpoints"  # the journal that remembers which model an endpoint had


@dataclass(frozen=True, slots=True)
class Judge:
    """Who gives verdicts: what it is called in the files, its model, and the addresses where it is asked."""

    name: str
    model: str
    endpoints: tuple[str, ...]

    @property
    def recipe(self) -> str:
        """The name of its journal, which is a file: what no file may be called is replaced by a digest."""
        plain = re.sub(r"[^\w.-]+", "-", self.name).strip("-.")[:NAME_CHARS]
        mark = "" if plain == self.name else f"-{sha256(self.name.encode()).hexdigest()[:8]}"
        return f"judge-{plain}{mark}"


@contextlib.contextmanager
def judges_at(
    endpoints: Sequence[str], models: Sequence[str], names: Sequence[str], journals: Path
) -> Iterator[list[Judge]]:
    """The judges behind `endpoints`, in their order; demo endpoints run inside the block.

    `models` and `names` are none, one for all, or one for each endpoint; a model that is not given is the one that the
    endpoint lists, or had the last time. Raises SikuError: exit 2 for words that do not fit, 4 if nobody is there.
    """
    from generators.commands import addresses

    given_models, given_names = _spread("--model", models, endpoints), _spread("--judge-name", names, endpoints)
    with contextlib.ExitStack() as stack:
        urls = [stack.enter_context(addresses([one]))[0] for one in endpoints]
        found = [model or asyncio.run(_listed(url, journals)) for url, model in zip(urls, given_models, strict=True)]
        yield _grouped([name or model for name, model in zip(given_names, found, strict=True)], found, urls)


def _spread(flag: str, given: Sequence[str], endpoints: Sequence[str]) -> list[str]:
    if len(given) not in (0, 1, len(endpoints)):
        why = f"there are {len(given)} of it, and {len(endpoints)} --endpoint"
        raise SikuError(f"{flag} is given once for all endpoints, or once for each of them", why=why)
    return list(given) if len(given) == len(endpoints) else [*given, ""][:1] * len(endpoints)


async def _listed(url: str, journals: Path) -> str:
    from generators.endpoint import Endpoint
    from generators.journal import SUFFIX, Journal
    from generators.models import model_behind

    with Journal(journals / f"{MEMORY}{SUFFIX}") as journal:
        async with Endpoint(url) as endpoint:
            return await model_behind([endpoint], journal)


def _grouped(names: Sequence[str], models: Sequence[str], urls: Sequence[str]) -> list[Judge]:
    found: dict[str, Judge] = {}
    for name, model, url in zip(names, models, urls, strict=True):
        before = found.get(name)
        if before is not None and before.model != model:
            raise SikuError(f"the judge {name} has two models", why=f"{before.model} and {model}", next="--judge-name")
        known = before.endpoints if before else ()
        found[name] = Judge(name, model, tuple(dict.fromkeys((*known, url))))
    return list(found.values())
