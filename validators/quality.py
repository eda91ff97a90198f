"""Is this text worth learning from?  Broken, foreign, repeated, listed and cut-off text is refused, with figures."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal, NamedTuple

from validators.characters import HAN
from validators.errors import SikuError, nearest
from validators.language import detect_language
from validators.measures import (
    Kind,
    code_share,
    code_units,
    is_varied,
    kind_table,
    labels,
    log_share,
    marks_in_numbers,
    repetition,
    teaser_share,
)
from validators.step import Check, Verdict

if TYPE_CHECKING:
    from validators.measures import Kinds, Units


GenreName = Literal["auto", "web", "novel", "classical", "poetry"]


class Genre(NamedTuple):
    """Where the genres differ; every other limit is the same for all of them, and a field of `Quality`."""

    needs_sentences: bool  # refuse navigation bars, lists of headlines, words side by side
    max_teaser_share: float  # lines that were cut short with … or with a link to the rest
    max_repeated_share: float  # runs of eight Han characters that came before
    min_distinct_share: float  # different runs of four Han characters, within 256
    max_stuffing: float  # share of the most frequent pair, divided by the distinct share
    min_common_share: float  # Han characters of level 1 of GB 2312 or Big5
    min_plain_share: float  # Han characters that any Chinese text is full of


GENRES = {
    "web": Genre(True, 0.6, 0.5, 0.5, 0.10, 0.80, 0.10),
    "novel": Genre(False, 0.7, 0.5, 0.5, 0.10, 0.80, 0.08),
    "classical": Genre(False, 0.7, 0.5, 0.5, 0.10, 0.65, 0.05),  # rare characters, calendars, omens, prescriptions
    "poetry": Genre(False, 0.8, 0.65, 0.4, 0.40, 0.65, 0.03),  # refrains and parallel verses
}

# What tells the rules apart from their neighbours; nobody needs to turn these. Shares are of the Han characters.
_NAMES = {"ja": "Japanese", "ko": "Korean"}
_DAMAGE = ("锟斤拷", "烫烫烫", "屯屯屯")  # U+FFFD as UTF-8 read as GBK; memory that C filled with 0xCC and 0xCD
_BROKEN_PLAIN_SHARE = 0.05  # with fewer plain characters than this and fewer common ones than that, text is mojibake;
_UNBROKEN_COMMON_SHARE = 0.9  # with more common ones it is a list of names
_MIN_RARE_HAN = 6
_MIN_DIGITS_OF_LOG = 0.03
_MIN_LOG_BREAKS = 4
_MIN_ASCII_OF_CODE = 0.12
_ONE_SENTENCE = 0.35  # distinct runs: below, the text is not about one word but is one sentence
_MIN_KEYWORDS = 6
_MORE_KEYWORDS = 4  # beyond the share that is allowed: a short text may be about one thing
_MIN_HAN_OF_LIST = 40
_CHOPPED_HAN_PER_MARK = 3.5  # with so many marks, twice as many plain characters are asked for
_USUAL_HAN_PER_MARK = 15
_MAX_LINK_CHARS = 8
_MAX_HAN_PER_STOP = 300
_PROSE_PLAIN_SHARE = 0.25  # a review without a single full stop has more
# Asked only where 。！？… are scarce: a full stop of ASCII, and a quotation or a bracket that closes a line.
_OTHER_STOP = re.compile(f"(?<=[{HAN}])(?:[.．]|[”」』）]$)", re.MULTILINE)


def _verdict(check: str, share: float, what: str, limit: float | None = None) -> Verdict:
    return Verdict(check, f"{share:.1%} {what}" + (f", {limit:.0%} are allowed" if limit is not None else ""))


class _Figures:
    """A text and what is known about it; what costs more is measured when a rule first asks for it."""

    def __init__(self, text: str) -> None:
        import numpy

        self.text = text
        self.units = code_units(text)
        self.kinds: Kinds = kind_table().take(self.units)
        self.counts: list[int] = numpy.bincount(self.kinds, minlength=len(Kind)).tolist()
        self.han: int = sum(self.counts[Kind.PLAIN : Kind.RARE + 1])
        self.solid = len(self.units) - self.count(Kind.BLANK, Kind.LINE_BREAK, Kind.LOW_SURROGATE)

    def count(self, *kinds: Kind) -> int:
        total = 0
        for kind in kinds:  # a generator would take three times as long
            total += self.counts[kind]
        return total

    def share(self, *kinds: Kind) -> float:
        """How much of the text, blanks aside, is of these kinds."""
        return self.count(*kinds) / max(self.solid, 1)

    def han_share(self, *kinds: Kind) -> float:
        """How much of the Han characters is of these kinds."""
        return self.count(*kinds) / max(self.han, 1)

    def han_units(self) -> Units:
        """The Han characters alone, one after another."""
        from numpy import uint8

        return self.units.compress(self.kinds - uint8(Kind.PLAIN) <= Kind.RARE - Kind.PLAIN)  # lower kinds wrap around


def _is_unit(pair: str, text: str) -> bool:
    """Whether two characters mostly count something: `356.8万人`, `20元`."""
    counted = len(re.findall(f"[0-9０-９] ?{pair}", text))
    return 2 * counted > text.count(pair)


@dataclass(frozen=True, kw_only=True)
class Quality(Check):
    """Refuses text that no model should learn from; the first rule that applies is named, cheap rules come first.

    Shares are of all characters but blanks, unless a comment says otherwise.
    """

    version: ClassVar[int] = 1

    genre: GenreName = "auto"  # auto: by the text, and never web
    min_chars: int = 20
    min_han_share: float = 0.30
    max_damage_share: float = 0.005  # U+FFFD, private use and control characters, 锟斤拷; two are always forgiven
    max_western_share: float = 0.10  # letters of the upper half of Latin-1
    max_symbol_share: float = 0.25
    max_bracket_share: float = 0.20
    max_digit_share: float = 0.50
    max_punctuation_share: float = 0.60  # with brackets, signs and symbols
    max_code_share: float = 0.50
    max_log_share: float = 0.50  # lines that came before when their digits are left out
    max_label_share: float = 0.70  # of the Han characters: pieces without any punctuation

    def __post_init__(self) -> None:
        if self.genre != "auto" and self.genre not in GENRES:
            raise SikuError(
                f"Quality knows no genre {self.genre!r}",
                where="step Quality, field genre",
                why=nearest(self.genre, ["auto", *GENRES]),
            )

    def __call__(self, text: str) -> Verdict | None:
        chars = len(text.strip())
        if chars < self.min_chars:
            return Verdict("too short", f"{chars} characters, {self.min_chars} are needed")
        figures = _Figures(text)
        if self.genre != "auto":
            return self._judge(figures, GENRES[self.genre])
        # A novel is allowed the least: what passes as one need not be looked at to guess its genre.
        verdict = self._judge(figures, GENRES["novel"])
        return verdict and self._judge(figures, GENRES[guess_genre(text)])

    def _judge(self, figures: _Figures, genre: Genre) -> Verdict | None:
        return (
            self._broken(figures)
            or self._foreign(figures)
            or self._logs(figures)
            or self._unworded(figures)
            or self._rare(figures, genre)
            or self._code(figures)
            or self._repeated(figures, genre)
            or self._teasers(figures, genre)
            or self._listed(figures, genre)
            or (self._unconnected(figures) if genre.needs_sentences else None)
        )

    def _broken(self, figures: _Figures) -> Verdict | None:
        damaged = figures.count(Kind.REPLACEMENT, Kind.PRIVATE, Kind.CONTROL)
        # One character is looked for at three times the speed of three.
        damaged += sum([len(sign) * figures.text.count(sign) for sign in _DAMAGE if sign[0] in figures.text])
        if damaged > 2 and damaged > self.max_damage_share * figures.solid:
            return _verdict("broken encoding", damaged / figures.solid, "of the characters stand for lost ones")
        western = figures.share(Kind.WESTERN)
        if western > self.max_western_share:
            return _verdict("broken encoding", western, "of the characters are letters of Latin-1")
        return None

    def _foreign(self, figures: _Figures) -> Verdict | None:
        syllables = figures.count(Kind.KANA, Kind.HANGUL)
        # A comma of full width outweighs one: where they are as many, Han text is Chinese, and no table need be made.
        if syllables > 1 and (syllables > figures.text.count("，") or not figures.han):
            language = detect_language(figures.text)
            if language.lang in _NAMES:
                share = figures.share(Kind.KANA, Kind.HANGUL)
                return _verdict(
                    "other language", share, f"of the characters are kana and Hangul, as in {_NAMES[language.lang]}"
                )
        han = figures.han / max(figures.solid, 1)
        if han < self.min_han_share:
            return Verdict(
                "hardly any Han", f"{han:.1%} of the characters are Han, {self.min_han_share:.0%} are needed"
            )
        return None

    def _logs(self, figures: _Figures) -> Verdict | None:
        if figures.share(Kind.DIGIT) < _MIN_DIGITS_OF_LOG or figures.count(Kind.LINE_BREAK) < _MIN_LOG_BREAKS:
            return None
        share = log_share(figures.text)
        if share > self.max_log_share:
            return _verdict("logs", share, "of the lines differ in digits only", self.max_log_share)
        return None

    def _unworded(self, figures: _Figures) -> Verdict | None:
        limits = self.max_symbol_share, self.max_bracket_share, self.max_digit_share, self.max_punctuation_share
        if (figures.solid - figures.han) / max(figures.solid, 1) <= min(limits):  # all of them are not so many
            return None
        for check, limit, kinds in (
            ("symbols", self.max_symbol_share, (Kind.SYMBOL,)),
            ("brackets", self.max_bracket_share, (Kind.BRACKET,)),
            ("digits", self.max_digit_share, (Kind.DIGIT,)),
            ("punctuation", self.max_punctuation_share, (Kind.SYMBOL, Kind.BRACKET, Kind.SIGN, Kind.STOP, Kind.MARK)),
        ):
            share = figures.share(*kinds)
            if share > limit:
                return _verdict(check, share, f"of the characters are {check}", limit)
        return None

    def _rare(self, figures: _Figures, genre: Genre) -> Verdict | None:
        """Valid characters that nobody writes: text that was decoded with another encoding."""
        common = figures.han_share(Kind.PLAIN, Kind.COMMON)
        lacks_plain = figures.han_share(Kind.PLAIN) < _BROKEN_PLAIN_SHARE and common < _UNBROKEN_COMMON_SHARE
        is_rare = common < genre.min_common_share and (1 - common) * figures.han > _MIN_RARE_HAN
        if is_rare or lacks_plain:
            return Verdict("broken encoding", f"only {common:.1%} of the Han characters are in common use")
        return None

    def _code(self, figures: _Figures) -> Verdict | None:
        if figures.share(Kind.LATIN, Kind.SIGN, Kind.BRACKET, Kind.DIGIT) < _MIN_ASCII_OF_CODE:
            return None
        share = code_share(figures.text)
        return (
            _verdict("code", share, "of the text is lines of code", self.max_code_share)
            if share > self.max_code_share
            else None
        )

    def _repeated(self, figures: _Figures, genre: Genre) -> Verdict | None:
        han = figures.han_units()
        most = genre.max_stuffing + _MORE_KEYWORDS / max(figures.han, 1)
        if is_varied(han, genre.max_repeated_share, genre.min_distinct_share, most):
            return None
        repeated, distinct, pair, pair_share = repetition(han)
        is_stuffed = pair_share / distinct > most and pair_share * figures.han > _MIN_KEYWORDS
        if is_stuffed and distinct > _ONE_SENTENCE and not _is_unit(pair, figures.text):
            return Verdict("keyword stuffing", f"{pair_share:.1%} of all pairs of characters are {pair}")
        if distinct < genre.min_distinct_share:
            return Verdict("repetition", f"only {distinct:.1%} of the runs of four characters are new where they stand")
        if repeated > genre.max_repeated_share:
            return _verdict(
                "repetition", repeated, "of the runs of eight characters came before", genre.max_repeated_share
            )
        return None

    def _teasers(self, figures: _Figures, genre: Genre) -> Verdict | None:
        share = teaser_share(figures.text)
        if share > genre.max_teaser_share:
            return _verdict("teasers", share, "of the lines are cut short", genre.max_teaser_share)
        return None

    def _listed(self, figures: _Figures, genre: Genre) -> Verdict | None:
        """Names, goods and links side by side, with whatever marks between them."""
        plain = figures.han_share(Kind.PLAIN)
        if figures.han < _MIN_HAN_OF_LIST or plain >= 2 * genre.min_plain_share:
            return None
        marks = figures.count(Kind.STOP, Kind.MARK, Kind.BRACKET, Kind.SIGN) - marks_in_numbers(figures.kinds)
        is_chopped = figures.han < _CHOPPED_HAN_PER_MARK * marks
        if plain < genre.min_plain_share * (1 + is_chopped):
            return Verdict("no sentence", f"only {plain:.1%} of the Han characters are such as 的, 不, 之")
        return None

    def _unconnected(self, figures: _Figures) -> Verdict | None:
        """Words and headlines without sentences; where there are marks enough, nobody looks any closer."""
        stops, marks = figures.count(Kind.STOP), figures.count(Kind.STOP, Kind.MARK)
        marks -= figures.text.count("：") + figures.text.count(":")  # 字号：大 中 小
        if (marks - marks_in_numbers(figures.kinds)) * _USUAL_HAN_PER_MARK < figures.han:
            share, mean_chars = labels(figures.units, figures.kinds)
            if share > self.max_label_share:
                check = "navigation bar" if mean_chars <= _MAX_LINK_CHARS else "no sentence"
                return _verdict(
                    check, share, f"of the Han are pieces without punctuation, {mean_chars:.1f} characters each"
                )
        if stops * _MAX_HAN_PER_STOP < figures.han and figures.han_share(Kind.PLAIN) < _PROSE_PLAIN_SHARE:
            stops += len(_OTHER_STOP.findall(figures.text))
            if stops * _MAX_HAN_PER_STOP < figures.han:
                return Verdict("no sentence", f"{stops} ends of sentences among {figures.han} Han characters")
        return None


_SAMPLE_CHARS = 1000
_CLAUSE = re.compile(f"[{HAN}]+")
_VERSE_CHARS = (4, 5, 7)
_MAX_VERSE_LINE_CHARS = 16
_MAX_HAN_PER_SIGH = 40  # 兮, in 楚辞 and 诗经
_QUOTES = '“「『"'
_CLASSICAL = "之乎者也曰矣焉"
_MODERN = "的了着著过過这這们們吗嗎说說很"


def guess_genre(text: str) -> GenreName:
    """`poetry` for lines or clauses of one length, `classical` for the particles of 文言, else `novel`."""
    sample = text[:_SAMPLE_CHARS]
    clauses = [len(clause) for clause in _CLAUSE.findall(sample)]
    if len(clauses) >= 4 and max(map(clauses.count, _VERSE_CHARS)) > 0.6 * len(clauses):
        return "poetry"
    lines = sum(1 for line in sample.split("\n") if line.strip())
    spoken = any(quote in sample for quote in _QUOTES)
    if lines >= 4 and not spoken and sum(clauses) <= _MAX_VERSE_LINE_CHARS * lines:
        return "poetry"
    if sample.count("兮") * _MAX_HAN_PER_SIGH > sum(clauses):
        return "poetry"
    classical, modern = (sum(map(sample.count, particles)) for particles in (_CLASSICAL, _MODERN))
    return "classical" if classical > 2 * modern else "novel"


def check_quality(text: str, domain: GenreName) -> Verdict | None:
    """What `Quality` says of a text of one domain: `web`, `novel`, `classical`, `poetry`, or `auto`.

    >>> print(check_quality("你好。", "web"))
    too short: 3 characters, 20 are needed
    """
    return Quality(genre=domain)(text)


_GOOD_MARKS_PER_HAN = 0.08  # prose has more, a copy that lost its punctuation less
_GOOD_HAN_PER_LINE = 400  # a copy that lost its line breaks has more
_ASCII_MARKS = ",.!?;:"


def quality_score(text: str) -> float:
    """How well a copy of a text came through, from 0 to 1: to choose among near-duplicates, not to refuse.

    Counts, with these weights: characters that were not lost (0.4), usual characters, punctuation, marks of full width,
    lines that end where sentences end, line breaks (0.12 each).
    """
    figures = _Figures(text)
    if not figures.han:
        return 0.0
    damage = figures.share(Kind.REPLACEMENT, Kind.PRIVATE, Kind.CONTROL, Kind.WESTERN)
    marks = figures.count(Kind.STOP, Kind.MARK)
    solid = figures.kinds[figures.kinds != Kind.BLANK]
    last = solid[:-1][(solid[1:] == Kind.LINE_BREAK) & (solid[:-1] != Kind.LINE_BREAK)].tolist()
    last += solid[-1:][solid[-1:] != Kind.LINE_BREAK].tolist()
    ended = sum(1 for kind in last if kind in (Kind.STOP, Kind.MARK, Kind.BRACKET))
    parts = (
        figures.han_share(Kind.PLAIN, Kind.COMMON),
        min(1.0, marks / figures.han / _GOOD_MARKS_PER_HAN),
        1 - min(1.0, sum(map(text.count, _ASCII_MARKS)) / max(marks, 1)),
        ended / max(len(last), 1),
        min(1.0, len(last) * _GOOD_HAN_PER_LINE / figures.han),
    )
    return 0.4 * max(0.0, 1 - 10 * damage) + 0.12 * sum(parts)
