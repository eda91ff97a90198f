"""A push: look, send what the Hub lacks, one commit, then the tag; whatever breaks, the same command goes on."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from builders.engine.progress import Progress
from builders.publish.hub.parcel import REFUSED, Difference, Parcel
from builders.publish.hub.remote import NETWORK, ConflictError, Remote, RemoteState
from validators.errors import SikuError

CONFLICTS = 3  # looks at a repository that others change meanwhile
GROUP_FILES, GROUP_BYTES = 64, 256_000_000  # given to Xet together


@dataclass(frozen=True)
class Pushed:
    """What `push --json` prints."""

    repo_id: str
    commit: str
    tag: str
    files_sent: int
    bytes_sent: int
    files_unchanged: int
    url: str
    private: bool
    seconds: float

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class Plan:
    """What is about to be done, for a person to agree to."""

    repo_id: str
    url: str
    tag: str
    private: bool
    is_new: bool
    files: int
    bytes: int
    unchanged: int
    gone: Sequence[str]


@dataclass
class Push:
    """One parcel on its way to one repository.

    `private` is None where nobody said: a new repository is private then, and one that is public is refused.
    `agree` raises SikuError where the person does not.
    """

    parcel: Parcel
    remote: Remote
    tag: str
    private: bool | None
    agree: Callable[[Plan], None]
    progress: Progress
    _agreed: bool = False
    _sent: set[str] = field(default_factory=set)

    def run(self) -> Pushed:
        """Push, and tell what was sent. Raises SikuError: 2 wrong use, 3 a tag with other content, 4 the Hub."""
        started = time.monotonic()
        if not self.remote.has_token:
            raise SikuError(
                "the Hub wants a token",
                where=self.remote.url,
                why="HF_TOKEN is not set, and nobody has logged in here",
                next="set HF_TOKEN to one that may write, or `hf auth login`",
                exit_code=NETWORK,
            )
        for _ in range(CONFLICTS):
            try:
                state, commit = self._once()
                break
            except ConflictError:
                self.remote.say("the repository has changed meanwhile: looking again")
        else:
            raise SikuError(
                "others change the repository all the time",
                where=self.remote.url,
                why=f"it was another one each of {CONFLICTS} times between looking and committing",
                next="the same command, when they are done: what was sent is not sent again",
                exit_code=NETWORK,
            )
        return Pushed(
            self.remote.repo_id,
            commit,
            self.tag,
            len(self._sent),
            self._bytes_sent(commit),
            len(self.parcel.files) - len(self._sent),
            self.remote.url,
            state.private,
            round(time.monotonic() - started, 2),
        )

    def _once(self) -> tuple[RemoteState, str]:
        """Look and do what is left to do: the state, and the commit that the tag is at. Raises ConflictError."""
        state = self.remote.state()
        if state is None:
            self._ask(self.private is not False, True, Difference(list(self.parcel.files), []))
            self.remote.create(private=self.private is not False)
            state = self._state_of_new()
        self._check_visibility(state)
        tags = self.remote.tags()
        if self.tag in tags:
            self._check_tagged(tags[self.tag])
            return state, tags[self.tag]
        difference = self.parcel.difference(self.remote.files(state.commit) if state.commit else {})
        commit = state.commit
        if difference:
            self._ask(state.private, False, difference)
            commit = self._send(difference, state.commit)
        self._check_whole(commit)
        self.remote.tag(self.tag, commit)
        return state, commit

    def _state_of_new(self) -> RemoteState:
        state = self.remote.state()
        if state is None:
            raise SikuError(
                "the Hub made the repository and does not show it",
                where=self.remote.url,
                why="the token may write and not read, perhaps",
                next="look at the token on the Hub, then the same command",
                exit_code=NETWORK,
            )
        return state

    def _ask(self, private: bool, is_new: bool, difference: Difference) -> None:
        if not self._agreed:
            changed = difference.changed
            unchanged = len(self.parcel.files) - len(changed)
            size = self.parcel.bytes_of(changed)
            where = (self.remote.repo_id, self.remote.url, self.tag, private, is_new)
            self.agree(Plan(*where, len(changed), size, unchanged, difference.gone))
            self._agreed = True

    def _check_visibility(self, state: RemoteState) -> None:
        """A repository stays as private as it is; nobody publishes by oversight."""
        if state.private or self.private is False:
            if state.private and self.private is False:
                raise SikuError(
                    f"{self.remote.repo_id} is private, and push does not change that",
                    where=self.remote.url,
                    next="make it public in its settings on the Hub, or leave --public out",
                )
            return
        raise SikuError(
            f"{self.remote.repo_id} is public: everybody would see what is pushed",
            where=self.remote.url,
            next="--public, if that is meant; else another repository, or make this one private in its settings",
        )

    def _check_tagged(self, commit: str) -> None:
        if not self.parcel.is_whole_in(self.remote.files(commit)):
            raise SikuError(
                f"the tag {self.tag} of {self.remote.repo_id} holds other content",
                where=f"{self.remote.url}/tree/{self.tag}",
                why="a tag that people load by never changes",
                next="build it under another version (--as), or give this one another tag (--tag)",
                exit_code=REFUSED,
            )

    def _check_whole(self, commit: str) -> None:
        """Never a tag without its whole data, whatever the server did with what it was sent."""
        missing = self.parcel.difference(self.remote.files(commit)).changed
        if missing:
            raise SikuError(
                f"the Hub did not keep {missing[0]} as it was sent; there is no tag",
                where=self.remote.url,
                why=f"{len(missing)} files of the commit {commit[:12]} differ or are missing: a .gitignore, perhaps",
                next="mend that on the Hub, then the same command",
                exit_code=NETWORK,
            )

    def _send(self, difference: Difference, parent: str) -> str:
        additions: list[Any] = []
        self.remote.look_for_xet()
        with self.progress:
            self.progress.start(f"sending to {self.remote.repo_id}", self.parcel.bytes_of(difference.changed))
            for group in self._groups(difference.changed):
                before = self.remote.traffic.sent
                additions += self.remote.upload({path: self.parcel.files[path].content for path in group})
                sent = self.remote.traffic.sent - before
                self.progress.advance(max(0, self.parcel.bytes_of(group) - sent))  # there already, or by Xet
        message = f"siku: {self.parcel.label}"
        self._sent.update(difference.changed)  # before the answer, which may be lost
        return self.remote.commit(additions, difference.gone, parent, message)

    def _groups(self, paths: Sequence[str]) -> Iterator[list[str]]:
        """Xet sends several files at once. By LFS they go one by one: the library's threads would not hear Ctrl-C."""
        group: list[str] = []
        for path in paths:
            is_full = len(group) == GROUP_FILES or self.parcel.bytes_of([*group, path]) > GROUP_BYTES
            if group and (is_full or not self.remote.uses_xet):
                yield group
                group = []
            group.append(path)
        if group:
            yield group

    def _bytes_sent(self, commit: str) -> int:
        """Of files: what went to the storage (by Xet: what it was given), and the small ones within the commit."""
        if not self._sent:
            return self.remote.traffic.sent
        there = self.remote.files(commit)
        small = [path for path in self._sent if not there[path].sha256]
        large = [path for path in self._sent if there[path].sha256] if self.remote.uses_xet else []
        return self.remote.traffic.sent + self.parcel.bytes_of([*small, *large])
