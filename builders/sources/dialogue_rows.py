"""Conversations out of rows: JSON values and rows of tables, as published sets write them.

A reader takes one row and returns its conversations as turns with roles; `alternate` puts them in order later.
It raises `UnfitError` for a row that is none.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Literal, NamedTuple, cast

from builders.document import Message

Turns = list[Message]
Unit = Literal["row", "line", "block", "file", "pair"]


class UnfitError(ValueError):
    """Something that is no conversation; the message is a reason for `Quarantined`: a rule, then figures."""


class Format(NamedTuple):
    """How one published format becomes conversations.

    `unit` is the piece of a file that `read` takes: a `row` (a JSON value, or a row of a table), a `line`, a `block`
    between two lines `E`, a whole `file`, or a line of each of a `pair` of files. `fits` says whether a piece looks
    like it; of several formats the first in the table counts. The flat `columns` become turns, the others are metadata.
    """

    unit: Unit
    read: Callable[[Any], list[Turns]]
    fits: Callable[[Any], bool]
    columns: frozenset[str] = frozenset()
    columns_read: Callable[[Any], Iterable[str]] | None = None  # where they depend on the row, in place of `columns`


SYSTEM, USER, ASSISTANT = "system", "user", "assistant"
_ROLES = {
    SYSTEM: ("system",),
    USER: ("user", "human", "usr", "client", "patient", "customer", "seeker", "用户", "患者", "病人", "客户", "求助者"),
    ASSISTANT: (
        *("assistant", "gpt", "chatgpt", "bot", "model", "sys", "counselor", "doctor", "agent", "supporter"),
        *("助手", "医生", "客服", "咨询师", "机器人"),
    ),
}
ROLE_OF = {name: role for role, names in _ROLES.items() for name in names}
_TOOL_ROLES = frozenset({"tool", "function", "function_call", "observation", "tool_call", "tool_response"})
_ROLE_COLUMNS = ("role", "from", "speaker", "sender")
_CONTENT_COLUMNS = ("content", "value", "text", "utterance", "message")
LIST_COLUMNS = ("messages", "conversations", "conversation", "dialogue", "dialog", "turns", "utterances", "content")


def message(role: str, content: str) -> Message:
    return {"role": role, "content": content}


def as_text(value: object, name: str = "turn") -> str:
    """A value as the text of a turn; "" for null. Raises UnfitError for what is no text."""
    match value:
        case str():
            return value
        case None:
            return ""
        case bool():
            raise UnfitError(f"not text: {name} is true or false")
        case int() | float():
            return str(value)
        case list() if value and all(isinstance(part, dict) and part.get("type") == "text" for part in value):
            return "\n".join(as_text(part.get("text"), name) for part in value)
    raise UnfitError(f"not text: {name} is {'a list' if isinstance(value, list) else 'an object'}")


def column(row: Mapping[str, Any], *names: str) -> str:
    """The text of the first of these columns that the row has; "" where it has none."""
    for name in names:
        if name in row:
            return as_text(row[name], name)
    return ""


def joined(*parts: str) -> str:
    """The parts on lines of their own; blank ones, and one that says what stands before it, are left out."""
    kept: list[str] = []
    for part in parts:
        if part.strip() and part.strip() not in (earlier.strip() for earlier in kept):
            kept.append(part)
    return "\n".join(kept)


def asked_and_answered(question: str, answer: str, system: str = "", earlier: Iterable[Message] = ()) -> list[Turns]:
    """The one conversation of a row with one answer. Raises UnfitError where either is blank."""
    if not answer.strip():
        raise UnfitError("empty answer")
    if not question.strip():
        raise UnfitError("empty question")
    front = [message(SYSTEM, system)] if system.strip() else []
    return [[*front, *earlier, message(USER, question), message(ASSISTANT, answer)]]


def take_turns(texts: Iterable[str]) -> Turns:
    """Texts of two people who speak in turn."""
    return [message(ASSISTANT if number % 2 else USER, text) for number, text in enumerate(texts)]


def is_row(row: object, *names: str) -> bool:
    return isinstance(row, dict) and all(name in row for name in names)


# --- lists of turns -----------------------------------------------------------------------------------------------


def turn_list(row: object) -> list[Any] | None:
    """The list of turns that a row is or has: of strings, or of objects with a text."""
    if isinstance(row, dict):
        for name in LIST_COLUMNS:
            if _is_turns(row.get(name)):
                return cast(list[Any], row[name])
        return None
    return cast(list[Any], row) if _is_turns(row) else None


def _is_turns(value: object) -> bool:
    if not isinstance(value, list) or not value:
        return False
    return all(isinstance(turn, str) for turn in value) or all(
        isinstance(turn, dict) and _first(turn, _CONTENT_COLUMNS) for turn in value
    )


def is_turn_with_role(item: object) -> bool:
    return isinstance(item, dict) and all(_first(item, names) for names in (_ROLE_COLUMNS, _CONTENT_COLUMNS))


def _first(turn: Mapping[str, Any], names: Sequence[str]) -> str:
    return next((name for name in names if name in turn), "")


def read_turns(row: object) -> list[Turns]:
    """A list of turns: strings or objects without roles, who speak in turn, or objects with roles."""
    turns = turn_list(row)
    if turns is None:
        there = ", ".join(map(str, list(row)[:12])) if isinstance(row, dict) else "no object"
        raise UnfitError(f"no list of turns: there is {there or 'nothing'}")
    if isinstance(turns[0], str):
        return [take_turns(turns)]
    if any(turn.get("tool_calls") or turn.get("function_call") for turn in turns):
        raise UnfitError("a turn calls a tool")
    texts = [as_text(turn[name], name) for turn in turns if (name := _first(turn, _CONTENT_COLUMNS))]
    speakers = [turn.get(_first(turn, _ROLE_COLUMNS)) for turn in turns]
    if not any(speaker not in (None, "") for speaker in speakers):
        return [take_turns(texts)]
    told = [message(role, text) for role, text in zip(_roles_of(speakers), texts, strict=True)]
    system = as_text(row.get("system"), "system") if isinstance(row, dict) else ""
    return [[message(SYSTEM, system), *told] if system.strip() and told[0]["role"] != SYSTEM else told]


def _roles_of(speakers: Sequence[object]) -> list[str]:
    """A role for each speaker; of two that have other names, the one who begins is the user."""
    names = [str(speaker).strip().lower() for speaker in speakers]
    others = list(dict.fromkeys(name for name in names if name not in ROLE_OF))
    if tools := [name for name in others if name in _TOOL_ROLES]:
        raise UnfitError(f"a turn calls a tool: it is of {tools[0]!r}")
    if not others:
        return [ROLE_OF[name] for name in names]
    if len(others) > 2 or any(ROLE_OF.get(name, SYSTEM) != SYSTEM for name in names):
        raise UnfitError(f"unknown role: {others[0][:40]!r}")
    roles = {**ROLE_OF, **dict(zip(others, (USER, ASSISTANT), strict=False))}
    return [roles[name] for name in names]


_HAN_AND_MARKS = "\u2e80-\u9fff\uf900-\ufaff\ufe30-\ufe4f\uff00-\uffef\U00020000-\U0003ffff"
# Blanks between the characters of a tokeniser go; between two Latin words or numbers they are real.
_LETTER = f"[^\\W_{_HAN_AND_MARKS}]"
_TOKEN_BLANK = re.compile(rf"(?<!{_LETTER})[^\S\n]+|[^\S\n]+(?!{_LETTER})")
_SPELT_OUT = re.compile(rf"(?<!\S)({_LETTER}) (?={_LETTER}(?!\S))")  # 2 0 1 4, O K
_WORDS_AROUND_MARK = re.compile(r"(?<=[A-Za-z]) ?([,;!?]) ?(?=[A-Za-z])")


def without_token_blanks(text: str) -> str:
    """A text whose characters stand apart, as it was before.

    >>> without_token_blanks("2 0 1 4 年 买 的 iphone 6 s ， 好 用 ！")
    '2014年买的iphone 6s，好用！'
    """
    text = _WORDS_AROUND_MARK.sub(r"\1\0", _SPELT_OUT.sub(r"\1", text.strip()))
    return _TOKEN_BLANK.sub("", text).replace("\0", " ")


def stands_apart(texts: Sequence[str]) -> bool:
    """Whether blanks stand between the characters or words, as tokenisers leave them: a quarter of it and more."""
    text = "\n".join(texts)
    return text.count(" ") * 4 > len(text)


def read_spaced(row: object) -> list[Turns]:
    """Turns as in LCCC, with blanks between all characters."""
    return [
        [message(turn["role"], without_token_blanks(turn["content"])) for turn in turns] for turns in read_turns(row)
    ]


def _fits_turns(row: object) -> bool:
    turns = turn_list(row)
    return turns is not None and len(turns) > 1


def _fits_spaced(row: object) -> bool:
    turns = turn_list(row)
    return turns is not None and isinstance(turns[0], str) and stands_apart(turns)


def _has_turns_with(list_column: str, *names: str) -> Callable[[Any], bool]:
    """Whether a row has such a list, and its first turn these columns; "" is a row that is the list."""

    def fits(row: Any) -> bool:
        turns = row.get(list_column) if isinstance(row, dict) and list_column else row
        return bool(turn_list(turns)) and isinstance(turns, list) and is_row(turns[0], *names)

    return fits


# --- one question, one answer -------------------------------------------------------------------------------------


# <noinput>, and what translators and their HTML made of it.
_NO_INPUT = re.compile(
    r"\s*[`“\"]?(?:<|&lt;)?(?:no ?input|无输入|没有输入|无需输入)(?:>|&gt;)?[`”\"]?[。.;；]?\s*", re.IGNORECASE
)


def read_alpaca(row: Mapping[str, Any]) -> list[Turns]:
    needed(row, "instruction", "output")
    given = column(row, "input")
    given = "" if _NO_INPUT.fullmatch(given) else given
    asked = column(row, "instruction")
    question = f"{asked}\n{given}" if asked.strip() and given.strip() else asked or given
    return asked_and_answered(question, column(row, "output"), column(row, "system"), _history(row.get("history")))


def _history(pairs: object) -> Turns:
    """Turns that went before: pairs of question and answer."""
    if not pairs or (isinstance(pairs, str) and not pairs.strip()):
        return []
    if not isinstance(pairs, list) or not all(isinstance(pair, list) and len(pair) == 2 for pair in pairs):
        raise UnfitError("broken history: it is no list of pairs")
    return [turn for pair in pairs for turn in take_turns(as_text(text, "history") for text in pair)]


_SPEAKER = re.compile(r"^(Human|Assistant):", re.MULTILINE)


def read_belle_multiturn(row: Mapping[str, Any]) -> list[Turns]:
    """A transcript with `Human:` and `Assistant:` at the beginning of lines, whose last answer is `output`."""
    needed(row, "instruction", "output")
    before, *spoken = _SPEAKER.split(column(row, "instruction"))
    turns = [message(USER, before.strip())]
    for speaker, text in zip(spoken[::2], spoken[1::2], strict=True):
        turns.append(message(USER if speaker == "Human" else ASSISTANT, text.strip()))
    output = column(row, "output")
    if not output.strip():
        raise UnfitError("empty answer")
    return [[*turns, message(USER, column(row, "input")), message(ASSISTANT, output)]]


def needed(row: Mapping[str, Any], *names: str) -> None:
    """Raise UnfitError where a column is missing, with those that there are."""
    if not isinstance(row, Mapping):
        raise UnfitError("not a row with columns")
    if missing := [name for name in names if name not in row]:
        raise UnfitError(f"no column {missing[0]!r}: there is {_named(row)}")


def _named(row: Mapping[str, Any]) -> str:
    return ", ".join(str(name)[:40] for name in list(row)[:12])


def read_firefly(row: Mapping[str, Any]) -> list[Turns]:
    needed(row, "input", "target")
    return asked_and_answered(column(row, "input"), column(row, "target"))


def read_baike_qa(row: Mapping[str, Any]) -> list[Turns]:
    needed(row, "title", "answer")
    return asked_and_answered(joined(column(row, "title"), column(row, "desc")), column(row, "answer"))


# Names of columns, from the first to the last that is looked for; upper case counts as lower.
_TOPICS = ("title", "标题")
_QUESTIONS = ("question", "ask", "query", "prompt", "post", "input", "问题", "提问", "问句", "q")
_DETAILS = ("desc", "description", "描述", "补充")
_ANSWERS = ("answer", "response", "reply", "completion", "output", "回答", "答案", "回复", "a")
_OF_ANSWERS = ("qid", "answer_id", "star")  # a news page has a title, a description and content, too
_NO_DATA = ("沒有資料", "没有资料")  # what the crawler of PTT wrote for a question without replies


def read_qa(row: Mapping[str, Any]) -> list[Turns]:
    """Tables of questions and answers: a title, a question or a description, and the answer."""
    needed(row)
    *asked, answered = qa_columns(row)
    if not asked or not answered:
        raise UnfitError(f"no question and answer: there is {_named(row)}")
    answer = as_text(row[answered], answered)
    if answer.strip() in _NO_DATA:
        raise UnfitError(f"no answer: it is {answer.strip()}")
    return asked_and_answered(joined(*(as_text(row[name], name) for name in asked)), answer)


def qa_columns(row: Mapping[str, Any]) -> list[str]:
    """The columns of a question, and last that of its answer; "" in its place where there is none."""
    given = {name.strip().lower(): name for name in row if isinstance(name, str)}
    is_answer_page = given.keys() >= {"title", "desc", "content"} and any(name in given for name in _OF_ANSWERS)
    roles = (_TOPICS, _QUESTIONS, _DETAILS, ("content",) if is_answer_page else _ANSWERS)
    topic, question, detail, answer = (next((given[name] for name in names if name in given), "") for names in roles)
    return [*filter(None, (topic, question, detail if topic or question else "")), answer]


def fits_qa(row: object) -> bool:
    return isinstance(row, dict) and len(columns := qa_columns(row)) > 1 and columns[-1] != ""


def _columns(*names: str) -> frozenset[str]:
    return frozenset(names)


def _fits_belle_multiturn(row: object) -> bool:
    if not is_row(row, "instruction", "output"):
        return False
    instruction = cast(dict[str, Any], row)["instruction"]
    return isinstance(instruction, str) and _SPEAKER.match(instruction.lstrip()) is not None


ROW_FORMATS: dict[str, Format] = {
    "belle_multiturn": Format(
        "row", read_belle_multiturn, _fits_belle_multiturn, _columns("instruction", "input", "output")
    ),
    "alpaca": Format(
        "row",
        read_alpaca,
        lambda row: is_row(row, "instruction", "output"),
        _columns("instruction", "input", "output", "system", "history"),
    ),
    "sharegpt": Format("row", read_turns, _has_turns_with("conversations", "from", "value"), _columns("system")),
    "messages": Format("row", read_turns, _has_turns_with("messages", "role", "content"), _columns("system")),
    "kdconv": Format("row", read_turns, _has_turns_with("messages", "message")),
    "smilechat": Format(
        "row",
        read_turns,
        lambda row: any(
            _has_turns_with(name, "role", "content")(row)
            for name in ("", "turns", "dialogue", "dialog", "conversation")
        ),
    ),
    "lccc": Format("row", read_spaced, _fits_spaced),
    "turns": Format("row", read_turns, _fits_turns),
    "firefly": Format("row", read_firefly, lambda row: is_row(row, "input", "target"), _columns("input", "target")),
    "baike_qa": Format(
        "row", read_baike_qa, lambda row: is_row(row, "title", "desc", "answer"), _columns("title", "desc", "answer")
    ),
    "ptt_csv": Format("row", read_qa, lambda row: False, columns_read=qa_columns),  # by name; else it is a `qa`
    "qa": Format("row", read_qa, fits_qa, columns_read=qa_columns),
}
