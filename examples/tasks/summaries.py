"""One-sentence summaries: `siku synth examples/tasks/summaries.py --endpoint URL --input DATASET|FILE.jsonl`."""

from collections.abc import Sequence
from dataclasses import dataclass

from builders.document import Message, Meta
from builders.engine.recipe import Output, Recipe
from builders.mixing.built import TextMixture
from generators.task import Passage, Passages, Sample, Task, object_schema, two_turns
from validators.qa_pairs import check_pairs
from validators.step import Verdict


@dataclass(frozen=True, kw_only=True)
class Summaries(Task):
    """One sentence about each passage, of at most `max_chars` characters."""

    version = 1  # raise it when the prompt changes
    schema = object_schema({"summary": {"type": "string"}})  # of a reply
    max_chars: int = 80  # --set steps.Summaries.max_chars=60

    def prompt(self, passage: Passage, wanted: int, earlier: Sequence[Sample]) -> str:
        asked = f'请用一句话概括原文，不超过 {self.max_chars} 个字，不添加内容。只输出 JSON：{{"summary": "……"}}'
        return f"{asked}\n\n<原文>\n{passage.text.strip()}\n</原文>"

    def faults(self, passage: Passage, sample: Sample) -> list[Verdict]:
        return check_pairs(passage.text, [("概括原文", sample["summary"])], 100, self.max_chars)[0]

    def row(self, passage: Passage, sample: Sample) -> tuple[list[Message], Meta]:
        return two_turns(f"请用一句话概括下面这段文字。\n\n{passage.text.strip()}", sample["summary"]), {}


recipe = Recipe(
    name="summaries",
    version="1",
    summary="passages with one-sentence summaries",
    source=TextMixture(),
    steps=(Passages(max_chars=800), Summaries()),
    output=Output(rows="messages"),
)
