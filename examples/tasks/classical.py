"""Classical Chinese in modern words: `siku synth examples/tasks/classical.py --endpoint URL --input FILE.jsonl`."""

from collections.abc import Sequence
from dataclasses import dataclass

from builders.document import Message, Meta
from builders.engine.recipe import Output, Recipe
from builders.mixing.built import TextMixture
from generators.task import Passage, Passages, Sample, Task, object_schema, two_turns
from validators.folding import to_folded
from validators.step import Verdict


@dataclass(frozen=True, kw_only=True)
class Translations(Task):
    """A translation of each passage, of a length that fits it."""

    schema = object_schema({"modern": {"type": "string"}})

    def prompt(self, passage: Passage, wanted: int, earlier: Sequence[Sample]) -> str:
        return f'请把原文逐句译成现代汉语。只输出 JSON：{{"modern": "……"}}\n\n<原文>\n{passage.text.strip()}\n</原文>'

    def faults(self, passage: Passage, sample: Sample) -> list[Verdict]:
        old, new = to_folded(passage.text), to_folded(sample["modern"])
        fits = 0.8 * len(old) <= len(new) <= 4 * len(old)
        is_modern = len(set(new) - set(old)) > 0.1 * len(set(new))
        return [] if fits and is_modern else [Verdict("no translation", "请用现代汉语，逐句翻译，不解说")]

    def row(self, passage: Passage, sample: Sample) -> tuple[list[Message], Meta]:
        return two_turns(f"请译成现代汉语：{passage.text.strip()}", sample["modern"]), {}


recipe = Recipe(
    name="classical",
    version="1",
    summary="sentences of classical Chinese with a translation",
    source=TextMixture(),
    steps=(Passages(max_chars=120), Translations()),
    output=Output(rows="messages"),
)
