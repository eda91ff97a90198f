"""A chat template: what it makes of a conversation, and what of that is the same for all of the same roles."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import suppress
from functools import lru_cache
from itertools import chain
from typing import Any, NamedTuple, NoReturn

Roles = tuple[str, ...]
_SIGN = "\n \ue0f5{}\ue0f5 \n"  # stands for a message's text while a template is looked at; none is like it


class Frame(NamedTuple):
    """What a template writes before each message of a conversation, and after the last.

    `sure`: it does nothing with the texts but write them down, whatever they are.
    """

    literals: list[str]
    sure: bool

    def around(self, texts: Sequence[str]) -> str:
        """The conversation with these texts."""
        return "".join(chain.from_iterable(zip(self.literals, [*texts, ""], strict=True)))


class ChatTemplate:
    """The chat template of a tokenizer."""

    def __init__(self, tokenizer: Any) -> None:
        from transformers.utils import chat_template_utils

        source = tokenizer.get_chat_template()
        # It has no public name, and what has one copies every message before it renders it, for longer than that takes.
        self._compiled: Any = chat_template_utils._compile_jinja_template(source)
        self._given = {**tokenizer.special_tokens_map, "tools": None, "documents": None}
        self._may_be_sure = _keeps_nothing(self._compiled.environment.parse(source))
        self.frame = lru_cache(maxsize=4096)(self._frame)

    def render(self, messages: Sequence[Any], add_generation_prompt: bool = False) -> str:
        """What `apply_chat_template(messages, tokenize=False)` gives. Raises jinja2.TemplateError where it refuses."""
        return str(self._compiled.render(messages=messages, add_generation_prompt=add_generation_prompt, **self._given))

    def _frame(self, roles: Roles) -> Frame | None:
        """The frame of a conversation of these roles; None where the template does not write every text once, in order.

        Raises jinja2.TemplateError where it refuses them.
        """
        signs = [_SIGN.format(number) for number in range(len(roles))]
        if self._may_be_sure:
            with suppress(Exception):  # of any kind: what fails for these may go well for texts
                literals = self._literals(roles, [_Untouched(sign) for sign in signs], signs)
                return None if literals is None else Frame(literals, sure=True)
        literals = self._literals(roles, signs, signs) or self._literals(roles, signs, [sign.strip() for sign in signs])
        return None if literals is None else Frame(literals, sure=False)

    def _literals(self, roles: Roles, contents: Sequence[Any], signs: Sequence[str]) -> list[str] | None:
        text = self.render([{"role": role, "content": one} for role, one in zip(roles, contents, strict=True)])
        literals: list[str] = []
        for sign in signs:
            before, found, text = text.partition(sign)
            if not found:
                return None
            literals.append(before)
        literals.append(text)
        return None if any(sign in literal for literal in literals for sign in signs) else literals


class _TouchedError(Exception):
    """A template did something with a text that depends on what the text is."""


class _Untouched:
    """A text that can be written down and put beside others, and nothing else: whoever looks at it gets an exception.

    So what a template does with it, it does with every text.
    """

    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        self.text = text

    @property
    def __class__(self) -> Any:  # what `is string` asks for
        return str

    @__class__.setter
    def __class__(self, _: Any) -> None: ...

    def __str__(self) -> str:
        # Templates write by `str(...)` in code of their own; what else makes a text of it, does something with it.
        if sys._getframe(1).f_code.co_filename != "<template>":
            raise _TouchedError
        return self.text

    def __add__(self, other: Any) -> _Untouched:
        return _Untouched(self.text + _plain(other))

    def __radd__(self, other: Any) -> _Untouched:
        return _Untouched(_plain(other) + self.text)

    def __getattr__(self, name: str) -> NoReturn:
        raise _TouchedError


def _plain(other: Any) -> str:
    if type(other) is _Untouched:
        return other.text
    if type(other) is str:
        return other
    raise _TouchedError


def _touched(*_: Any) -> NoReturn:
    raise _TouchedError


for _name in (
    "bool",
    "contains",
    "eq",
    "ne",
    "lt",
    "le",
    "gt",
    "ge",
    "format",
    "getitem",
    "hash",
    "iter",
    "len",
    "mod",
):
    setattr(_Untouched, f"__{_name}__", _touched)
for _name in ("repr", "rmod", "mul", "rmul", "index", "int", "float", "bytes", "reversed"):
    setattr(_Untouched, f"__{_name}__", _touched)


def _keeps_nothing(tree: Any) -> bool:
    """Whether a template has none of the forms that catch what was written, to do something else with it."""
    from jinja2 import nodes

    catching = (nodes.Macro, nodes.AssignBlock, nodes.FilterBlock, nodes.Include, nodes.Import, nodes.FromImport)
    if any(tree.find_all(catching)):
        return False
    # `{% generation %}` is a call of an extension, which gives back what it is given.
    calls = tree.find_all(nodes.CallBlock)
    if not all(isinstance(call.call.node, nodes.ExtensionAttribute) for call in calls):
        return False
    # `"%s" % text` writes a text down where nobody sees it.
    return all(isinstance(one.right, nodes.Const) and type(one.right.value) is int for one in tree.find_all(nodes.Mod))
