"""A task: how to ask a model about a passage, and what counts as an answer.

A task is a step of a recipe that makes conversations of passages. The model is asked by `generators/synthesise.py`;
the step itself only reads the journal, so that a dataset is the same however often the asking was interrupted.
Your own task is a subclass in one file, see `examples/tasks/`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, ClassVar

import orjson

from builders.document import Document, Message, Meta, Note, conversation
from builders.steps import Specimen, Split
from generators.passages import cut_passages
from generators.request import Request
from validators.errors import SikuError
from validators.json_schema import SchemaChecks
from validators.replies import parse_objects
from validators.step import Verdict

Sample = dict[str, Any]  # one answer of the model as its JSON object
JsonSchema = dict[str, Any]
FRESH_TEMPERATURE = 0.7


@dataclass(frozen=True, slots=True)
class Passage:
    """What one conversation with the model is about.

    `wanted` samples are asked for; from `least` valid ones on nothing is asked again.
    """

    id: str
    text: str
    wanted: int = 1
    least: int = 1
    meta: Meta = field(default_factory=dict)

    @property
    def title(self) -> str:
        return str(self.meta.get("title") or "")


@dataclass(frozen=True, kw_only=True)
class Passages(Split):
    """Documents in passages of at most `max_chars` characters, cut at the ends of paragraphs and sentences.

    Together they are the document. A document that was cut has the number of the passage in its id, `ID.001`, and
    its own id in `document`.
    """

    version: ClassVar[int] = 1
    max_chars: int = 1200

    def __post_init__(self) -> None:
        if self.max_chars < 50:
            raise SikuError(f"max_chars is {self.max_chars}, must be at least 50", where="steps.Passages")

    def adds(self) -> Mapping[str, str]:
        return {"document": "string"}

    def __call__(self, document: Document) -> list[Document]:
        pieces = cut_passages(document.text, self.max_chars)
        meta = document.meta | {"document": document.id}
        if len(pieces) == 1:
            return [Document(document.id, document.text, meta)]
        return [Document(f"{document.id}.{number:03d}", text, meta) for number, text in enumerate(pieces, start=1)]


@dataclass(frozen=True, slots=True)
class Candidates:
    """The samples in a reply, not judged yet; `error` says why there are none or fewer, in Chinese for the model."""

    samples: tuple[Sample, ...]
    error: Verdict | None = None
    liberties: tuple[str, ...] = ()  # what had to be forgiven to read them


@dataclass(frozen=True, kw_only=True)
class Task(Split):
    """How a passage becomes messages, and a reply rows. Subclass it, set `schema`, write `prompt`, `faults` and `row`.

    `version` is the version of the prompt: raise it when the prompt says something else, and every passage is asked
    anew. `replies` is the digest of the replies that the rows were made from: `synthesise` sets it, and so the dataset
    is what the model said, too. Where the journal lies and which model is behind the endpoint are given with it.
    """

    circumstances: ClassVar[tuple[str, ...]] = ("journal",)
    schema: ClassVar[JsonSchema] = {}  # of one sample
    many: ClassVar[str] = ""  # key of the list of samples in a reply; "" where a reply is one sample
    system: ClassVar[str] = ""

    temperature: float = 0.7
    top_p: float = 0.8
    max_tokens: int = 2048  # of a reply; twice that after one that was cut off
    repairs: int = 2  # times that the model is told what is wrong with its reply
    fresh_samples: int = 1  # conversations begun anew after that
    extra_body: str = ""  # JSON, further fields of the request: {"chat_template_kwargs": {"enable_thinking": false}}
    model: str = ""
    replies: str = ""
    journal: str = ""
    warn_share: float = 1.0  # what is made of a passage is shorter than that; `--max-failed` is the guard here
    stop_share: float = 1.0

    def __post_init__(self) -> None:
        if mistakes := self.mistakes():
            raise SikuError("; ".join(mistakes), where=f"steps.{type(self).__name__}")

    def mistakes(self) -> list[str]:
        """What is wrong with the settings, all of it."""
        least = {"temperature": 0, "repairs": 0, "fresh_samples": 0, "max_tokens": 1}
        mistakes = [
            f"{name} is {getattr(self, name)}, must be at least {lowest}"
            for name, lowest in least.items()
            if getattr(self, name) < lowest
        ]
        if not 0 < self.top_p <= 1:
            mistakes.append(f"top_p is {self.top_p}, must be above 0 and at most 1")
        if self.extra_body and not isinstance(read_json(self.extra_body), dict):
            mistakes.append("extra_body is no JSON object")
        return mistakes

    # ------------------------------------------------------------ what a task says

    def how_many(self, text: str) -> tuple[int, int]:
        """How many samples are asked for about a text, and with how many it is done."""
        return 1, 1

    def prompt(self, passage: Passage, wanted: int, earlier: Sequence[Sample]) -> str:
        """What the model is told about the passage; `earlier` samples are there already."""
        raise NotImplementedError

    def faults(self, passage: Passage, sample: Sample) -> list[Verdict]:
        """What is wrong with a sample, in Chinese for the model; nothing where it is good."""
        return []

    def check(self, passage: Passage, samples: Sequence[Sample], earlier: Sequence[Sample]) -> list[list[Verdict]]:
        """For each sample its faults. For tasks whose samples may repeat each other, or `earlier` accepted ones."""
        return [self.faults(passage, sample) for sample in samples]

    def judge(self, passage: Passage, samples: Sequence[Sample]) -> Request | None:
        """A question to the model about samples that passed the checks; None asks nothing."""
        return None

    def judgement(self, text: str, samples: Sequence[Sample]) -> list[Verdict | None]:
        """What the model said of each sample when asked by `judge`; None is good."""
        return [None for _ in samples]

    def row(self, passage: Passage, sample: Sample) -> tuple[list[Message], Meta]:
        """The messages that a valid sample becomes, and what else is known of them."""
        raise NotImplementedError

    def rows(self, passage: Passage, samples: Sequence[Sample]) -> list[tuple[list[Message], Meta]]:
        """The conversations that the valid samples of a passage become: one each, unless a task makes more of them."""
        return [self.row(passage, sample) for sample in samples]

    def feedback(self, faults: Sequence[str], accepted: int, missing: int) -> str:
        """What the model is told about its last reply: `faults` are lines, `accepted` samples need not come again."""
        kept = f"已经合格的有 {accepted} 条，不必再写。" if accepted else ""
        lines = "\n".join(f"- {fault}" for fault in faults)
        return f"上面的回答不能全部采用：\n{lines}\n{kept}请再写 {missing} 条，要求不变，只输出 JSON。"

    # ------------------------------------------------------------ what follows from that

    @property
    def prompt_name(self) -> str:
        return f"{type(self).__name__}/{self.version}"

    def passage_of(self, document: Document) -> Passage:
        wanted, least = self.how_many(document.text)
        return Passage(document.id, document.text, wanted, least, document.meta)

    def question(self, passage: Passage, wanted: int, earlier: Sequence[Sample] = ()) -> tuple[Message, ...]:
        """The messages that ask for `wanted` samples."""
        asked: Message = {"role": "user", "content": self.prompt(passage, wanted, earlier)}
        return ({"role": "system", "content": self.system}, asked) if self.system else (asked,)

    def request(
        self, messages: Iterable[Message], schema: JsonSchema | None, *, sample: int = 0, longer: bool = False
    ) -> Request:
        """A request with the settings of this task. A fresh sample is not drawn at temperature 0."""
        return Request(
            messages=tuple(messages),
            prompt=self.prompt_name,
            schema=schema,
            temperature=max(self.temperature, FRESH_TEMPERATURE) if sample else self.temperature,
            top_p=self.top_p,
            max_tokens=self.max_tokens * (2 if longer else 1),
            sample=sample,
            extra=read_json(self.extra_body) if self.extra_body else {},
        )

    def reply_schema(self, wanted: int) -> JsonSchema | None:
        """The JSON schema of a reply with so many samples."""
        if not self.schema or not self.many:
            return self.schema or None
        items = {"type": "array", "items": self.schema, "minItems": wanted, "maxItems": wanted}
        return object_schema({self.many: items})

    def shape(self, sample: Sample) -> list[Verdict]:
        """What about a sample is not as `schema` says."""
        return checks_of(orjson.dumps(self.schema)).verdicts(sample)

    def read(self, text: str) -> Candidates:
        """The samples in the text of a reply: every outermost object, or what stands in the list that they hold."""
        parsed = parse_objects(text)
        samples = [one for value in parsed.values for one in self._samples_in(value)]
        return Candidates(tuple(samples), reading_error(parsed.error, len(samples)), parsed.liberties)

    def _samples_in(self, value: Sample) -> list[Sample]:
        listed = value.get(self.many, value) if self.many else value
        found = [one for one in listed if isinstance(one, dict)] if isinstance(listed, list) else [listed]
        known = self.schema.get("properties") if self.schema.get("additionalProperties") is False else None
        return [{name: one[name] for name in one if known is None or name in known} for one in found]

    # ------------------------------------------------------------ the step

    def adds(self) -> Mapping[str, str]:
        return {"model": "string", "prompt": "string", "attempts": "int"}

    def check_reads(self) -> None:
        """Raise SikuError where there are no replies to read."""
        if not self.journal or not Path(self.journal).exists():
            raise SikuError(
                f"{type(self).__name__} needs a model's replies, and there are none yet",
                where=self.journal,
                next="siku synth-qa, synth-knowledge, synth-dialogue or synth FILE.py, with --endpoint URL",
            )

    def __call__(self, document: Document) -> list[Document] | Verdict:
        """The rows of a passage, out of the journal; a dead letter is a Verdict, with its history in the notes."""
        from generators.result import result_of

        passage = self.passage_of(document)
        result = result_of(self, passage)
        if result.dead:
            document.notes += result.notes
            return result.dead
        return self._rows(passage, result.samples, result.attempts, result.notes)

    def specimens(self, document: Document, parts: Sequence[Document]) -> Iterable[Specimen]:
        """Passages that gave most trouble and passages that gave none, for the report."""
        from generators.figures import specimens_of

        return specimens_of(document, parts)

    def _rows(
        self, passage: Passage, samples: Sequence[Sample], attempts: int, notes: Iterable[Note]
    ) -> list[Document]:
        known = {name: value for name, value in passage.meta.items() if name not in self.takes()}
        known |= {"model": self.model, "prompt": self.prompt_name, "attempts": attempts}
        known |= {"parents": [passage.meta.get("document", passage.id)]}
        made = self.rows(passage, samples)
        alone = self.how_many(passage.text)[0] == len(made) == 1
        rows: list[Document] = []
        for number, (messages, meta) in enumerate(made, start=1):
            id = passage.id if alone else f"{passage.id}-{number:04d}"
            rows.append(conversation(id, messages, known | meta))
        rows[0].notes += notes
        return rows


def two_turns(question: str, answer: str) -> list[Message]:
    """The messages of a question and its answer."""
    return [{"role": "user", "content": question}, {"role": "assistant", "content": answer}]


def object_schema(properties: Mapping[str, JsonSchema]) -> JsonSchema:
    """The JSON schema of an object with just these properties, as strict structured output asks for it."""
    return {
        "type": "object",
        "properties": dict(properties),
        "required": list(properties),
        "additionalProperties": False,
    }


_READING_ERRORS = {
    "empty": "没有内容",
    "truncated": "没有写完就中断了",
    "bad_item": "有的对象缺少字段，或者字段不是字符串",
    "no_json": "没有找到 JSON",
}


def reading_error(error: str | None, found: int) -> Verdict | None:
    """The error of `validators/replies.py` as a verdict that a model understands; None where samples were found."""
    if error is None and not found:
        error = "no_json"
    return None if error is None else Verdict(error, _READING_ERRORS.get(error, error))


@lru_cache(maxsize=16)
def checks_of(schema: bytes) -> SchemaChecks:
    """The compiled checks of a schema, given as JSON."""
    return SchemaChecks(orjson.loads(schema))


def read_json(text: str) -> Any:
    """A JSON value, None where the text is none."""
    try:
        return orjson.loads(text)
    except ValueError:
        return None


_RANGE = re.compile(r"\s*(\d{1,3})\s*(?:[-–~到至]\s*(\d{1,3}))?\s*")
MAX_SAMPLES = 50


def read_range(text: str) -> tuple[int, int]:
    """`3-6`, or one number, as two. Raises ValueError."""
    found = _RANGE.fullmatch(text)
    low, high = (int(found[1]), int(found[2] or found[1])) if found else (0, 0)
    if not 1 <= low <= high <= MAX_SAMPLES:
        raise ValueError(f"{text!r} is neither a number nor a range such as 3-6, from 1 to {MAX_SAMPLES}")
    return low, high
