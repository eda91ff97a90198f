"""Is a dialogue that a model wrote well formed? Turns, lengths, repeats, speakers written into what is said."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from operator import add

from validators.folding import count_characters, to_folded
from validators.pointers import find_pointer
from validators.pronouns import find_pronoun
from validators.step import Verdict

ROLES = ("user", "assistant")
_REPEATED_JACCARD = 0.8  # of answers; questions that differ in a word ask something else
_LEAST_COMPARED_CHARS = 6  # shorter ones are repeats only where they are equal
_SPEAKER = re.compile(
    r"^\s*[\[【(（*]*(?:user|assistant|system|human|ai|q|a|bot|用户|使用者|助手|助理|问|答|提问者?|回答者?|人类|机器人|模型|客服"
    r"|学生|老师|甲|乙|[ab甲乙]方)[\]】)）*]*\s*[：:]",
    re.IGNORECASE | re.MULTILINE,
)
_HEAD = re.compile(r"^\s*[“「]?([^\s，。！？：:“”、]{1,8})[：:]", re.MULTILINE)
_STAGE_DIRECTION = re.compile(r"^\s*[（(*](?![\d一二三四五六七八九十]+[）)])[^（）()*]{1,20}[）)*]")  # not （1）


def check_turns(
    messages: Sequence[dict[str, str]], rounds: tuple[int, int], max_chars: tuple[int, int], passage: str
) -> list[Verdict]:
    """All that is wrong with a dialogue as such, as sentences for the model that wrote it.

    `rounds` are the fewest and most pairs of turns, `max_chars` the characters of a turn of user and assistant without
    punctuation. Words that the passage has itself point at no text.

    >>> turns = [{"role": "user", "content": "它多长？"}, {"role": "assistant", "content": "助手：六千公里。"}]
    >>> [one.check for one in check_turns(turns, (1, 3), (50, 200), "长江长六千公里。")]
    ['role_label', 'unclear_beginning']
    """
    roles = [message["role"] for message in messages]
    if not messages or roles != list(ROLES) * (len(roles) // 2):
        return [Verdict("wrong_roles", "消息要以 user 开始、以 assistant 结束，两者轮流")]
    found: list[Verdict] = []
    count = len(messages) // 2
    if not rounds[0] <= count <= rounds[1]:
        wanted = str(rounds[0]) if rounds[0] == rounds[1] else f"{rounds[0]} 到 {rounds[1]}"
        found.append(Verdict("wrong_turns", f"对话有 {count} 轮，要 {wanted} 轮"))
    labels = _labels(messages)
    for number, message in enumerate(messages):
        limit = max_chars[number % 2]
        why = _of_turn(message["content"], limit, labels, passage)
        found += [Verdict(check, f"第 {number + 1} 条消息{reason}") for check, reason in why]
    found += _repeats([message["content"] for message in messages])
    if pronoun := find_pronoun(messages[0]["content"]):
        found.append(Verdict("unclear_beginning", f"第 1 条消息里的“{pronoun}”没有前文就看不懂，请写出所指的名称"))
    return found


def _of_turn(content: str, limit: int, labels: frozenset[str], passage: str) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    count = count_characters(content)
    if not count:
        return [("empty", "是空的")]
    if count > limit:
        found.append(("too_long_turn", f"有 {count} 个字，最多 {limit} 个字"))
    if pointer := find_pointer(content, passage):
        found.append(("points_at_text", f"里的“{pointer}”提到了原文；说话的人没有在看原文"))
    if _SPEAKER.search(content) or any(head[1] in labels for head in _HEAD.finditer(content)):
        found.append(("role_label", "写了说话人；content 里只写说的话"))
    elif _STAGE_DIRECTION.match(content):
        found.append(("stage_direction", "写了动作或旁白；content 里只写说的话"))
    return found


def _labels(messages: Sequence[dict[str, str]]) -> frozenset[str]:
    """What stands before a colon at the beginning of two turns is a speaker."""
    heads = Counter(head[1] for message in messages if (head := _HEAD.match(message["content"])))
    return frozenset(head for head, count in heads.items() if count > 1)


def _repeats(contents: Sequence[str]) -> list[Verdict]:
    found: list[Verdict] = []
    folded = [to_folded(content) for content in contents]
    pieces = [frozenset(map(add, text, text[1:])) for text in folded]
    for later in range(1, len(contents)):
        for earlier in range(later):
            are_answers = bool(earlier % 2 and later % 2) and len(folded[later]) >= _LEAST_COMPARED_CHARS
            alike = len(pieces[earlier] & pieces[later]) >= _REPEATED_JACCARD * len(pieces[earlier] | pieces[later])
            if folded[later] and (folded[earlier] == folded[later] or (are_answers and alike)):
                found.append(Verdict("repeated_turn", f"第 {later + 1} 条消息重复了第 {earlier + 1} 条"))
                break
    return found
