"""The text of a page in one variant: the page's own rules first, then script by script."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import cache

from builders.text.script import convert_all
from builders.text.wiki_groups import ConversionGroup, group_replacements, replacements
from builders.text.wiki_marks import CLAUSE, ENDED, HOLE, raw, split_raw
from builders.text.wiki_variants import PageRules, chosen_word
from validators.characters import KANA, opencc_converter, simplified_characters, simplified_only, traditional_only

_SIMPLIFIED = ("zh-cn", "zh-sg", "zh-my", "zh-hans")
_TO_TRADITIONAL = {"zh-tw": "s2tw", "zh-hant": "s2tw", "zh-hk": "s2hk", "zh-mo": "s2hk"}
_CLAUSE_END = re.compile("(?<=[，。；：、！？（）「」『』《》“”])")


@cache
def _traditional() -> re.Pattern[str]:
    return re.compile(f"[{''.join(sorted(traditional_only()))}]")


@cache
def _simplified() -> re.Pattern[str]:
    return re.compile(f"[{''.join(sorted(simplified_only()))}]")


_KANA = re.compile(f"[{KANA}]")


def convert_page(text: str, variant: str, page: PageRules, groups: Mapping[str, ConversionGroup]) -> str:
    """The text in a variant; pieces between the marks of `raw` stay as they are, and the marks go."""
    if page.rules or page.groups:
        text = _apply_rules(text, variant, page, groups)
    pieces = split_raw(text)
    joined = HOLE.join(pieces[::2])
    convert = _to_simplified if variant in _SIMPLIFIED else _to_traditional
    converted = convert(joined, variant).split(HOLE)
    pieces[::2] = converted
    return "".join(pieces)


def convert_title(title: str, variant: str, page: PageRules, groups: Mapping[str, ConversionGroup]) -> str:
    """What the page is called in a variant: what it says itself, or its title by its rules."""
    if page.title is None:
        return convert_page(title, variant, page, groups) if title else ""
    word, suits = chosen_word(page.title, variant)
    return word if suits else convert_page(word, variant, page, groups)


def _apply_rules(text: str, variant: str, page: PageRules, groups: Mapping[str, ConversionGroup]) -> str:
    """The rules of the page and its groups; a rule that ends counts for the page up to there."""
    of_groups = group_replacements(page.groups, groups, variant, text)
    if not page.ended:
        return _replace(text, variant, of_groups | replacements(page.rules, variant))
    parts = _OWN_LINE.sub(ENDED, text).split(ENDED)
    if len(parts) != len(page.ended) + 1:  # a mark went with a section, so it cannot be told which ones are left
        parts = ["".join(parts)]
    tables = (of_groups | replacements(page.at(place), variant) for place in range(len(parts)))
    return "".join([_replace(part, variant, table) for part, table in zip(parts, tables, strict=True)])


_FEW = 40  # words, which are faster found one by one than by a search that has to be built
_OWN_LINE = re.compile(f"\n++{ENDED}(?=\n)")


def _replace(text: str, variant: str, table: dict[str, str]) -> str:
    """The longest word first; what is put in is final."""
    if len(table) < _FEW:
        table = {word: new for word, new in table.items() if word in text}
    if not table:
        return text
    wrong_script = _traditional() if variant in _SIMPLIFIED else _simplified()
    pieces = split_raw(text)
    pieces[::2] = _replaced(pieces[::2], table, lambda new: new if wrong_script.search(new) else raw(new))
    pieces[1::2] = map(raw, pieces[1::2])
    return "".join(pieces)


def _replaced(pieces: list[str], table: dict[str, str], final: Callable[[str], str]) -> list[str]:
    if len(table) == 1:
        [(word, new)] = table.items()
        new = final(new)
        return [piece.replace(word, new) for piece in pieces]
    from ahocorasick_rs import AhoCorasick, MatchKind

    search = AhoCorasick(list(table), matchkind=MatchKind.LeftmostLongest)
    words = list(table.values())
    replaced = []
    for piece in pieces:
        done = 0
        parts: list[str] = []
        for index, start, end in search.find_matches_as_indexes(piece):
            parts += piece[done:start], final(words[index])
            done = end
        replaced.append("".join([*parts, piece[done:]]))
    return replaced


def _to_simplified(text: str, variant: str) -> str:
    """Simplified script; a line of both is cut where the script changes, since t2s spoils words of simplified text."""
    traditional, simplified = _traditional(), _simplified()
    if not traditional.search(text):
        return text
    lines: list[str] = []
    by_words: list[int] = []  # the places of lines that are traditional
    by_characters: list[int] = []  # and of those that are so in part
    for line in text.split("\n"):
        if not traditional.search(line):
            lines.append(line)
        elif not simplified.search(line) and not _KANA.search(line):
            by_words.append(len(lines))
            lines.append(line)
        else:
            for script, piece in _pieces_of_one_script(line):
                if script == _TRADITIONAL or (script == _BOTH and _is_traditional(piece)):
                    by_words.append(len(lines))
                elif script == _BOTH:
                    by_characters.append(len(lines))
                lines.append(piece + CLAUSE)
            lines.append("")
    if by_words:
        converted = convert_all("\n".join([lines[place] for place in by_words]), "auto").split("\n")
        for place, line in zip(by_words, converted, strict=True):
            lines[place] = line
    table = simplified_characters()
    for place in by_words + by_characters:  # of the former what OpenCC leaves
        if traditional.search(lines[place]):
            lines[place] = traditional.sub(lambda match: table.get(match[0], match[0]), lines[place])
    return "\n".join(lines).replace(f"{CLAUSE}\n", "")


_TRADITIONAL, _SIMPLIFIED_ONLY, _BOTH, _WITH_KANA = 1, 2, 3, 4


def _is_traditional(piece: str) -> bool:
    """Whether a piece with characters of both scripts is converted by words: not for a single one."""
    return len(_traditional().findall(piece)) > max(1, len(_simplified().findall(piece)))


def _pieces_of_one_script(line: str) -> list[tuple[int, str]]:
    """The line cut where the script changes; a clause that tells nothing goes with the one before."""
    is_traditional, is_simplified = _traditional().search, _simplified().search
    is_kana = _KANA.search if _KANA.search(line) else None
    pieces: list[tuple[int, str]] = []
    begin = end = last = 0
    for clause in _CLAUSE_END.split(line):
        script = _TRADITIONAL if is_traditional(clause) else 0
        if is_simplified(clause):
            script += _SIMPLIFIED_ONLY
        if is_kana and is_kana(clause):
            script += _WITH_KANA
        if script and script != last:
            if last:
                pieces.append((last, line[begin:end]))
                begin = end
            last = script
        end += len(clause)
    return [*pieces, (last, line[begin:])]


def _to_traditional(text: str, variant: str) -> str:
    """Traditional script for the lines and clauses that are simplified."""
    if not _simplified().search(text):
        return text
    converter = opencc_converter(_TO_TRADITIONAL[variant])
    page_is_simplified = len(_simplified().findall(text)) >= len(_traditional().findall(text))
    lines = text.split("\n")
    for place, line in enumerate(lines):
        simplified, traditional = len(_simplified().findall(line)), len(_traditional().findall(line))
        if traditional > simplified or (simplified == traditional and not page_is_simplified):
            if simplified:
                clauses = _CLAUSE_END.split(line)
                lines[place] = "".join(
                    [converter.convert(clause) if _simplified().search(clause) else clause for clause in clauses]
                )
        elif not _KANA.search(line):
            lines[place] = converter.convert(line)
    return "\n".join(lines)
