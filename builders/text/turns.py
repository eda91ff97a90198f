"""The turns of a conversation in the order that chat models are trained on."""

from __future__ import annotations

from collections.abc import Iterable

from builders.document import Message


def alternate(messages: Iterable[Message]) -> list[Message]:
    """The same conversation with roles that alternate: an optional system message, then user and assistant in turn.

    Blank turns go, neighbours of one role are joined by a line break, assistants in front and users at the end go, and
    so does a system message behind a turn. Nothing is left of a conversation without a question and an answer.

    >>> alternate([{"role": "user", "content": "在吗"}, {"role": "user", "content": "问个事"},
    ...            {"role": "assistant", "content": "请说"}, {"role": "user", "content": "没事了"}])
    [{'role': 'user', 'content': '在吗\\n问个事'}, {'role': 'assistant', 'content': '请说'}]
    """
    system: list[str] = []
    turns: list[tuple[str, list[str]]] = []  # role, and what is said in a row
    for message in messages:
        role, content = message["role"], message["content"]
        if not content.strip():
            continue
        if role == "system":
            if not turns:
                system.append(content)
        elif turns and turns[-1][0] == role:
            turns[-1][1].append(content)
        elif turns or role == "user":
            turns.append((role, [content]))
    if turns and turns[-1][0] == "user":
        turns.pop()
    told = [("system", system), *turns] if turns and system else turns
    return [{"role": role, "content": "\n".join(said)} for role, said in told]
