"""A conversation about a passage: questions and answers of the pairs, then whatever else the passage says."""

from __future__ import annotations

import re
from collections.abc import Iterator

from generators.demo.pairs import pairs_of
from generators.demo.prompts import Prompt
from generators.demo.sentences import cut_to, sentences_of

MORE = ("还有呢？", "能再说说吗？", "还有别的吗？", "后来怎么样？", "能讲得再细一些吗？", "请接着讲。", "别的方面呢？")
MAX_QUESTION_CHARS = 30
MAX_TOPIC_CHARS = 20
_SPEAKER = re.compile(
    r"^\s*[“「（(*]?([^\s，。！？：:“”、]{1,8})[：:]|^\s*[（(*]"
)  # 老吴说：… twice is a label of turns

Turn = tuple[str, str]


def dialogue_of(prompt: Prompt, rounds: int) -> list[dict[str, str]]:
    """At most so many rounds of user and assistant; fewer where the passage has not so much to say."""
    turns: dict[str, Turn] = {}
    for question, answer in _turns(prompt, rounds):
        speaker = found[0] if (found := _SPEAKER.match(answer)) else ""
        if len(turns) < rounds and not (speaker and any(one.startswith(speaker) for one in turns)):
            turns.setdefault(answer, (question, answer))
    return [
        {"role": role, "content": content}
        for turn in turns.values()
        for role, content in zip(("user", "assistant"), turn, strict=True)
    ]


def _turns(prompt: Prompt, rounds: int) -> Iterator[Turn]:
    """Pairs in the order of the passage, then the sentences that they left; no question comes twice."""
    limit = prompt.limit("助手每次", 200)
    most = min(MAX_QUESTION_CHARS, prompt.limit("用户每次", MAX_QUESTION_CHARS))
    pairs = pairs_of(prompt.passage, rounds, max_question_chars=most, max_answer_chars=limit)
    yield from ((pair["question"], pair["answer"]) for pair in pairs)
    said = "".join(pair["answer"] for pair in pairs)
    others = [one for sentence in sentences_of(prompt.passage) if (one := cut_to(sentence, limit))[:-1] not in said]
    yield from zip(MORE, others, strict=False)


def scene_of(prompt: Prompt) -> str:
    """Who talks about what."""
    sentences = sentences_of(prompt.passage)
    topic = prompt.title or (cut_to(sentences[0], MAX_TOPIC_CHARS).rstrip("。") if sentences else "天气")
    return f"晚饭以后，用户向熟悉这件事的助手问起“{topic}”。"
