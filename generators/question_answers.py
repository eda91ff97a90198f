"""Question-answer pairs about a passage: grounded in it, short, and each understandable alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import ClassVar

from builders.document import Message, Meta
from generators.request import Request
from generators.task import (
    Candidates,
    JsonSchema,
    Passage,
    Sample,
    Task,
    object_schema,
    read_range,
    reading_error,
)
from validators.grounding import check_grounding, supporting_span
from validators.qa_pairs import check_pairs, prepare
from validators.question_types import question_type
from validators.replies import parse_objects, parse_reply
from validators.step import Verdict

CHARS_PER_FACT = 15  # a shorter passage cannot hold so many facts as pairs are wanted
_SUPPORTED = "supported"

prepared = lru_cache(maxsize=64)(prepare)
"""A passage is judged against several replies; what they are compared with is made once."""


@dataclass(frozen=True, kw_only=True)
class QuestionAnswers(Task):
    """Three to six pairs a passage, about one for every `chars_per_pair` characters of it.

    The rules are those that proved themselves with a local Qwen2-7B: questions of at most 15 characters and answers of
    at most 300, punctuation not counted; only from the passage; no pronoun and no pointing at the text, so that a
    question can stand alone. `model_judge` asks the model, too, whether the passage supports each answer: one request
    more a passage.
    """

    version: ClassVar[int] = 1
    schema: ClassVar[JsonSchema] = object_schema({"question": {"type": "string"}, "answer": {"type": "string"}})
    many: ClassVar[str] = "pairs"
    system: ClassVar[str] = "你是严谨的中文数据标注员。只根据给出的原文出题、作答，不使用原文以外的知识。"

    pairs: str = "3-6"
    chars_per_pair: int = 150
    max_question_chars: int = 15
    max_answer_chars: int = 300
    model_judge: bool = False

    def mistakes(self) -> list[str]:
        mistakes = super().mistakes()
        try:
            read_range(self.pairs)
        except ValueError as error:
            mistakes.append(f"pairs: {error}")
        for name in ("chars_per_pair", "max_question_chars", "max_answer_chars"):
            if getattr(self, name) < 1:
                mistakes.append(f"{name} is {getattr(self, name)}, must be at least 1")
        return mistakes

    def adds(self) -> Mapping[str, str]:
        return {**super().adds(), "question_type": "string", "answer_at": "float"}

    def how_many(self, text: str) -> tuple[int, int]:
        low, high = read_range(self.pairs)
        wanted = min(high, max(low, round(len(text) / self.chars_per_pair)))
        return wanted, min(low, max(1, len(text) // CHARS_PER_FACT))

    def prompt(self, passage: Passage, wanted: int, earlier: Sequence[Sample]) -> str:
        title = f"标题：{passage.title}\n" if passage.title else ""
        known = "、".join(sample["question"] for sample in earlier)
        repeated = f"，也不重复已有的问题：{known}" if known else ""
        return (
            f"请根据原文写出 {wanted} 组问答。\n\n要求：\n"
            f"1. 问题不超过 {self.max_question_chars} 个字，答案不超过 {self.max_answer_chars} 个字（标点不计）。\n"
            "2. 答案只能来自原文；数字、人名、地名、单位、肯定与否定都与原文一致。\n"
            "3. 每个问题单独拿出来也能看懂：主语明确，不用“他”“她”“它”“其”“该”“此”“这”“那”等代词，"
            "也不说“文中”“本文”“上述”“这段话”。\n"
            f"4. 问题互不相同{repeated}，尽量覆盖原文的各个部分。\n"
            '5. 只输出 JSON，不要输出其他文字：{"pairs": [{"question": "……", "answer": "……"}]}\n\n'
            f"{title}<原文>\n{passage.text.strip()}\n</原文>"
        )

    def feedback(self, faults: Sequence[str], accepted: int, missing: int) -> str:
        kept = f"已经合格的有 {accepted} 组，不必再写。" if accepted else ""
        lines = "\n".join(f"- {fault}" for fault in faults)
        return (
            f"上面的回答不能全部采用：\n{lines}\n{kept}请再写 {missing} 组，要求不变，只输出 JSON："
            '{"pairs": [{"question": "……", "answer": "……"}]}'
        )

    def read(self, text: str) -> Candidates:
        parsed = parse_reply(text)
        samples = tuple({"question": pair.question, "answer": pair.answer} for pair in parsed.pairs)
        return Candidates(samples, reading_error(parsed.error, len(samples)), parsed.liberties)

    def shape(self, sample: Sample) -> list[Verdict]:
        return []  # `parse_reply` takes nothing but objects with these two strings

    def check(self, passage: Passage, samples: Sequence[Sample], earlier: Sequence[Sample]) -> list[list[Verdict]]:
        pairs = [(sample["question"], sample["answer"]) for sample in samples]
        asked = [sample["question"] for sample in earlier]
        ready = prepared(passage.text)
        verdicts = check_pairs(ready, pairs, self.max_question_chars, self.max_answer_chars, asked)
        return [found or check_grounding(ready, *pair) for found, pair in zip(verdicts, pairs, strict=True)]

    # ------------------------------------------------------------ the model as a judge

    def judge(self, passage: Passage, samples: Sequence[Sample]) -> Request | None:
        if not self.model_judge:
            return None
        listed = "\n".join(f"{n}. 问：{one['question']} 答：{one['answer']}" for n, one in enumerate(samples, start=1))
        content = (
            "逐条判断答案是否完全由原文支持；原文没有说、说得不同或只说了一部分，都算不支持。"
            f'只输出 JSON：{{"{_SUPPORTED}": [true, false, ……]}}，共 {len(samples)} 项，顺序不变。\n\n'
            f"<原文>\n{passage.text.strip()}\n</原文>\n\n{listed}"
        )
        several = {"type": "array", "items": {"type": "boolean"}, "minItems": len(samples), "maxItems": len(samples)}
        return self.request([{"role": "user", "content": content}], object_schema({_SUPPORTED: several}))

    def judgement(self, text: str, samples: Sequence[Sample]) -> list[Verdict | None]:
        """A reply that is no list of the right length refuses nothing."""
        listed = next((one[_SUPPORTED] for one in parse_objects(text).values if _SUPPORTED in one), None)
        if not isinstance(listed, list) or len(listed) != len(samples):
            return [None for _ in samples]
        return [Verdict("judged_unsupported", "原文不支持这个答案") if one is False else None for one in listed]

    # ------------------------------------------------------------ rows

    def row(self, passage: Passage, sample: Sample) -> tuple[list[Message], Meta]:
        question, answer = sample["question"], sample["answer"]
        span = supporting_span(prepared(passage.text), answer)
        meta: Meta = {"question_type": question_type(question)}
        if span:
            meta["answer_at"] = round(span[0] / max(1, len(passage.text)), 3)
        return [{"role": "user", "content": question}, {"role": "assistant", "content": answer}], meta
