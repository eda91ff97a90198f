"""What the tests of the crawler share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.builders.crawl.servers import LoopbackSite, loopback_site


@pytest.fixture
def site() -> Iterator[LoopbackSite]:
    with loopback_site() as running:
        yield running
