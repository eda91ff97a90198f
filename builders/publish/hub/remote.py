"""A repository on the Hub: every call of `huggingface_hub`, with its tries, waits and errors in one place."""

from __future__ import annotations

import os
import re
import sys
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

from httpx2 import TransportError

from builders.crawl.manners import TryLaterError, back_off_s
from builders.publish.hub.client import Traffic, cause_of, close_client, library, scrub, told, use_client
from validators.errors import SikuError

if TYPE_CHECKING:
    from tenacity import RetryCallState

KIND = "dataset"
NETWORK = 4  # exit code
TRIES = 5
BACKOFF_S = 1.0  # before the second try; doubles, with jitter
PATIENCE_S = 120.0  # the longest wait that a server may ask for
WORDS_CHARS = 300  # of what the Hub says
OWNER_AND_NAME = re.compile(r"[A-Za-z0-9][\w.-]{0,95}/[\w.-]{1,96}", re.ASCII)
T = TypeVar("T")


class ConflictError(Exception):
    """Somebody else changed the repository in between."""


class MissingError(Exception):
    """The Hub has no such repository or revision, or does not show it: `is_revision` tells which."""

    def __init__(self, is_revision: bool) -> None:
        super().__init__("revision" if is_revision else "repository")
        self.is_revision = is_revision


@dataclass(frozen=True)
class RemoteFile:
    """A file of a commit: its SHA-256 where it is stored as a large file, else the id that Git gives its content."""

    bytes: int
    sha256: str
    git_oid: str

    @property
    def digest(self) -> str:
        return self.sha256 or self.git_oid


@dataclass(frozen=True)
class RemoteState:
    """A repository at a revision."""

    commit: str
    private: bool


class Remote:
    """The repository REPO_ID at HF_ENDPOINT with the token of HF_TOKEN or of the Hub's login.

    Its methods raise SikuError (exit code 4) where the Hub refuses or does not answer after `tries`, and ConflictError
    and MissingError as they say. No error holds the token.
    """

    def __init__(self, repo_id: str, on_bytes: Callable[[int], None], tries: int = TRIES, quiet: bool = False) -> None:
        check_repo_id(repo_id)
        from huggingface_hub import HfApi, constants, get_token

        self.repo_id, self.tries, self.quiet = repo_id, tries, quiet
        self._token = get_token()
        self._constants: Any = constants
        self.traffic = Traffic(on_bytes)
        use_client(self.traffic)
        self._api = HfApi(endpoint=constants.ENDPOINT, token=self._token or False)
        self._xet_is_known = False

    @property
    def endpoint(self) -> str:
        return scrub(self._constants.ENDPOINT, self._token)

    @property
    def url(self) -> str:
        return f"{self.endpoint}/datasets/{self.repo_id}"

    @property
    def has_token(self) -> bool:
        return bool(self._token)

    def close(self) -> None:
        close_client()

    # ---------------------------------------------------------------- reading

    def state(self, revision: str | None = None) -> RemoteState | None:
        """The repository at a revision (default: main), None without one. Raises MissingError for a revision."""
        try:
            info = self._ask(
                "looking at it", partial(self._api.repo_info, self.repo_id, repo_type=KIND, revision=revision)
            )
        except MissingError as missing:
            if missing.is_revision:
                raise
            return None
        return RemoteState(info.sha or "", bool(info.private))

    def tags(self) -> dict[str, str]:
        """The commit of every tag."""
        refs = self._of_known("reading its tags", partial(self._api.list_repo_refs, self.repo_id, repo_type=KIND))
        return {tag.name: tag.target_commit for tag in refs.tags}

    def files(self, commit: str) -> dict[str, RemoteFile]:
        """Every file of a commit by its path."""

        def listed() -> list[Any]:
            entries = self._api.list_repo_tree(self.repo_id, recursive=True, revision=commit, repo_type=KIND)
            return [entry for entry in entries if hasattr(entry, "blob_id")]

        found = self._of_known("listing its files", listed)
        return {one.path: RemoteFile(one.size, one.lfs.sha256 if one.lfs else "", one.blob_id) for one in found}

    def download(self, path: str, commit: str, into: Path) -> None:
        """Put a file of a commit below a folder; where the connection breaks within it, it goes on there."""
        from huggingface_hub import hf_hub_download

        place = {"repo_type": KIND, "revision": commit, "local_dir": into, "endpoint": self._constants.ENDPOINT}
        get = partial(hf_hub_download, self.repo_id, path, token=self._token or False, **place)
        self._of_known(f"fetching {path}", lambda: self._without_xet_if_need_be(get))

    # ---------------------------------------------------------------- writing

    def create(self, private: bool) -> None:
        """Make the repository. Raises ConflictError where it is there by now."""
        make = partial(self._api.create_repo, self.repo_id, private=private, repo_type=KIND)
        self._of_known("making it", make)

    def upload(self, files: Mapping[str, Path | bytes]) -> list[Any]:
        """Send the content of files that the Hub keeps as large ones, if it is not there already.

        Returns what `commit` takes: nothing is to be seen in the repository before.
        """
        from huggingface_hub import CommitOperationAdd

        additions = [CommitOperationAdd(path, content) for path, content in files.items()]
        send = partial(
            self._api.preupload_lfs_files, self.repo_id, additions, repo_type=KIND, num_threads=4, free_memory=False
        )
        with warnings.catch_warnings():
            # the library gives its HTTP client files in a way that the client calls old
            warnings.simplefilter("ignore", DeprecationWarning)
            self._of_known(f"sending {additions[0].path_in_repo}", lambda: self._without_xet_if_need_be(send))
        return additions

    def commit(self, additions: Sequence[Any], gone: Sequence[str], parent: str, message: str) -> str:
        """One commit on `parent`, the new one's id. Raises ConflictError where main is not at `parent` any more.

        That may be our own commit, when only its answer was lost: look again.
        """
        from huggingface_hub import CommitOperationDelete

        operations = [*additions, *(CommitOperationDelete(path, is_folder=False) for path in gone)]
        make = partial(self._api.create_commit, self.repo_id, operations, commit_message=message, repo_type=KIND)
        asked_before = False

        def attempt() -> Any:
            nonlocal asked_before
            if asked_before and self._api.repo_info(self.repo_id, repo_type=KIND).sha != parent:
                raise ConflictError
            asked_before = True
            return make(parent_commit=parent or None)

        return str(self._of_known("making the commit", attempt).oid)

    def tag(self, name: str, commit: str) -> None:
        """Give a commit a tag. Raises ConflictError where there is one of this name."""
        put = partial(self._api.create_tag, self.repo_id, tag=name, revision=commit, repo_type=KIND)
        self._of_known(f"putting the tag {name}", put)

    # ---------------------------------------------------------------- Xet

    @property
    def uses_xet(self) -> bool:
        from huggingface_hub.utils._runtime import is_xet_available

        return bool(is_xet_available())

    def look_for_xet(self) -> None:
        """Ask once whether there is Xet to be had: the library takes it for granted, and fails where it is missing."""
        if self._xet_is_known or not self.uses_xet:
            return
        url = f"{self._constants.ENDPOINT}/api/datasets/{self.repo_id}/xet-write-token/main"
        headers = library().build_hf_headers(token=self._token or False)
        answer = self._ask("asking for Xet", lambda: library().get_session().get(url, headers=headers))
        storage = answer.headers.get("x-xet-cas-url", "") if answer.is_success else ""
        try:
            if storage:
                library().get_session().get(storage)  # any answer will do
            else:
                self._do_without_xet(f"{self.endpoint} has no Xet")
        except TryLaterError as error:  # Xet itself would try for many minutes
            self._do_without_xet(f"the storage of Xet, {scrub(storage, self._token)}, is out of reach ({error})")
        self._xet_is_known = True

    def _do_without_xet(self, why: str) -> None:
        self._constants.HF_HUB_DISABLE_XET = True  # the library looks at it before each file
        self._xet_is_known = True
        self.say(f"{why}: files go by LFS")

    def _without_xet_if_need_be(self, call: Callable[[], T]) -> T:
        """The call, and once more by LFS where the storage of Xet cannot be reached; the Hub itself was."""
        try:
            return call()
        except (OSError, RuntimeError, ValueError) as error:  # what Xet raises
            if not self.uses_xet or cause_of(error, TryLaterError, _http_error(), SikuError):
                raise
            self._do_without_xet(f"Xet failed ({scrub(error, self._token)[:WORDS_CHARS]})")
            return call()

    # ---------------------------------------------------------------- asking

    def say(self, line: str) -> None:
        if not self.quiet:
            print(f"note: {line}", file=sys.stderr, flush=True)

    def _ask(self, doing: str, call: Callable[[], T]) -> T:
        """`call()` until it is answered, in bounded time."""
        from tenacity import Retrying, retry_if_exception, stop_after_attempt

        tries = Retrying(
            stop=stop_after_attempt(self.tries),
            wait=partial(back_off_s, BACKOFF_S),
            retry=retry_if_exception(lambda error: isinstance(error, TryLaterError) and error.wait_s <= PATIENCE_S),
            before_sleep=partial(self._tell_wait, doing),
            reraise=True,
        )
        try:
            return tries(lambda: self._understood(doing, call))
        except TryLaterError as error:
            why = scrub(error, self._token)
            if error.wait_s > PATIENCE_S:
                why += f", and it asks to be left alone for {error.wait_s:,.0f} s"
            else:
                why += f" ({self.tries} tries)" if self.tries > 1 else ""
            raise SikuError(
                f"the Hub does not answer: {doing}",
                where=self.url,
                why=why,
                next="later, the same command goes on where it stopped",
                exit_code=NETWORK,
            ) from None

    def _of_known(self, doing: str, call: Callable[[], T]) -> T:
        """`_ask` about a repository and a commit that were there a moment ago."""
        try:
            return self._ask(doing, call)
        except MissingError as missing:
            raise self._error(f"the Hub has no such {missing}: {doing}", "it was there before", "try again") from None

    def _tell_wait(self, doing: str, state: RetryCallState) -> None:
        error = state.outcome.exception() if state.outcome else None
        wait_s = state.next_action.sleep if state.next_action else 0.0
        why = scrub(error, self._token)
        self.say(f"{doing}: {why}; try {state.attempt_number + 1} of {self.tries} in {wait_s:.0f} s")

    def _understood(self, doing: str, call: Callable[[], T]) -> T:
        """`call()`, with what went wrong said in the four kinds of errors that callers know."""
        try:
            return call()
        except (ConflictError, MissingError, SikuError):
            raise
        except Exception as error:
            if later := cause_of(error, TryLaterError):
                raise later from None
            if broken := cause_of(error, TransportError):
                raise TryLaterError(told(broken)) from None
            if isinstance(error, OSError) and error.errno is not None:  # a full disk is not the Hub's fault
                raise
            http = cause_of(error, _http_error())
            raise self._refused(doing, http) if http else self._broken(doing, error) from None

    def _broken(self, doing: str, error: Exception) -> SikuError:
        from huggingface_hub.errors import OfflineModeIsEnabled

        if isinstance(error, OfflineModeIsEnabled):
            return self._error("the Hub cannot be asked", "HF_HUB_OFFLINE is set", "unset HF_HUB_OFFLINE")
        words = f"{type(error).__name__}: {' '.join(scrub(error, self._token).split())}"
        if isinstance(error, ValueError | KeyError | TypeError):  # no JSON, or other JSON than the library looks for
            what, advice = f"what came is no answer of a Hub: {doing}", "look at HF_ENDPOINT and at proxies before it"
            return self._error(what, words[:WORDS_CHARS], advice)
        return self._error(f"it failed: {doing}", words[:WORDS_CHARS], "-v shows more")

    def _refused(self, doing: str, error: Any) -> Exception:
        from huggingface_hub.errors import GatedRepoError, RepositoryNotFoundError, RevisionNotFoundError

        status = error.response.status_code
        words = " ".join(scrub(error.server_message or f"HTTP {status}", self._token).split())[:WORDS_CHARS]
        is_elsewhere = error.response.url.host != urlsplit(self._constants.ENDPOINT).hostname
        if is_elsewhere and status in (400, 403) and doing.startswith(("sending", "fetching")):
            return TryLaterError(
                f"HTTP {status} from the storage"
            )  # its addresses are good for a time; new ones are had
        if status in (409, 412):
            return ConflictError()
        if isinstance(error, RevisionNotFoundError):
            return MissingError(is_revision=True)
        if isinstance(error, RepositoryNotFoundError) and (status == 404 or not self._token):
            return MissingError(is_revision=False)
        if status == 401:
            what = "the Hub does not accept the token" if self._token else "the Hub wants a token"
            return self._error(what, words, f"{self._token_advice()}, then the same command")
        if status == 403 or isinstance(error, GatedRepoError):
            whose = self.repo_id.partition("/")[0]
            advice = f"a token with write access to {whose}: {self._token_advice()}"
            return self._error(f"the Hub does not allow it: {doing}", words, advice)
        return self._error(
            f"the Hub refused: {doing}", f"HTTP {status}: {words}", "see what it says, then the same command"
        )

    def _token_advice(self) -> str:
        return "set HF_TOKEN to a good one" if os.environ.get("HF_TOKEN") else "set HF_TOKEN, or `hf auth login`"

    def _error(self, what: str, why: str, next: str) -> SikuError:
        return SikuError(what, where=self.url, why=why, next=next, exit_code=NETWORK)


def _http_error() -> type[BaseException]:
    from huggingface_hub.errors import HfHubHTTPError

    return HfHubHTTPError


def check_repo_id(repo_id: str) -> None:
    """Raises SikuError (exit code 2) for what is no OWNER/NAME."""
    from huggingface_hub.errors import HFValidationError

    try:
        library().validate_repo_id(repo_id)
        is_one = bool(OWNER_AND_NAME.fullmatch(repo_id))
    except HFValidationError:
        is_one = False
    if not is_one:
        raise SikuError(
            f"{scrub(repo_id, None)[:100]!r} is no repository",
            why="letters, digits and . _ - in both parts, without -- or .. and without an address before it",
            next="OWNER/NAME, as in me/zh",
        )
