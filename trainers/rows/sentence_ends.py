"""Where sentences end: the places at which a document may be cut in two."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_CLOSING = "。！？”’」』）》】"
_LINE_ENDS = r"(?:\s*\n)*"
# Each begins with a set of characters, which `re` looks for five times as fast as for an alternative.
_ENDS = (
    re.compile(rf"[。！？][{_CLOSING}]*{_LINE_ENDS}"),
    re.compile(rf"[.!?][\"')]*(?=\s){_LINE_ENDS}"),
    re.compile(rf"\n{_LINE_ENDS}"),
)


def sentence_ends(text: str) -> NDArray[np.bool_]:
    """Of each place in a text, characters + 1, whether a sentence ends before it.

    It ends after 。！？ and what closes quotes or brackets behind them, after . ! ? where a space follows, and with a
    line; the line break belongs to what is before it.
    """
    import numpy as np

    ends = np.zeros(len(text) + 1, dtype=np.bool_)
    for pattern in _ENDS:
        ends[[match.end() for match in pattern.finditer(text)]] = True
    return ends
