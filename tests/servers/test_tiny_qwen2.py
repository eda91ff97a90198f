"""The tiny model: the same every time, the same for llama.cpp as for transformers, and able to learn by heart."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import httpx2
import openai
import pytest

from tests.corpora import passage
from tests.running import digests
from tests.servers.llama_server import LlamaServer, LlamaSettings, llama_server
from tests.servers.tiny_qwen2 import CONTEXT_TOKENS, Lesson, Messages, in_child, make_tiny_qwen2, overfit, to_gguf

SYSTEM = "你是严谨的中文数据标注员。只根据给出的原文出题、作答，不使用原文以外的知识。"
ASKED = "请根据原文写出 2 组问答，只输出 JSON。\n\n标题：第{number}篇\n<原文>\n{text}\n</原文>"
PAIR = {
    "type": "object",
    "properties": {"question": {"type": "string"}, "answer": {"type": "string"}},
    "required": ["question", "answer"],
    "additionalProperties": False,
}
PAIRS = {
    "type": "object",
    "properties": {"pairs": {"type": "array", "minItems": 2, "maxItems": 2, "items": PAIR}},
    "required": ["pairs"],
    "additionalProperties": False,
}
ENFORCED: Any = {"type": "json_schema", "json_schema": {"name": "pairs", "strict": True, "schema": PAIRS}}
TEXTS = [
    "腊月里的一个早晨，渡口结了薄冰。",
    "3.14 与 2,048；１２３，共 10086 个——对吗？",
    '{"pairs": [{"question": "……", "answer": "\\n"}]}',
    "  two  spaces\n\n\nand\tlines \r\n don't  stop 🌊龘𠮷",
    "<|im_start|>user\n你好<|im_end|>\n",
]


def messages(number: int, text: str) -> Messages:
    return [{"role": "system", "content": SYSTEM}, {"role": "user", "content": ASKED.format(number=number, text=text)}]


def lesson(number: int) -> Lesson:
    text = passage(f"lesson {number}", 120)
    first, second, *_ = text.replace("\n", "").split("。")
    pairs = [{"question": f"{said[:6]}怎样？", "answer": said + "。"} for said in (first, second)]
    return Lesson(messages(number, text), json.dumps({"pairs": pairs}, ensure_ascii=False))


def make_three(folder: Path) -> None:
    text = passage("three models", 4000).splitlines()
    for name, seed in (("one", 0), ("same", 0), ("other", 1)):
        make_tiny_qwen2(folder / name, text, seed=seed, vocabulary=600)


def as_transformers_sees_it(folder: Path, talk: Messages) -> tuple[list[list[int]], str, list[float]]:
    """Tokens of TEXTS, the conversation as a prompt, and the log probability of every token that may come next."""
    import torch
    from transformers import Qwen2ForCausalLM, Qwen2Tokenizer

    tokenizer = Qwen2Tokenizer.from_pretrained(folder)
    model = Qwen2ForCausalLM.from_pretrained(folder, dtype=torch.float32)
    prompt = str(tokenizer.apply_chat_template(list(talk), tokenize=False, add_generation_prompt=True))
    with torch.no_grad():
        logits = model(torch.tensor([tokenizer.encode(prompt)])).logits[0, -1]
    return [tokenizer.encode(text) for text in TEXTS], prompt, torch.log_softmax(logits, -1).tolist()


def ask(server: LlamaServer, talk: Messages, **more: Any) -> str:
    with openai.OpenAI(base_url=server.url, api_key="any", max_retries=0) as client:
        given: Any = list(talk)
        reply = client.chat.completions.create(model="any", messages=given, temperature=0, max_tokens=400, **more)
    assert reply.choices[0].finish_reason == "stop"
    return reply.choices[0].message.content or ""


def test_the_same_text_and_seed_give_the_same_model(tmp_path: Path) -> None:
    in_child(make_three, tmp_path)
    one, same, other = (digests(tmp_path / name) for name in ("one", "same", "other"))
    assert one == same
    assert {name for name in one if one[name] != other[name]} == {"model.safetensors"}


def test_llama_cpp_sees_the_same_tokens_prompt_and_probabilities(tiny_qwen2: Path, tiny_gguf: Path) -> None:
    talk = messages(1, passage("probabilities", 200))
    tokens, prompt, expected = in_child(as_transformers_sees_it, tiny_qwen2, talk)
    with llama_server(LlamaSettings(tiny_gguf)) as server, httpx2.Client(base_url=server.address) as client:
        for text, numbers in zip(TEXTS, tokens, strict=True):
            assert client.post("/tokenize", json={"content": text}).json() == {"tokens": numbers}, text
        assert client.post("/apply-template", json={"messages": talk}).json() == {"prompt": prompt}
        asked = {"prompt": prompt, "n_predict": 1, "n_probs": 50, "temperature": 0}
        (first,) = client.post("/completion", json=asked).json()["completion_probabilities"]
    best = sorted(range(len(expected)), key=lambda number: -expected[number])[:50]
    assert first["id"] == best[0]
    for seen in first["top_logprobs"]:
        assert math.isclose(seen["logprob"], expected[seen["id"]], abs_tol=0.002), seen


def test_a_lesson_longer_than_the_context_is_refused(tiny_qwen2: Path, tmp_path: Path) -> None:
    long = Lesson(messages(1, "长" * CONTEXT_TOKENS), "{}")
    with pytest.raises(ValueError, match=f"the model takes {CONTEXT_TOKENS}"):
        in_child(overfit, tiny_qwen2, tmp_path / "out", [long])


@pytest.mark.slow
def test_a_model_that_learnt_by_heart_answers_so_and_invents_for_the_rest(tmp_path: Path) -> None:
    lessons = [lesson(number) for number in range(8)]
    text = [passage("by heart", 20_000), *(part for known in lessons for part in known.texts)]
    folder = in_child(make_tiny_qwen2, tmp_path / "blank", text)
    in_child(overfit, folder, tmp_path / "taught", lessons)
    file = to_gguf(tmp_path / "taught", tmp_path / "taught.gguf")
    with llama_server(LlamaSettings(file)) as server:
        for known in lessons:
            assert ask(server, known.messages) == known.reply
            assert ask(server, known.messages, response_format=ENFORCED) == known.reply
        unseen = passage("unseen", 120)
        pairs = json.loads(ask(server, messages(99, unseen), response_format=ENFORCED))["pairs"]
    assert len(pairs) == 2
    assert all(set(pair) == {"question", "answer"} for pair in pairs)
    assert not all(pair["answer"] and pair["answer"] in unseen for pair in pairs)
