"""Conversations out of the rows of instruction sets: MOSS, COIG, self-instruct and their relatives.

Alpaca, Belle, Firefly, ShareGPT and OpenAI messages are read by `dialogue_rows`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from builders.sources.dialogue_rows import (
    ASSISTANT,
    SYSTEM,
    USER,
    Format,
    Turns,
    UnfitError,
    asked_and_answered,
    column,
    is_row,
    joined,
    message,
    needed,
    read_alpaca,
    take_turns,
)

# --- Alpaca with Chinese names -------------------------------------------------------------------------------------

_ALPACA_NAMES = {
    "instruction": ("指令", "指示", "任务"),
    "input": ("输入",),
    "output": ("输出",),
    "system": ("系统", "系统提示", "system"),
    "history": ("历史", "历史对话", "history"),
}


def read_alpaca_zh(row: Mapping[str, Any]) -> list[Turns]:
    """`指令`, `输入`, `输出`, and as Alpaca from there on."""
    needed(row)
    named = {name: row[one] for name, names in _ALPACA_NAMES.items() for one in names if one in row}
    needed(named, "instruction", "output")
    return read_alpaca(named)


def _fits_alpaca_zh(row: object) -> bool:
    return is_row(row, "输出") and any(is_row(row, name) for name in _ALPACA_NAMES["instruction"])


# --- self-instruct -------------------------------------------------------------------------------------------------


def read_self_instruct(row: Mapping[str, Any]) -> list[Turns]:
    """A task with `instances`: each, an input and an output, is a conversation."""
    needed(row, "instruction", "instances")
    instances = row["instances"]
    if not isinstance(instances, list) or not instances or not all(isinstance(one, dict) for one in instances):
        raise UnfitError("no instances: it is no list of objects")
    return [
        turns for one in instances for turns in read_alpaca({"output": "", **one, "instruction": row["instruction"]})
    ]


# --- MOSS ----------------------------------------------------------------------------------------------------------

_SPEAKERS = "Human|MOSS|Inner Thoughts|Commands|Tool Responses|Results"
_MARK = re.compile(rf"\s*(?:<\|(?:{_SPEAKERS})\|>|\[(?:{_SPEAKERS})\]) ?[:：]? ?")
_END = re.compile(r"\s*(?:<eo[a-z]>\s*)+\Z")
_SPOKEN = re.compile(rf"(?:<\|({_SPEAKERS})\|>|\[({_SPEAKERS})\]) ?[:：]?(.*?)(?:<eo[a-z]>|\Z)", re.DOTALL)
_CITED = re.compile(r"\s*<sup>(?:<\|\d{1,4}\|>[,， ]*){1,50}</sup>")
_CALL = re.compile(r"\s*([A-Za-z]\w{0,40})\s*\(")  # Search("…"); where nothing is called there is None


def read_moss(row: Mapping[str, Any]) -> list[Turns]:
    """A conversation with MOSS; refused where it calls a tool, since the answer rests on what the tool said."""
    told, called = _moss(row)
    if called:
        raise UnfitError(f"a turn calls a tool: {called} (--set source.format=moss_text keeps what was said)")
    return [told]


def read_moss_text(row: Mapping[str, Any]) -> list[Turns]:
    """What user and MOSS said, also where a tool was called: without the thoughts, the calls and the results."""
    told, _ = _moss(row)
    return [[message(turn["role"], _CITED.sub("", turn["content"])) for turn in told]]


def _moss(row: Mapping[str, Any]) -> tuple[Turns, str]:
    """The turns, and the tool that one of them calls, "" for none."""
    needed(row)
    if not _fits_moss(row):
        needed(row, "chat")
        raise UnfitError("no turns: chat is no object with turn_1, turn_2 …")
    parts = _plain_parts(row["plain_text"]) if "chat" not in row else _chat_parts(row["chat"])
    system = column(row, "meta_instruction", "prefix").strip()
    turns = [message(SYSTEM, system)] if system else []
    called = ""
    for speaker, text in parts:
        if speaker in ("Human", "MOSS"):
            turns.append(message(USER if speaker == "Human" else ASSISTANT, text))
        elif speaker == "Commands" and (call := _CALL.match(text)):
            called = called or call[1]
    return turns, called


def _chat_parts(chat: Mapping[str, Any] | list[Any]) -> list[tuple[str, str]]:
    """Who says what: of `turn_1`, `turn_2` … in the order of their numbers, or of a list of turns."""
    turns = chat if isinstance(chat, list) else [chat[name] for name in sorted(chat, key=_turn_number)]
    parts: list[tuple[str, str]] = []
    for turn in turns:
        if not isinstance(turn, dict) or "Human" not in turn or "MOSS" not in turn:
            raise UnfitError("no turns: one has no Human and MOSS")
        parts += [(speaker, _without_marks(column(turn, speaker))) for speaker in ("Human", "Commands", "MOSS")]
    return parts


def _without_marks(text: str) -> str:
    return _END.sub("", _MARK.sub("", text, count=1) if _MARK.match(text) else text).strip()


def _turn_number(name: str) -> tuple[int, str]:
    digits = name.rpartition("_")[2]
    return (int(digits) if digits.isdecimal() and len(digits) < 10 else 0, name)


def _plain_parts(text: str) -> list[tuple[str, str]]:
    return [(angled or squared, said.strip()) for angled, squared, said in _SPOKEN.findall(text)]


def _fits_moss(row: object) -> bool:
    if not isinstance(row, dict):
        return False
    chat = row.get("chat")
    turns = list(chat.values()) if isinstance(chat, dict) else chat if isinstance(chat, list) else []
    if "chat" in row:
        return bool(turns) and isinstance(turns[0], dict) and "Human" in turns[0]
    text = row.get("plain_text")
    return isinstance(text, str) and _SPOKEN.search(text) is not None


# --- COIG, and lists of questions with answers ---------------------------------------------------------------------

_ASKED = ("human", "user", "question", "prompt", "instruction", "query", "问", "问题")
_REPLIED = ("assistant", "bot", "gpt", "answer", "response", "output", "答", "回答")
_EXCHANGE_COLUMNS = ("conversations", "conversation", "dialogue", "dialog", "turns", "data", "qa")


def read_coig(row: Mapping[str, Any]) -> list[Turns]:
    """The layouts of COIG: exam questions (`textbox_…`), translated instructions (`trans_…`), rounds of a chat."""
    needed(row)
    if "textbox_question" in row:
        if row.get("img_items"):
            raise UnfitError("needs a picture: img_items")
        asked = [column(row, name) for name in ("textbox_q_instruction", "textbox_q_context", "textbox_question")]
        return asked_and_answered(joined(*asked), joined(*(column(row, name) for name in _EXAM_ANSWERS)))
    if "trans_instruction" in row:
        given = {name: row.get(f"trans_{name}", row.get(name)) for name in ("instruction", "input", "output")}
        return read_alpaca(given)
    return read_exchanges(row)


_EXAM_ANSWERS = ("textbox_answer_analysis", "textbox_answer")  # first the way, then what comes out


def read_exchanges(row: Mapping[str, Any]) -> list[Turns]:
    """A list of objects with a question and an answer each; an `instruction` beside it stands before the first."""
    needed(row)
    exchanges = _exchanges(row)
    if not exchanges:
        raise UnfitError(f"no questions with answers: there is {', '.join(map(str, list(row)[:12]))}")
    turns: Turns = []
    for one in exchanges:
        question = column(one, *_ASKED)
        instruction = "" if turns else column(row, "instruction")
        turns.append(message(USER, joined(instruction, question)))
        turns.append(message(ASSISTANT, column(one, *_REPLIED)))
    system = column(row, "system", "system_prompt").strip()
    return [[message(SYSTEM, system), *turns] if system else turns]


def _exchanges(row: object) -> Sequence[Mapping[str, Any]]:
    if not isinstance(row, dict):
        return []
    for name in _EXCHANGE_COLUMNS:
        listed = row.get(name)
        if isinstance(listed, list) and listed and all(map(_is_exchange, listed)):
            return listed
    return []


def _is_exchange(value: object) -> bool:
    return isinstance(value, dict) and any(n in value for n in _ASKED) and any(n in value for n in _REPLIED)


def _fits_coig(row: object) -> bool:
    return (
        is_row(row, "textbox_question", "textbox_answer")
        or is_row(row, "trans_instruction")
        or (is_row(row, "instruction", "conversations") and bool(_exchanges(row)))
    )


# --- UltraChat -----------------------------------------------------------------------------------------------------


def read_ultrachat(row: Mapping[str, Any]) -> list[Turns]:
    """`data`, a list of texts of two who speak in turn."""
    needed(row, "data")
    if not _fits_ultrachat(row):
        raise UnfitError("no list of turns: data is no list of texts")
    return [take_turns(row["data"])]


def _fits_ultrachat(row: object) -> bool:
    data = row.get("data") if isinstance(row, dict) else None
    return isinstance(data, list) and len(data) > 1 and all(isinstance(text, str) for text in data)


def _row(read: Callable[[Any], list[Turns]], fits: Callable[[Any], bool], *columns: str) -> Format:
    return Format("row", read, fits, frozenset(columns))


_OF_MOSS = ("meta_instruction", "prefix", "chat", "plain_text")
_OF_COIG = ("textbox_q_instruction", "textbox_q_context", "textbox_question", *_EXAM_ANSWERS, "img_items")
_OF_TRANSLATIONS = ("trans_instruction", "trans_input", "trans_output", "instruction", "input", "output")
INSTRUCT_FORMATS: dict[str, Format] = {
    "moss": _row(read_moss, _fits_moss, *_OF_MOSS),
    "moss_text": _row(read_moss_text, lambda row: False, *_OF_MOSS),  # by name only
    "self_instruct": _row(
        read_self_instruct, lambda row: is_row(row, "instruction", "instances"), "instruction", "instances"
    ),
    "coig": _row(read_coig, _fits_coig, *_OF_COIG, *_OF_TRANSLATIONS, "conversations"),
    "exchanges": _row(
        read_exchanges, lambda row: bool(_exchanges(row)), "instruction", "system", "system_prompt", *_EXCHANGE_COLUMNS
    ),
    "ultrachat": _row(read_ultrachat, _fits_ultrachat, "data"),
    "alpaca_zh": _row(read_alpaca_zh, _fits_alpaca_zh, *(name for names in _ALPACA_NAMES.values() for name in names)),
}
