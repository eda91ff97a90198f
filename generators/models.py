"""Which model is asked, where nobody says: the one that all endpoints list."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from generators.endpoint import Endpoint
from generators.journal import Journal
from validators.errors import SikuError

ENDPOINT = 4  # exit code


async def model_behind(endpoints: Sequence[Endpoint], journal: Journal) -> str:
    """The model behind the endpoints; if they are gone, the one that they had the last time.

    Raises SikuError where that is not known, or where there are several.
    """
    asked = " ".join(sorted(endpoint.url for endpoint in endpoints))
    try:
        model = await find_model(endpoints)
    except SikuError as error:
        if error.exit_code != ENDPOINT or not (remembered := journal.model_of(asked)):
            raise
        return remembered
    journal.remember_model(asked, model)
    return model


async def find_model(endpoints: Sequence[Endpoint]) -> str:
    """The one model that the endpoints list. Raises SikuError where there are several, or not the same.

    What does not answer now may come later, or be done without: one that answers is enough.
    """
    answers = await asyncio.gather(*(endpoint.models() for endpoint in endpoints), return_exceptions=True)
    errors = [one for one in answers if isinstance(one, BaseException)]
    if errors and (len(errors) == len(answers) or not all(isinstance(one, SikuError) for one in errors)):
        raise errors[0]
    listed = [set(one) for one in answers if isinstance(one, list) and one]
    if not listed:
        return "default"
    names, everywhere = set.union(*listed), set.intersection(*listed)
    if len(everywhere) == 1 and (len(names) == 1 or len(endpoints) > 1):
        return everywhere.pop()
    raise SikuError(
        "the endpoints serve several models" if len(endpoints) > 1 else "the endpoint serves several models",
        where=", ".join(endpoint.url for endpoint in endpoints),
        why=f"it lists: {', '.join(sorted(names)[:20])}",
        next="say which: --model NAME",
    )
