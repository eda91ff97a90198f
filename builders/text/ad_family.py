"""One kind of addition as data: its phrases, what else they ask for, and how far they reach.

All of it is compared with the *key* of a piece of text: simplified script, half width, lower case, only Han
characters, letters and digits. Blanks, punctuation and decorations are gone, so one phrase sees through the
usual disguises (`求、月、票`, `最⊥新⊥小⊥说`, `ＷＷＷ．`). Three signs of a key stand for more than themselves:
`@` a web address, `#` a book title in 《》, `“` quoted speech, which is never part of an addition.
"""

from __future__ import annotations

import enum
from typing import NamedTuple


class Reach(enum.IntEnum):
    """How much of the text around a phrase has to be an addition, too, before the phrase proves one."""

    CLAUSE = 1  # unmistakable: cut even where it is glued to a sentence of the story
    SENTENCE = 2  # a person in a story might say it: it must fill its sentence, with words of the same kind
    LINE = 3  # everyday words: it must fill its line or stand alone in brackets


BARE_ADDRESS_KIND = "site watermark"
SITE_NAME_KIND = "site name"
END_MARK_KIND = "end-of-chapter mark"
# Everyday words: with a full stop, a line of them is a sentence (下一章。);
PLAIN_KINDS = frozenset(["next page notice", "error report link", "please bookmark", "navigation bar"])
# and behind a speaker these are reported (编辑回复：求月票！).
SPOKEN_KINDS = PLAIN_KINDS - {"navigation bar"} | {"vote begging", END_MARK_KIND}


class Family(NamedTuple):
    """One kind of addition: any of `phrases` in a key, if the key also matches `requires`.

    `spare` characters may be left over beside phrases and vocabulary: the name of a site or of a book.
    `template` is a pattern with gaps for longer names; all that it matches is addition.
    """

    kind: str
    reach: Reach
    phrases: tuple[str, ...]
    requires: str
    spare: int
    template: str


def make_family(
    kind: str, reach: Reach, phrases: str, requires: str = "", *, spare: int | None = None, template: str = ""
) -> Family:
    usual = {Reach.CLAUSE: 8, Reach.SENTENCE: 4, Reach.LINE: 0}[reach]
    return Family(
        kind, reach, tuple(phrases.split()), requires or template, usual if spare is None else spare, template
    )
