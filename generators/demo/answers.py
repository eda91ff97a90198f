"""Answers by rules: what a prompt of siku asks for, made from the passage in it without any model."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import orjson

from generators.demo.chat import ChatRequest
from generators.demo.dialogues import dialogue_of, scene_of
from generators.demo.instances import instance_of
from generators.demo.pairs import pairs_of
from generators.demo.paraphrases import answer_rewritten, paraphrases_of
from generators.demo.prompts import Prompt
from generators.demo.sentences import cut_to, sentences_of

DEFAULT_PAIRS = 3
MAX_TEXT_CHARS = 200  # of a text in a reply of unknown shape
HONEST = "这里没有模型：演示端点按规则作答，只会根据一段中文原文写问答、问法和对话。"
_ASKS_FOR_PAIRS = re.compile(r"问答|提问|问题|出题|pairs|question", re.IGNORECASE)
_JUDGED = re.compile(r"^\s*\d+[.、]\s*问[:：].*?答[:：]\s*(.+)$", re.MULTILINE)


def answer_by_rules(request: ChatRequest) -> str:
    """JSON in the shape that the prompt or the schema wants; where neither is known, what this endpoint is."""
    prompt = Prompt(request)
    found: Any = _by_prompt(prompt)
    schema = request.schema
    if schema is not None and (found is None or not _has_keys(found, schema)):
        limit = prompt.limit("", MAX_TEXT_CHARS)
        found = instance_of(schema, [cut_to(one, limit) for one in sentences_of(prompt.passage)] or [HONEST])
    elif found is None:
        if not request.response_format:
            return HONEST
        found = {"answer": HONEST}
    return orjson.dumps(found).decode()


def _has_keys(found: Mapping[str, Any], schema: Mapping[str, Any]) -> bool:
    required = schema.get("required")
    return not isinstance(required, list) or all(isinstance(key, str) and key in found for key in required)


def _by_prompt(prompt: Prompt) -> dict[str, Any] | None:
    if judged := _JUDGED.findall(prompt.demand) if "判断" in prompt.demand else []:
        return {"supported": [answer.strip(" 。") in prompt.passage for answer in judged]}
    if prompt.entry and (count := prompt.count("种|个", of="问法|说法|问句|问题")):
        found: dict[str, Any] = {"questions": paraphrases_of(prompt, count)}
        return found | ({"answer": answer_rewritten(prompt)} if prompt.wants_answer else {})
    if rounds := prompt.count("轮"):
        dialogue = {"messages": dialogue_of(prompt, rounds)}
        return {"scene": scene_of(prompt)} | dialogue if "scene" in prompt.demand else dialogue
    if prompt.passage and _ASKS_FOR_PAIRS.search(prompt.demand):
        return {"pairs": _pairs(prompt)}
    return None


def _pairs(prompt: Prompt) -> list[dict[str, str]]:
    return pairs_of(
        prompt.passage,
        prompt.count("组|对") or prompt.count("个|条|道", of="问题|问答") or prompt.least_items or DEFAULT_PAIRS,
        max_question_chars=prompt.limit("问题", 15),
        max_answer_chars=prompt.limit("答案", 300),
        known=prompt.known,
    )
