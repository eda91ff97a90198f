"""One person at the page: which text is shown, what was scored, where to go on. It knows nothing of Gradio."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from threading import Lock

from trainers.judging.human.items import Item, Items, order_for
from trainers.judging.human.scores import HumanScores, Said

Given = Sequence[int | None]  # what is chosen on the page, axis by axis


@dataclass(frozen=True, slots=True)
class View:
    """What is shown: the text at `place` of this person's order (None at its end), and what they said of it before.

    `stays`: something is missing, so what is chosen on the page is left as it is.
    """

    place: int
    item: Item | None
    said: Said | None
    done: int
    texts: int
    note: str = ""
    stays: bool = False


class Scoring:
    """The texts, in an order of its own for each person, and the scores; any number of people at once."""

    def __init__(self, items: Items, scores: HumanScores, seed: int = 0) -> None:
        self.items, self.scores, self.seed = items, scores, seed
        self._reading = Lock()  # threads of one page read the same file on

    def begin(self, who: str) -> View:
        """The first text that this person has not scored."""
        if not who.strip():
            return View(0, None, None, 0, len(self.items.items), "Write your name to begin.")
        return self._first_open(who, 0)

    def at(self, who: str, place: int, note: str = "", *, stays: bool = False) -> View:
        """The text at a place, or the end."""
        order, said = order_for(self.items, who.strip(), self.seed), self._said(who)
        place = max(0, min(place, len(order)))
        item = order[place] if place < len(order) else None
        done = sum(one.item in said for one in order)
        return View(place, item, said.get(item.item) if item else None, done, len(order), note, stays)

    def go_on(self, who: str, place: int, given: Given, comment: str) -> View:
        """Keep what was said and show the next text, after the last one what was left out. Half of it is not kept."""
        note = self._keep(who, place, given, comment)
        if note:
            return self.at(who, place, note, stays=True)
        after = self.at(who, place + 1)
        return after if after.item else self._first_open(who, place + 1)

    def go_back(self, who: str, place: int, given: Given, comment: str) -> View:
        """The text before; what was said of this one is kept where it is whole."""
        self._keep(who, place, given, comment)
        return self.at(who, place - 1)

    def _first_open(self, who: str, end: int) -> View:
        order, said = order_for(self.items, who.strip(), self.seed), self._said(who)
        place = next((number for number, one in enumerate(order) if one.item not in said), None)
        if place is None:
            return self.at(who, len(order))
        return self.at(who, place, "This one was left out before." if 0 < end > place else "")

    def _keep(self, who: str, place: int, given: Given, comment: str) -> str:
        """What is missing; nothing where all was kept, or where there was nothing to keep."""
        item = self.at(who, place).item
        if item is None:
            return ""
        scores = dict(zip(self.scores.axes, given, strict=True))
        missing = [axis for axis, value in scores.items() if value is None]
        if len(missing) == len(scores):
            return "A comment is kept with scores only." if comment.strip() else ""
        if missing:
            return f"Still without a score: {', '.join(missing)}"
        with self._reading:
            self.scores.add(item, who, {axis: value for axis, value in scores.items() if value}, comment)
        return ""

    def _said(self, who: str) -> dict[str, Said]:
        with self._reading:
            return self.scores.of(who)
