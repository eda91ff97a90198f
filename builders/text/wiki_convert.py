"""The text of a page in one variant: the page's own rules first, then script by script."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache

from builders.text.script import to_simplified
from builders.text.wiki_groups import ConversionGroup, group_replacements, held_by, replacements
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
        return convert_page(title, variant, page, groups)
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


_OWN_LINE = re.compile(f"\n++{ENDED}(?=\n)")


def _replace(text: str, variant: str, table: dict[str, str]) -> str:
    """The longest word first; what is put in is final."""
    table = held_by(text, table)
    if not table:
        return text
    search = re.compile("|".join(map(re.escape, sorted(table, key=len, reverse=True))))
    wrong_script = _traditional() if variant in _SIMPLIFIED else _simplified()

    def replace(match: re.Match[str]) -> str:
        new = table[match[0]]
        return new if wrong_script.search(new) else raw(new)

    pieces = split_raw(text)
    pieces[::2] = [search.sub(replace, piece) for piece in pieces[::2]]
    pieces[1::2] = map(raw, pieces[1::2])
    return "".join(pieces)


def _to_simplified(text: str, variant: str) -> str:
    """Simplified script; a line of both is cut where the script changes, since t2s spoils words of simplified text."""
    traditional, simplified = _traditional(), _simplified()
    if not traditional.search(text):
        return text
    lines = text.split("\n")
    for place, line in enumerate(lines):
        if traditional.search(line) and (simplified.search(line) or _KANA.search(line)):
            lines[place] = f"{CLAUSE}\n".join(_pieces_of_one_script(line))
    text = to_simplified("\n".join(lines), "auto", traditional_around=True)
    if traditional.search(text):  # clauses with more simplified characters than traditional ones
        table = simplified_characters()
        lines = [
            line if _KANA.search(line) else traditional.sub(lambda match: table.get(match[0], match[0]), line)
            for line in text.split("\n")
        ]
        text = "\n".join(lines)
    return text.replace(f"{CLAUSE}\n", "")


def _pieces_of_one_script(line: str) -> list[str]:
    """The line cut where the script changes; a clause that tells nothing goes with the one before."""
    is_traditional, is_simplified = _traditional().search, _simplified().search
    is_kana = _KANA.search if _KANA.search(line) else None
    pieces: list[str] = []
    begin = end = last = 0
    for clause in _CLAUSE_END.split(line):
        script = (is_traditional(clause) is not None) + 2 * (is_simplified(clause) is not None)
        if is_kana and is_kana(clause):
            script += 4
        if script and script != last:
            if last:
                pieces.append(line[begin:end])
                begin = end
            last = script
        end += len(clause)
    return [*pieces, line[begin:]]


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
