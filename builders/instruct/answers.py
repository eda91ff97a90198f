"""Are these answers worth learning from?"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from builders.document import Document, Message, transcript
from builders.instruct.abstracts import han_share
from builders.steps import Edit
from validators.characters import fold
from validators.errors import SikuError
from validators.step import Verdict

_PLACEHOLDER = re.compile(
    r"\W*(?:<|&lt;)\s*(?:no ?output|no ?input|无输出|没有输出|无输入|空)\s*(?:>|&gt;).*"
    r"|\W*(?:no ?output|nan|null|undefined|todo|tbd|无输出|没有输出|待补充|待完善|待定|\[object Object\])\W*",
    re.IGNORECASE | re.DOTALL,
)
_MARKS = re.compile(
    r"<\|(?:im_start|im_end|endoftext|eot_id|start_header_id|user|assistant|system|Human|MOSS)\|>|<eo[hamtcr]>"
    r"|\[/?INST\]|<</?SYS>>|<(?:start|end)_of_turn>"
)
_AI = r"(?:AI|人工智能|语言模型|大型语言模型|大语言模型|机器人|聊天机器人|虚拟助手|助手|程序|计算机程序)"
_UNABLE = r"(?:无法|不能|没有办法|没办法|没有能力|不具备|不会|看不到|未能|没有提供|未提供|没有收到|无权)"
_REFUSALS = re.compile(
    rf"(?:您好|你好)?[，,！!。\s]*(?:"
    rf"(?:很|非常|十分)?(?:抱歉|对不起|遗憾|不好意思).{{0,60}}?{_UNABLE}"
    rf"|(?:作为|身为|我是|由于我是|因为我是)(?:一[个名款])?[^，。\n]{{0,12}}{_AI}.{{0,60}}?{_UNABLE}"
    rf"|(?:我|本模型|模型){_UNABLE}(?:直接)?(?:访问|看到|查看|提供|获取|打开|识别|听|播放|显示|生成|完成|回答|执行|满足|浏览|画|上传)"
    rf"|(?:I'm sorry|I am sorry|Sorry|I apologi[sz]e).{{0,60}}?(?:can't|cannot|unable|not able|can not)"
    rf"|As an? (?:AI|artificial intelligence|language model).{{0,80}}?(?:can't|cannot|don't|do not|unable|not able)"
    rf")",
    re.IGNORECASE | re.DOTALL,
)
_DAMAGE = ("\ufffd", "锟斤拷", "烫烫烫")
_FORGIVEN = 2  # signs of damage
_STACKED = re.compile("[\u0300-\u036f]{8}")
_NOTHING_SAID = re.compile(r"[\s.…。·_~*\-—]{1,8}")  # ？ may be the mark that was asked for, more of them Morse code
_SAMPLE_CHARS = 20_000  # of an answer that is searched for repetition
_RUN_CHARS = 8
_MIN_CHARS_OF_LOOP = 200
_MIN_CHARS_OF_ECHO = 6  # 真的 may well be the right one of two words in the request


@dataclass(frozen=True, kw_only=True)
class Answers(Edit):
    """Refuses conversations by their answers; nothing is changed. Each rule can be switched off.

    An answer is refused that is shorter than `min_answer_chars` or holds no word, stands for a missing one
    (<nooutput>, 待补充), says the last line of the request again (`refuse_echo`), or repeats itself (fewer than
    `min_distinct_share` of its runs of eight characters are new). In any turn, broken text and the marks of a chat
    template (`refuse_marks`) are refused: a tokenizer may take them for its own. A conversation goes as a refusal if
    all of its answers begin with one and have at most `max_refusal_chars`: a longer one says something. 0 keeps all.
    """

    version: ClassVar[int] = 1
    by_turn: ClassVar[bool] = False
    min_answer_chars: int = 1
    max_answer_chars: int = 0  # 0: no limit
    max_refusal_chars: int = 120
    min_distinct_share: float = 0.1  # a table in HTML has 0.17
    min_han_share: float = 0.0  # of Han characters and words of other letters in all turns; 0: any language
    refuse_echo: bool = True
    refuse_marks: bool = True

    def __post_init__(self) -> None:
        for name in ("min_distinct_share", "min_han_share"):
            if not 0 <= getattr(self, name) <= 1:
                raise SikuError(f"Answers.{name} is a share from 0 to 1, not {getattr(self, name)}")
        if self.max_answer_chars and self.max_answer_chars < self.min_answer_chars:
            raise SikuError("Answers.max_answer_chars is below min_answer_chars")

    def __call__(self, document: Document) -> Document | Verdict:
        messages = document.messages or []
        for message in messages:
            if self.refuse_marks and (mark := _MARKS.search(message["content"])):
                return Verdict("marks of a chat template", mark[0])
            if verdict := _broken(message["content"]):
                return verdict
        answers = [message["content"].strip() for message in messages if message["role"] == "assistant"]
        verdicts = (rule(answer) for answer in answers for rule in self._rules())
        return (
            next(filter(None, verdicts), None)
            or self._refusal(answers)
            or self._echo([message["content"] for message in messages])
            or self._language(messages)
            or document
        )

    def _language(self, messages: Sequence[Message]) -> Verdict | None:
        if not self.min_han_share or not messages:
            return None
        share = han_share(transcript([message for message in messages if message["role"] != "system"]))
        if share >= self.min_han_share:
            return None
        return Verdict("not Chinese", f"{share:.0%} Han, {self.min_han_share:.0%} are needed")

    def _rules(self) -> Sequence[Callable[[str], Verdict | None]]:
        return (self._length, _worded, self._loop)

    def _length(self, answer: str) -> Verdict | None:
        if len(answer) < self.min_answer_chars:
            return Verdict("answer too short", f"{len(answer)} characters, {self.min_answer_chars} are needed")
        if 0 < self.max_answer_chars < len(answer):
            return Verdict("answer too long", f"{len(answer):,} characters, {self.max_answer_chars:,} are allowed")
        return None

    def _loop(self, answer: str) -> Verdict | None:
        sample = answer[:_SAMPLE_CHARS]
        if len(sample) < _MIN_CHARS_OF_LOOP:
            return None
        runs = len(sample) - _RUN_CHARS + 1
        share = len({sample[at : at + _RUN_CHARS] for at in range(runs)}) / runs
        if share >= self.min_distinct_share:
            return None
        return Verdict("answer repeats itself", f"only {share:.0%} of the runs of {_RUN_CHARS} characters are new")

    def _refusal(self, answers: Sequence[str]) -> Verdict | None:
        short = [answer for answer in answers if len(answer) <= self.max_refusal_chars and _REFUSALS.match(answer)]
        if not short or len(short) < len(answers):
            return None
        return Verdict("refusal", f"all that is answered is {short[0][:40]!r}")

    def _echo(self, texts: Sequence[str]) -> Verdict | None:
        """Of the last turn only: in a chat people do repeat each other."""
        if not self.refuse_echo or len(texts) < 2:
            return None
        request, answer = texts[-2].strip(), texts[-1].strip()
        last_line = request[-len(answer) - 1 :]
        if len(answer) >= _MIN_CHARS_OF_ECHO and (request == answer or last_line == f"\n{answer}"):
            return Verdict("answer repeats the request", f"all {len(answer):,} characters of it")
        if len(answer) >= _MIN_CHARS_OF_ECHO and len(request) < 4 * len(answer) and fold(request) == fold(answer) != "":
            return Verdict("answer repeats the request", "but for marks and blanks")
        return None


def _worded(answer: str) -> Verdict | None:
    if _PLACEHOLDER.fullmatch(answer):
        return Verdict("placeholder for an answer", repr(answer[:40]))
    if _NOTHING_SAID.fullmatch(answer):
        return Verdict("no word in the answer", repr(answer[:40]))
    return None


def _broken(text: str) -> Verdict | None:
    damaged = sum(text.count(sign) for sign in _DAMAGE)
    if damaged > _FORGIVEN:
        return Verdict("broken encoding", f"{damaged} signs of it")
    if stacked := _STACKED.search(text):
        return Verdict("broken encoding", f"accents without letters: {stacked[0][:3]!r} again and again")
    return None
