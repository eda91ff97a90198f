"""The one scan over the brackets of wikitext: templates, links, variants, tables; a stack, so the time is linear."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from builders.text.wiki_marks import BAR, LOST, NOTHING, without_raw_marks
from builders.text.wiki_names import CATEGORY_NAMESPACES, FILE_NAMESPACES, OTHER_LANGUAGES, OTHER_PROJECTS
from builders.text.wiki_templates import show_template
from builders.text.wiki_variants import PageRules, chosen_word, parse_rule, show_variant

# Every branch begins with one character, so `re` skips what is none of them. Brackets without others in them, as most
# are, make one token. `-{{lang|…}}` is a hyphen and a template, `-{{{lang|…}}…}-` a variant that begins with one. After
# braces a hyphen may end a variant or, in `}}-{`, begin one; the first of three `]` may be the end of an address.
_NO_BRACKETS = r"[^{}\[\]]*+"
_TOKEN = re.compile(
    rf"(-\{{(?:(?!\{{){_NO_BRACKETS}\}}-|(?!\{{(?!\{{)))|\{{\{{(?:(?!\{{){_NO_BRACKETS}\}}\}}(?!\}})|\{{*)"
    rf"|\}}\}}+(?:-(?:\{{(?!\{{(?!\{{)))?)?|\}}-|\[\[(?:(?!\[){_NO_BRACKETS}\]\])?|\]\](?:\](?!\]))?"
    r"|\n[ \t:*#;]*\{\|(?!\})|\n[ \t]*\|\}(?!\}))"
)
_TEMPLATE, _ARGUMENT, _LINK, _VARIANT, _TABLE = range(5)
_WHOLE = {"{": _TEMPLATE, "[": _LINK, "-": _VARIANT}

_MAX_DEPTH = 60  # MediaWiki gives up at 40; what is deeper goes, so that a text of brackets costs no more than others
_MAX_BRACES = 40


_LOST = re.compile(rf"{LOST}[^\n]*(?:\n[ \t]*\|[^\n]*)*")


def resolve_brackets(wikitext: str, variant: str, page: PageRules, title: str = "") -> str:
    """The text with all templates, links, variants and tables resolved; their rules are added to the page's.

    Brackets without a partner go, and so does what cannot be shown without it.
    """
    scan = _Scan(variant, page, title)
    pieces = _TOKEN.split(f"\n{wikitext}")
    scan.out.append(pieces[0])
    for token, text in zip(pieces[1::2], pieces[2::2], strict=True):
        scan.token(token)
        scan.out.append(text)
    while scan.kinds:
        scan.give_up()
    text = "".join(scan.out)
    return _LOST.sub("", text) if LOST in text else text


@dataclass(slots=True)
class _Scan:
    """What has been read, as pieces, and the brackets that are open in it."""

    variant: str
    page: PageRules
    title: str
    out: list[str] = field(default_factory=list)
    kinds: list[int] = field(default_factory=list)
    starts: list[int] = field(default_factory=list)  # of the content of each open bracket, in `out`
    open: list[int] = field(default_factory=lambda: [0] * 5)  # how many of each kind

    def token(self, token: str) -> None:
        first = token[0]
        if first in _WHOLE and len(token) > 3 and token[-1] != "{":
            self.show(_WHOLE[first], token[2:-2])
        elif first == "[":
            self.push(_LINK)
        elif first == "]":
            self.close_link(len(token) == 3)
        elif first == "{":
            self.open_braces(len(token))
        elif first == "-":
            self.push(_VARIANT)
        elif first == "}":
            hyphen = self.close_braces(token.count("}"), "-" in token)
            if token[-1] == "{" and hyphen:
                self.push(_VARIANT)
            elif token[-1] == "{" or hyphen:
                self.out.append(token[-1])
        elif token[-1] == "|":
            self.push(_TABLE)
        elif not self.close_across(_TABLE, (_TEMPLATE, _ARGUMENT)):
            self.out.append(token[:-1])  # `|}` in a template that ends in an empty argument

    def push(self, kind: int) -> None:
        self.kinds.append(kind)
        self.starts.append(len(self.out))
        self.open[kind] += 1

    def open_braces(self, count: int) -> None:
        if count > _MAX_BRACES:
            return
        odd = count % 2
        for _ in range((count - 3 * odd) // 2):
            self.push(_TEMPLATE)
        if odd:
            self.push(_ARGUMENT)

    def close_link(self, has_third: bool) -> None:
        """`]]`, or `]]]`: then one of them is text, the first one where it has a partner in the link."""
        first = False
        if has_third and self.kinds and self.kinds[-1] == _LINK:
            content = "".join(self.out[self.starts[-1] :])
            first = content.rfind("[") > content.rfind("]")
        if first:
            self.out.append("]")
        if self.kinds and self.kinds[-1] == _LINK:
            self.close()
        else:
            self.close_across(_LINK, (_TEMPLATE, _ARGUMENT, _TABLE))
        if has_third and not first:
            self.out.append("]")

    def close_braces(self, count: int, dash: bool) -> bool:
        """Closes what a run of `}` can close, from the innermost bracket outwards; whether the dash is left over."""
        while count:
            top = self.kinds[-1] if self.kinds else -1
            if dash and top == _VARIANT:
                self.out.append("}" if count == 2 else "")
                self.close()
                return False
            if top == _TABLE and count > 2 and self.out[-1].endswith("|"):
                self.close()
                count -= 1
            elif top == _ARGUMENT and count > 2:
                self.close()
                count -= 3
            elif count >= 2 and (self.open[_TEMPLATE] or self.open[_ARGUMENT]):
                self.close_template()
                count -= 2
            else:
                break
        if count == 1 and dash:
            self.close_across(_VARIANT, (_TEMPLATE, _ARGUMENT, _TABLE))
            return False
        if count == 1:
            self.out.append("}")
        return dash

    def close_template(self) -> None:
        while self.kinds[-1] not in (_TEMPLATE, _ARGUMENT):
            self.give_up()
        if self.kinds[-1] == _ARGUMENT:  # three braces opened, two close: a brace and a template
            self.kinds[-1] = _TEMPLATE
            self.open[_ARGUMENT] -= 1
            self.open[_TEMPLATE] += 1
        self.close()

    def close(self) -> None:
        """Closes the innermost open bracket; what it shows takes the place of its content."""
        kind, start = self.kinds.pop(), self.starts.pop()
        self.open[kind] -= 1
        content = "".join(self.out[start:]) if len(self.kinds) < _MAX_DEPTH else ""
        del self.out[start:]
        self.show(kind, content)

    def show(self, kind: int, content: str) -> None:
        """What a bracket with this content shows."""
        if len(self.kinds) >= _MAX_DEPTH:
            return
        if kind == _LINK:
            shown = show_link(content)
        elif kind == _TEMPLATE:
            shown = show_template(content, self.page, self.title)
        elif kind == _VARIANT:
            shown = show_variant(content, self.variant, self.page)
        elif kind == _ARGUMENT:
            shown = content.partition("|")[2]
        else:
            shown = "\n"
        if shown:
            self.out.append(shown.replace("|", BAR) if self.kinds else shown)
        elif self.out[-1].endswith("''"):
            self.out.append(NOTHING)

    def give_up(self) -> None:
        """The innermost open bracket is never closed: what can be shown of it is text."""
        kind, start = self.kinds.pop(), self.starts.pop()
        self.open[kind] -= 1
        if start < len(self.out):
            self.out[start] = _without_end(kind, self.out[start], self.variant)

    def close_across(self, kind: int, stronger: tuple[int, ...]) -> bool:
        """Closes the innermost bracket of a kind and gives up those within it, unless one of them is stronger."""
        if not self.open[kind]:
            return False
        for inner in reversed(self.kinds):
            if inner == kind:
                break
            if inner in stronger:
                return False
        while self.kinds[-1] != kind:
            self.give_up()
        self.close()
        return True


def _is_hidden(target: str) -> bool:
    """Whether a link to this page shows nothing: files, categories, other languages."""
    prefix, colon, _ = target.partition(":")
    if not colon:
        return False
    prefix = without_raw_marks(prefix).strip().lower().replace(" ", "_")
    return prefix in FILE_NAMESPACES or prefix in CATEGORY_NAMESPACES or prefix in OTHER_LANGUAGES


_PIPE_TRICK = re.compile(
    r"^\s*:?(?:[^:：]{1,20}[:：](?=\S))?(.*?)\s*(?:[(（][^()（）]*[)）]|[,，、].*)?\s*$", re.DOTALL
)
_ADDRESS = re.compile(r"\s*(?:https?|ftp)://\S*\s*", re.IGNORECASE)


def show_link(content: str) -> str:
    """What `[[content]]` shows.

    >>> show_link("元朝|元代"), show_link("Category:北京"), show_link(":Category:北京")
    ('元代', '', 'Category:北京')
    """
    target, bar, text = content.partition("|")
    if ":" in target:
        visible = target.lstrip().startswith(":")
        if not visible and _is_hidden(target):
            return ""
        if not visible and not bar and target.partition(":")[0].strip().lower() in OTHER_PROJECTS:
            return ""
        if visible:
            target = target.lstrip()[1:]
        elif "//" in target:
            return _ADDRESS.sub("", target) + text
    if text.strip():
        return text
    if bar and (match := _PIPE_TRICK.match(target)):
        return match[1] or target.strip()
    return target.strip(" ")


_RULE_HEAD = re.compile(r"[A-Za-z;+ -]{0,20}\|")


def _without_end(kind: int, text: str, variant: str) -> str:
    """What is shown of a bracket that has no end, given the text right after it."""
    if kind == _TABLE:
        return f"\n{LOST}{text}"
    if kind in (_TEMPLATE, _ARGUMENT) or (kind == _LINK and _is_hidden(text)):
        return LOST + text
    head, line_end, rest = text.partition("\n")
    if kind == _LINK:
        return head.partition("|")[2] + line_end + rest if "|" in head else text
    head = _RULE_HEAD.sub("", head, count=1) if _RULE_HEAD.match(head) else head
    rule = parse_rule(head)
    return (chosen_word(rule, variant)[0] if rule else head) + line_end + rest
