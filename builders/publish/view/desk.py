"""What the page does, without the page: where somebody stands in the lists, what is shown there, what is decided."""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from builders.engine.recipe import Recipe
from builders.publish.life import lineage, trace
from builders.publish.page import Html, element, join
from builders.publish.view import folio, rows
from builders.publish.view.query import Query
from builders.publish.view.shelf import Found, Shelf, Spot
from builders.publish.view.texts import every, spans_of
from builders.review.decisions import Choice, Decision, Reviews, agreement, by_document, content_digest
from validators.errors import SikuError, as_siku_error

ROWS_A_PAGE, ROWS_BESIDE = 20, 10  # of one list; of each of two
Row = Mapping[str, Any]


@dataclass(frozen=True)
class Panel:
    """A further way to look at a document; `show` is given its row and returns HTML, or raises SikuError."""

    title: str
    show: Callable[[Row], Html]


@dataclass(frozen=True)
class Stand:
    """Where somebody is: what was looked for, the first row of the page, which of it is open, and how it is shown.

    `opened` is the id of a document that was followed to; `message` what the last action has to say.
    """

    queries: tuple[Query, ...] = (Query(),)
    first: int = 0
    at: int = 0
    panel: str = "Text"
    whole: bool = False
    editing: bool = False
    opened: str = ""
    message: str = ""

    @property
    def size(self) -> int:
        return ROWS_A_PAGE if len(self.queries) == 1 else ROWS_BESIDE


class Desk:
    """A dataset, the decisions about it, and the panels of the page. For any number of windows and threads."""

    def __init__(
        self,
        shelf: Shelf,
        reviews: Reviews,
        origin: Callable[[], tuple[Recipe | None, Sequence[Path]]],
        panels: Sequence[Panel] = (),
    ) -> None:
        self.shelf, self.reviews, self._origin = shelf, reviews, origin
        self._telling = threading.Lock()  # steps need not be for several threads
        own = (Panel("Life", self._life), Panel("Copies", self._copies))
        self.panels = {one.title: one for one in (*own, *panels)}

    @property
    def titles(self) -> list[str]:
        return ["Text", *self.panels, "Reviewers"]

    # ------------------------------------------------------------ where

    def look(self, stand: Stand, queries: Sequence[Query]) -> Stand:
        """Look for something else; a mistake in it is the message."""
        try:
            for query in queries:
                self.shelf.search(query)
        except SikuError as error:
            return dataclasses.replace(stand, message=told(error))
        return Stand(tuple(queries), panel=stand.panel)

    def move(self, stand: Stand, steps: int) -> Stand:
        """The next row, or the one before; on to the next page where this one ends."""
        stand = _read(stand)
        if stand.opened:
            return dataclasses.replace(stand, opened="")
        at = stand.at + steps
        if at < 0:
            before = self.turn(stand, -1)
            return (
                before if before.first == stand.first else dataclasses.replace(before, at=len(self._spots(before)) - 1)
            )
        if at >= len(self._spots(stand)):
            return self.turn(stand, 1)
        return dataclasses.replace(stand, at=at)

    def turn(self, stand: Stand, pages: int) -> Stand:
        """Another page, if there is one."""
        first = max(0, stand.first + pages * stand.size)
        try:
            for query in stand.queries:
                self.shelf.reach(self.shelf.search(query), first + stand.size)
        except SikuError as error:
            return dataclasses.replace(stand, message=told(error))
        there = dataclasses.replace(_read(stand), first=first, at=0, opened="")
        if not self._spots(there):
            return dataclasses.replace(stand, message="That was the last one.")
        return there

    def pick(self, stand: Stand, at: int) -> Stand:
        """The row of that number on the page."""
        at = at if 0 <= at < len(self._spots(stand)) else stand.at
        return dataclasses.replace(_read(stand), at=at, opened="")

    def open(self, stand: Stand, name: str) -> Stand:
        return dataclasses.replace(_read(stand), opened=name)

    def _found(self, stand: Stand) -> list[Found]:
        return [self.shelf.search(query) for query in stand.queries]

    def _spots(self, stand: Stand) -> list[Spot]:
        return [spot for one in self._found(stand) for spot in one.spots[stand.first : stand.first + stand.size]]

    def row(self, stand: Stand) -> dict[str, Any] | None:
        """The document that is open; of evidence the one that it is about."""
        spots = self._spots(stand)
        if not stand.opened and not spots:
            return None
        spot = self.shelf.spot_of(stand.opened) if stand.opened else spots[min(stand.at, len(spots) - 1)]
        if spot is not None and spot.place == "evidence":
            spot = self.shelf.spot_of(self.shelf.document(spot)["id"])
        return None if spot is None else self.shelf.document(spot)

    # ------------------------------------------------------------ what is shown

    def lists(self, stand: Stand) -> Html:
        decided = by_document(self.reviews.newest())
        shown = []
        number = 0
        for found in self._found(stand):
            lines = self.shelf.lines(found, stand.first, stand.size)
            at = None if stand.opened else stand.at
            shown.append(
                rows.listing(found.query, lines, decided, first=stand.first, told=found.told(), number=number, at=at)
            )
            number += len(lines)
        return element("div", *shown, class_=f"siku-lists {'two' if len(shown) > 1 else 'one'}")

    def document(self, stand: Stand, who: str) -> Html:
        """The open document as `who` sees it, or the table of reviewers."""
        if stand.panel == "Reviewers":
            return rows.agreement_panel(agreement(self.reviews.newest()))
        try:
            row = self.row(stand)
            if row is None:
                missing = f"There is no document {stand.opened}." if stand.opened else "No document is open."
                return element("p", missing, class_="empty")
            decisions = self.reviews.of(row["id"])
            head = folio.head(row, decisions)
            if stand.editing:
                mine = next((one for one in decisions if one.who == who.strip()), None)
                return join([head, folio.editor(row, mine)])
            if stand.panel == "Text":
                spans = self._spans(stand, row["text"])
                return join([head, folio.text_panel(row, spans, decisions, whole=stand.whole)])
            return join([head, self.panels[stand.panel].show(row)])
        except SikuError as error:
            return element("p", told(error), class_="problem")

    def _spans(self, stand: Stand, text: str) -> list[tuple[int, int]]:
        query = next((one for one in stand.queries if one.words and one.how != "id"), None)
        if query is None:
            return []
        if query.how == "substring":
            return every(text, query.words)
        return spans_of(text, self.shelf.matches(text, query.words))

    def _copies(self, row: Row) -> Html:
        dropped = row["place"] == "dropped" and row.get("duplicate_of")
        spot = self.shelf.spot_of(row["duplicate_of"]) if dropped else None
        kept = self.shelf.document(spot) if spot else None
        count, copies = self.shelf.copies([row["duplicate_of"]] if dropped else lineage(row["id"]))
        return folio.copies_panel(row, kept, count, copies)

    def _life(self, row: Row) -> Html:
        place = row["split"] if row["place"] == "kept" else "dropped"
        fate = {"step": row["step"], "what": row["reason"]} if place == "dropped" else {"step": "", "what": ""}
        with self._telling:
            try:
                recipe, inputs = self._origin()
                if recipe is None:
                    source = folio.meta_of(row).get("source", "its source")
                    traced = {"origin": f"{source} (this siku has other steps: they are not run again)", "steps": []}
                else:
                    traced = trace(self.shelf.folder, row["id"], folio.meta_of(row), recipe, inputs, fate)
            except Exception as error:  # of a private recipe, perhaps; what can be told is told all the same
                traced = {
                    "origin": f"its source, which cannot be read again: {told(as_siku_error(error))}",
                    "steps": [],
                }
        return folio.life_panel(traced, self.shelf.evidence(lineage(row["id"])))

    # ------------------------------------------------------------ what is decided

    def decide(self, stand: Stand, who: str, choice: Choice) -> Stand:
        """Accept or reject the open document, and go on to the next."""
        kept, message = self._keep(stand, who, lambda old: dataclasses.replace(old, choice=choice))
        if not kept or stand.opened:
            return dataclasses.replace(stand, message=message)
        return dataclasses.replace(self.move(stand, 1), message=message)

    def withdraw(self, stand: Stand, who: str) -> Stand:
        """Take back what this reviewer said of the open document."""
        _, message = self._keep(stand, who, lambda old: dataclasses.replace(old, choice=None, comment=""))
        return dataclasses.replace(stand, message=message)

    def comment(self, stand: Stand, who: str, comment: str) -> Stand:
        """Say something beside the decision, which stays."""
        _, message = self._keep(stand, who, lambda old: dataclasses.replace(old, comment=comment.strip()))
        return dataclasses.replace(stand, message=message)

    def save(self, stand: Stand, who: str, contents: Sequence[str]) -> Stand:
        """Keep an edit: the new text, or the new contents of all turns."""
        row = self.row(stand)
        messages = folio.messages_of(row) if row else None
        if row is None or len(contents) != (len(messages) if messages else 1):
            return dataclasses.replace(stand, message="The document has changed meanwhile; edit it again.")
        if not all(one.strip() for one in contents):
            blank = "No turn may be blank" if messages else "A text cannot be blank"
            return dataclasses.replace(stand, message=f"{blank}: reject the document instead.")
        before = [one["content"] for one in messages] if messages else [row["text"]]
        if list(contents) == [one.replace("\r\n", "\n").replace("\r", "\n") for one in before]:
            return dataclasses.replace(stand, editing=False, message="Nothing was changed.")
        edit: dict[str, Any] = {"text": contents[0]}
        if messages:
            edit = {
                "messages": [{"role": old["role"], "content": new} for old, new in zip(messages, contents, strict=True)]
            }
        kept, message = self._keep(stand, who, lambda old: dataclasses.replace(old, choice="edit", **edit))
        return dataclasses.replace(stand, editing=not kept, message=message)

    def _keep(self, stand: Stand, who: str, change: Callable[[Decision], Decision]) -> tuple[bool, str]:
        """What this reviewer said so far of the open document, changed; whether it was kept, and what to tell."""
        row = self.row(stand)
        if row is None:
            return False, "No document is open."
        said = next((one for one in self.reviews.of(row["id"]) if one.who == who.strip()), None)
        old = said or Decision(row["id"], who, "")
        seen = content_digest(row["text"], folio.messages_of(row))
        decision = dataclasses.replace(change(old), seen=seen)
        if decision.choice != "edit":
            decision = dataclasses.replace(decision, text=None, messages=None)
        try:
            self.reviews.decide(decision)
        except SikuError as error:
            return False, told(error)
        what = decision.choice or ("comment" if decision.comment else "nothing any more")
        return True, f"{row['id']}: {what}, kept as of {who.strip()}"

    def ids(self, state: str, who: str) -> tuple[frozenset[str] | None, bool]:
        """Which documents are in a state of review, and whether it is all others that are meant.

        >>> desk.ids("not by me yet", "wang")
        (frozenset({"3f2a-0012"}), True)
        """
        decided = by_document(self.reviews.newest())
        match state:
            case "":
                return None, False
            case "nobody yet":
                return frozenset(decided), True
            case "not by me yet":
                mine = (name for name, some in decided.items() if any(one.who == who.strip() for one in some))
                return frozenset(mine), True
            case "commented":
                return frozenset(name for name, some in decided.items() if any(one.comment for one in some)), False
            case "reviewers differ":
                return frozenset(name for name, some in decided.items() if len({one.choice for one in some}) > 1), False
        return frozenset(name for name, some in decided.items() if any(one.choice == state for one in some)), False


STATES = ("", "nobody yet", "not by me yet", "accept", "reject", "edit", "commented", "reviewers differ")


def _read(stand: Stand) -> Stand:
    """The stand with a document in view, neither edited nor whole."""
    panel = "Text" if stand.panel == "Reviewers" else stand.panel
    return dataclasses.replace(stand, panel=panel, whole=False, editing=False, message="")


def told(error: SikuError) -> str:
    return ". ".join(part for part in (error.what, error.why, error.next) if part)
