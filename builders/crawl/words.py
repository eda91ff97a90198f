"""The words whose entries are fetched: from a Sogou cell lexicon (.scel) or a text file."""

from __future__ import annotations

from pathlib import Path

from builders.sources.inputs import UnreadableError, read_file
from builders.text.decode import decode, looks_binary
from validators.errors import SikuError

MAX_WORD_CHARS = 100
MAX_LIST_MB = 256


def read_words(path: Path) -> tuple[list[str], list[str]]:
    """Words in the order of the file, each once; and what was odd about the list. Raises SikuError if it is none.

    A text file, in any encoding, has one word a line; what follows a tab (a frequency, a pinyin) is not part of it,
    and `#` in front makes a comment.
    """
    try:
        raw = read_file(path, MAX_LIST_MB, "max_list_mb")
    except UnreadableError as error:
        raise _no_list(path, str(error)) from error
    notes: list[str] = []
    if path.suffix.lower() == ".scel":
        from builders.sources.scel import parse_scel

        lexicon = parse_scel(raw)
        if lexicon.error == "not_scel":
            raise _no_list(path, "it is no Sogou cell lexicon")
        if lexicon.error:
            notes.append(f"word list is {lexicon.error}: the words in its whole part were taken")
        found = list(lexicon.words)
    else:
        if reason := looks_binary(raw):
            raise _no_list(path, reason)
        lines = (line.partition("\t")[0].strip() for line in decode(raw).text.split("\n"))
        found = [line for line in lines if not line.startswith("#")]
    words = [word for word in dict.fromkeys(found) if _is_word(word)]
    if not words:
        raise _no_list(path, "there is no word in it")
    if odd := len([word for word in set(found) if word and not _is_word(word)]):
        notes.append(f"no words: {odd:,} lines are over {MAX_WORD_CHARS} characters long or hold control characters")
    return words, notes


def _is_word(word: str) -> bool:
    return 0 < len(word) <= MAX_WORD_CHARS and word.isprintable()


def _no_list(path: Path, why: str) -> SikuError:
    return SikuError("no word list", where=str(path), why=why, next="--words FILE.scel or FILE.txt, one word a line")
