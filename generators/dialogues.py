"""Dialogues of several turns about a passage: it is explained step by step, or gives the scene for a talk."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from builders.document import Message, Meta
from generators.question_answers import prepared
from generators.task import Candidates, JsonSchema, Passage, Sample, Task, object_schema, read_range, reading_error
from validators.dialogue_turns import ROLES, check_turns
from validators.folding import count_characters
from validators.grounding import check_grounding
from validators.qa_pairs import check_pairs, prepare
from validators.replies import parse_objects
from validators.step import Verdict

_TURN = object_schema({"role": {"type": "string", "enum": list(ROLES)}, "content": {"type": "string"}})
_GROUNDED = ("ungrounded_answer", "same_as_question", "illegal_character")
_ANY_LENGTH = 1 << 30
_CHARS_PER_ROUND = 30  # a shorter passage does not hold so many questions as turns are wanted
_LEAST_SHARE = 0.03  # of its pairs of characters; 94 % of 2,116 pairs of texts about different things share less
_LISTS = ("messages", "conversation", "conversations", "dialogue", "dialog", "turns", "对话", "消息")
_ROLE_KEYS, _CONTENT_KEYS = ("role", "from", "speaker", "角色"), ("content", "value", "text", "内容")
_ROLE_NAMES = dict.fromkeys(("user", "human", "用户", "提问者", "问"), "user") | dict.fromkeys(
    ("assistant", "gpt", "ai", "bot", "助手", "助理", "回答者", "答"), "assistant"
)


@dataclass(frozen=True, kw_only=True)
class Dialogues(Task):
    """One dialogue a passage: two to five turns of user and assistant, about one for every `chars_per_turn` characters.

    In the style 讲解 the user asks step by step and the assistant explains; every answer is checked against the
    passage. In the style 情景 both play somebody, or talk about everyday things that the passage brings up; the scene
    becomes the system message, and nothing is checked but form. Lengths are without punctuation.
    """

    version: ClassVar[int] = 1
    schema: ClassVar[JsonSchema] = {
        **object_schema({"scene": {"type": "string"}, "messages": {"type": "array", "items": _TURN}}),
        "required": ["messages"],
    }
    system: ClassVar[str] = "你编写中文对话，用来训练对话模型。对话自然、准确，严格按照要求的格式。"

    turns: str = "2-5"
    style: Literal["讲解", "情景"] = "讲解"
    chars_per_turn: int = 60
    max_user_chars: int = 50
    max_assistant_chars: int = 200
    max_scene_chars: int = 80

    def mistakes(self) -> list[str]:
        mistakes = super().mistakes()
        try:
            read_range(self.turns)
        except ValueError as error:
            mistakes.append(f"turns: {error}")
        if self.style not in _PROMPTS:
            mistakes.append(f"style is {self.style!r}, must be {' or '.join(map(repr, _PROMPTS))}")
        for name in ("chars_per_turn", "max_user_chars", "max_assistant_chars", "max_scene_chars"):
            if getattr(self, name) < 1:
                mistakes.append(f"{name} is {getattr(self, name)}, must be at least 1")
        return mistakes

    def adds(self) -> Mapping[str, str]:
        return {**super().adds(), "style": "string", "turns": "int"}

    # ------------------------------------------------------------ what is asked of the model

    def prompt(self, passage: Passage, wanted: int, earlier: Sequence[Sample]) -> str:
        low, high = self._rounds(passage.text)
        turns = min(high, max(low, round(len(passage.text) / self.chars_per_turn)))
        opening, *rules = _PROMPTS[self.style]
        rules = [
            rule.format(
                count=2 * turns,
                user=self.max_user_chars,
                assistant=self.max_assistant_chars,
                scene=self.max_scene_chars,
            )
            for rule in rules
        ]
        listed = "\n".join(f"{number}. {rule}" for number, rule in enumerate([*rules, self._form], start=1))
        title = f"标题：{passage.title}\n" if passage.title else ""
        return f"{opening.format(turns=turns)}\n\n要求：\n{listed}\n\n{title}<原文>\n{passage.text.strip()}\n</原文>"

    def _rounds(self, text: str) -> tuple[int, int]:
        """The fewest and the most pairs of turns that a dialogue about a text may have."""
        low, high = read_range(self.turns)
        return min(low, max(1, len(text.strip()) // _CHARS_PER_ROUND)), high

    @property
    def _form(self) -> str:
        scene = '"scene": "……", ' if self.style == "情景" else ""
        return (
            f'只输出 JSON，不要输出其他文字：{{{scene}"messages": '
            '[{"role": "user", "content": "……"}, {"role": "assistant", "content": "……"}, ……]}'
        )

    def reply_schema(self, wanted: int) -> JsonSchema:
        messages = {"type": "array", "items": _TURN, "minItems": 2, "maxItems": 2 * read_range(self.turns)[1]}
        scene: dict[str, JsonSchema] = {"scene": {"type": "string"}} if self.style == "情景" else {}
        return object_schema({**scene, "messages": messages})

    def feedback(self, faults: Sequence[str], accepted: int, missing: int) -> str:
        lines = "\n".join(f"- {fault}" for fault in faults)
        return f"上面的对话不能采用：\n{lines}\n请改好以后把整段对话重新写出来，要求不变。{self._form}"

    # ------------------------------------------------------------ what counts as an answer

    def read(self, text: str) -> Candidates:
        """The dialogue in a reply: under the keys and with the roles that models give them, or turn by turn."""
        parsed = parse_objects(text)
        samples = [*_dialogues_in(parsed.values)]
        return Candidates(tuple(samples), reading_error(parsed.error, len(samples)), parsed.liberties)

    def shape(self, sample: Sample) -> list[Verdict]:
        return []  # `read` takes nothing but strings; roles are for `check_turns`, which says more about them

    def check(self, passage: Passage, samples: Sequence[Sample], earlier: Sequence[Sample]) -> list[list[Verdict]]:
        return [self._check_dialogue(passage, sample) for sample in samples]

    def _check_dialogue(self, passage: Passage, sample: Sample) -> list[Verdict]:
        messages, lengths = sample["messages"], (self.max_user_chars, self.max_assistant_chars)
        found = check_turns(messages, self._rounds(passage.text), lengths, passage.text)
        if self.style == "情景":
            found = [one for one in found if one.check != "unclear_beginning"]
            return self._check_scene(sample) + found + _check_relation(passage.text, sample)
        if found and found[0].check == "wrong_roles":
            return found
        return found + [
            Verdict(verdict.check, f"第 {number} 轮：{verdict.why}")
            for number, pair in enumerate(_rounds(messages), start=1)
            for verdict in _check_answer(passage.text, *pair)
        ]

    def _check_scene(self, sample: Sample) -> list[Verdict]:
        scene = sample.get("scene", "")
        if not (count := count_characters(scene)):
            return [Verdict("no_scene", "没有写 scene：在哪里、发生什么、用户和助手各是谁")]
        if count > self.max_scene_chars:
            return [Verdict("too_long_scene", f"scene 有 {count} 个字，最多 {self.max_scene_chars} 个字")]
        return []

    # ------------------------------------------------------------ rows

    def row(self, passage: Passage, sample: Sample) -> tuple[list[Message], Meta]:
        turns: list[Message] = [
            {"role": message["role"], "content": message["content"]} for message in sample["messages"]
        ]
        scene: list[Message] = [{"role": "system", "content": sample["scene"]}] if self.style == "情景" else []
        return [*scene, *turns], {"style": self.style, "turns": len(turns) // 2}


_ALTERNATE = "用户先说，助手后说，轮流进行，共 {count} 条消息，最后一条是助手的。"
_LENGTHS = "用户每次不超过 {user} 个字，助手每次不超过 {assistant} 个字（标点不计）；各条消息互不重复。"
_PROMPTS: Mapping[str, tuple[str, ...]] = {
    "讲解": (
        "请根据原文写一段 {turns} 轮对话：用户一步步提问，助手根据原文讲解。",
        _ALTERNATE,
        "助手的话只能来自原文；数字、人名、地名、单位、肯定与否定都与原文一致，不补充原文以外的知识。",
        "第一个问题单独拿出来也能看懂，主语明确，不用代词；后面的问题承接前面的回答，由浅入深。",
        "双方都没有在看原文：不说“文中”“原文”“上文”“这段话”“根据材料”。",
        _LENGTHS,
        "不寒暄，不致谢；content 里只写说的话，不写“用户：”“助手：”。",
    ),
    "情景": (
        "请从原文取一个情景，写一段 {turns} 轮对话：用户和助手各扮演其中一个人物，或者谈起与原文有关的日常话题。",
        "先用一句话写出情景 scene：在哪里，发生什么，用户是谁，助手是谁；不超过 {scene} 个字。",
        _ALTERNATE,
        "说话像真人：口语、简短、合乎身份；人物、地点、事情不与原文矛盾。",
        "双方都没有在看原文：不说“文中”“原文”“上文”“这段话”“根据材料”。",
        _LENGTHS,
        "content 里只写说的话，不写说话人的名字，也不写动作和旁白。",
    ),
}


def _rounds(messages: Sequence[Mapping[str, str]]) -> list[tuple[str, str]]:
    """What the user said and what the assistant answered."""
    said = [message["content"] for message in messages]
    return list(zip(said[::2], said[1::2], strict=True))


def _check_answer(text: str, question: str, answer: str) -> list[Verdict]:
    """Whether an answer comes from the passage; a question within a dialogue may lean on what was said before."""
    (general,) = check_pairs(prepared(text), [(question, answer)], _ANY_LENGTH, _ANY_LENGTH)
    found = [verdict for verdict in general if verdict.check in _GROUNDED]
    return found or check_grounding(prepared(text), question, answer)


def _check_relation(text: str, sample: Sample) -> list[Verdict]:
    """Whether a dialogue shares as much with its passage as texts about one thing do."""
    said = "".join([sample.get("scene", ""), *(message["content"] for message in sample["messages"])])
    pieces = _pairs_of_characters(prepare(said).folded)
    if len(pieces & _pairs_of_characters(prepared(text).folded)) >= _LEAST_SHARE * len(pieces):
        return []
    return [Verdict("unrelated", "对话与原文无关")]


def _pairs_of_characters(folded: str) -> set[str]:
    return {folded[at : at + 2] for at in range(len(folded) - 1)}


def _dialogues_in(values: Iterable[Mapping[str, Any]]) -> Iterator[Sample]:
    loose: list[dict[str, str]] = []
    for value in values:
        listed = next((value[name] for name in _LISTS if isinstance(value.get(name), list)), None)
        if listed is None:
            loose += _turns_in(value)
            continue
        scene = value.get("scene", value.get("情景"))
        turns = [turn for one in listed if isinstance(one, dict) for turn in _turns_in(one)]
        if turns:
            yield {"messages": turns} | ({"scene": scene.strip()} if isinstance(scene, str) else {})
    if loose:
        yield {"messages": loose}


def _turns_in(one: Mapping[str, Any]) -> list[dict[str, str]]:
    """A turn, or the turns of an object that has a key for each side."""
    role = next((one[key] for key in _ROLE_KEYS if isinstance(one.get(key), str)), None)
    content = next((one[key] for key in _CONTENT_KEYS if isinstance(one.get(key), str)), None)
    if role is not None and content is not None:
        return [{"role": _ROLE_NAMES.get(role.strip().lower(), role), "content": content.strip()}]
    sides = [(name, one[key]) for key in one if (name := _ROLE_NAMES.get(key.strip().lower()))]
    return [{"role": name, "content": text.strip()} for name, text in sides if isinstance(text, str)]
