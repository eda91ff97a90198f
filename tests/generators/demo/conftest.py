"""What the tests of the demo endpoint share."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import openai
import pytest

Client = Callable[..., openai.OpenAI]


@pytest.fixture
def client() -> Iterator[Client]:
    """A client as users have it, without retries of its own."""
    made: list[openai.OpenAI] = []

    def make(url: str, timeout_s: float = 20.0) -> openai.OpenAI:
        made.append(openai.OpenAI(base_url=url, api_key="none", max_retries=0, timeout=timeout_s))
        return made[-1]

    yield make
    for one in made:
        one.close()
