"""The elements and other flat markup of wikitext: comments, `<ref>`, `<nowiki>`, code, formulas, tags, addresses."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from builders.text.wiki_marks import BREAK, NOTHING, decode_entities, mask, raw, unmask, without_raw_marks

_SHOWN_AS_IT_IS = "nowiki pre syntaxhighlight source"
_FORMULA = "math chem ce"
_GONE = (
    "gallery timeline graph score imagemap inputbox categorytree mapframe maplink templatestyles templatedata indicator"
    " charinsert quiz phonos style script includeonly references page-collection hiero chart graph seo dynamicpagelist"
)
_KINDS = {
    name: kind
    for kind, names in (("code", _SHOWN_AS_IT_IS), ("formula", _FORMULA), ("gone", _GONE))
    for name in names.split()
}

# A quotation mark without a partner in its tag is an ordinary character. No part gives back what it has taken.
_ATTRIBUTES = r"""(?:[^>"'<]++|"[^"<\n]*+"|'[^'<\n]*+'|["'])*+"""
_NAMES = "|".join(sorted(_KINDS, key=len, reverse=True))
_ELEMENT = re.compile(
    rf"<(?:!--|(?P<end>/?)(?P<name>ref|{_NAMES})(?=[\s/>])(?P<attributes>{_ATTRIBUTES})>)", re.IGNORECASE
)


_CLOSING_TAGS = {name: re.compile(rf"</{name}\s*>", re.IGNORECASE) for name in _KINDS}


@dataclass(slots=True)
class _Elements:
    """A text being read element by element."""

    text: str
    out: list[str] = field(default_factory=list)
    references: list[int] = field(default_factory=list)  # where each open `<ref>` began, in `out`
    endless: set[str] = field(default_factory=set)  # names that have no closing tag any more

    def end_of(self, name: str, start: int) -> re.Match[str] | None:
        """The closing tag of an element whose content starts there."""
        if name in self.endless:
            return None
        match = _CLOSING_TAGS[name].search(self.text, start)
        if match is None:
            self.endless.add(name)  # looked for once, so that a page of opening tags costs no more than others
        return match

    def comment(self, match: re.Match[str]) -> int:
        end = self.text.find("-->", match.end())
        if end < 0:
            return len(self.text)  # as MediaWiki has it
        end += 3
        starts_line = match.start() == 0 or self.text[match.start() - 1] == "\n"
        return end + 1 if starts_line and self.text[end : end + 1] == "\n" else end

    def reference(self, match: re.Match[str]) -> None:
        if match["end"]:
            if self.references:
                del self.out[self.references.pop() :]
        elif not match["attributes"].endswith("/"):
            self.references.append(len(self.out))

    def element(self, match: re.Match[str]) -> int:
        """Reads an element that is not read further, or passes over a tag without a partner."""
        name = match["name"].lower()
        alone = match["end"] or match["attributes"].endswith("/")
        end = None if alone else self.end_of(name, match.end())
        if end is None:
            self.out.append(NOTHING if name == "nowiki" else "")
            return match.end()
        content = self.text[match.end() : end.start()]
        if _KINDS[name] == "formula":
            self.out.append(raw(mask(" ".join(content.split()))))
        elif name == "nowiki":
            self.out.append(mask(decode_entities(content)) or NOTHING)
        elif _KINDS[name] == "code":
            block = name == "pre" or "\n" in content
            code = _NOWIKI.sub("", content.strip("\n"))
            code = raw(mask(decode_entities(code) if name == "pre" else code))
            self.out.append(f"\n{code}\n" if block else code)
        return end.end()


_NOWIKI = re.compile(r"</?nowiki\s*/?>", re.IGNORECASE)


def resolve_elements(text: str) -> str:
    """The text without comments, references and elements that show no text; code and formulas are protected."""
    if "<" not in text:
        return text
    elements = _Elements(text)
    position = 0
    while match := _ELEMENT.search(text, position):
        elements.out.append(text[position : match.start()])
        if match["name"] is None:
            position = elements.comment(match)
        elif match["name"].lower() == "ref":
            elements.reference(match)
            position = match.end()
        else:
            position = elements.element(match)
    return "".join([*elements.out, text[position:]])


_LINE_TAGS = "p|div|center|blockquote|poem|li|dt|dd|ul|ol|dl|tr|table|caption|h[1-6]|hr|section|noinclude|onlyinclude"
_INLINE_TAGS = (
    "b|i|u|s|em|strong|big|small|sub|sup|span|font|code|tt|kbd|samp|var|del|ins|strike|cite|abbr|dfn|mark|q|bdi|bdo|ruby|rb"
    "|rbc|rtc|td|th|thead|tbody|tfoot|time|data|wbr|a|img|nowiki|ref|references|langconvert|link|meta|translate|tvar|onlyinclude"
)
_TAG = re.compile(
    rf"<(?P<end>/?)(?:(?P<br>br)|(?P<line>{_LINE_TAGS})|(?:{_INLINE_TAGS}|{_NAMES}))(?=[/>]|\s+[A-Za-z'/>_]){_ATTRIBUTES}>",
    re.IGNORECASE,
)
_CODE_TAGS = "code|tt|kbd|samp|var"
_CODE = re.compile(
    rf"<({_CODE_TAGS})(?:\s[^<>]*+)?(?<!/)>((?:[^\n<]++|<(?!/?(?:{_CODE_TAGS})[\s/>]))*+)</\1\s*>", re.IGNORECASE
)
_ALL_EMPHASIS = re.compile(r"\A('{2,5})([^']+)\1\Z")  # quotation marks within code are code
_HIDDEN = re.compile(r"""<(span|div)\s[^<>]*display\s*:\s*none[^<>]*>[^<>]*</\1\s*>|<rp>[^<>]*</rp>""", re.IGNORECASE)
_RUBY_TEXT = re.compile(r"<rt(?:\s[^<>]*)?>([^<>]*)</rt\s*>", re.IGNORECASE)
_POWER = re.compile(r"<sup(?:\s[^<>]*)?>\s*([-+−0-9n()i]{1,12})\s*</sup\s*>", re.IGNORECASE)
_RAISED = str.maketrans("-+−0123456789n()i", "⁻⁺⁻⁰¹²³⁴⁵⁶⁷⁸⁹ⁿ⁽⁾ⁱ")

_SCHEME = r"(?:https?:|ftps?:|irc:|news:|mailto:|tel:|sip:|git:|magnet:)?//|mailto:|news:|tel:"
_ADDRESS = re.compile(
    rf"\[(?:{_SCHEME})(?:\[[0-9a-f:.]++\])?[^\s\[\]<>]*(?:[ \t\u3000]*((?:[^\[\]\n]|\[[^\[\]\n]*+\])*+)\])?",
    re.IGNORECASE,
)

_SWITCH = re.compile(
    "__(?:NOTOC|FORCETOC|TOC|NOEDITSECTION|NEWSECTIONLINK|NONEWSECTIONLINK|NOGALLERY|HIDDENCAT|NOCONTENTCONVERT|NOCC"
    "|NOTITLECONVERT|NOTC|INDEX|NOINDEX|STATICREDIRECT|NOGLOBAL|DISAMBIG|EXPECTUNUSEDCATEGORY|EXPECTUNUSEDTEMPLATE"
    "|EXPECTED_?UNCONNECTED_?PAGE|ARCHIVEDTALK|NOTALK|START|END|[强強无無不静靜隐隱新禁消索目已][\u4e00-\u9fff]{1,8})__",
    re.IGNORECASE,
)


def _tag(match: re.Match[str]) -> str:
    return BREAK if match["br"] or match["line"] else ""


def _code(match: re.Match[str]) -> str:
    code = _ALL_EMPHASIS.sub(r"\2", unmask(without_raw_marks(match[2])))
    return raw(mask(decode_entities(code)))


def resolve_tags(text: str) -> str:
    """The text without HTML tags, external addresses in brackets and behaviour switches; emphasis marks stay."""
    if "<" in text:
        text = _CODE.sub(_code, text)
        text = _HIDDEN.sub("", text)
        text = _RUBY_TEXT.sub(r"（\1）", text)
        text = _POWER.sub(lambda match: match[1].translate(_RAISED), text)
        text = _TAG.sub(_tag, text)
    if "[" in text:
        text = _ADDRESS.sub(lambda match: match[1] or "", text)
    return _SWITCH.sub("", text) if "__" in text else text
