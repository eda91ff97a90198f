"""docs/prompts.md shows every prompt as the model sees it, and a prompt that changes has to raise its version.

`python -m tests.test_prompts_doc` writes the prompts into the page, and the digests of new versions into `prompts.json`.
It never changes the digest of a version that is there.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from builders.document import Document, Message
from generators.dialogues import Dialogues
from generators.knowledge import EntryQuestions
from generators.question_answers import QuestionAnswers
from generators.task import Sample, Task
from tests.generators.conversing import converse
from tests.running import HOME

PAGE = HOME / "docs" / "prompts.md"
GOLDEN = Path(__file__).with_name("prompts.json")
BLOCK = re.compile(r"(<!-- ([\w -]+) -->\n)```(\w+)\n[^`]*```")

TEXT = (
    "白鹭是鹭科白鹭属的一种中型涉禽，全身羽毛雪白，嘴黑色，脚趾黄色。"
    "它常在稻田和湖边的浅水里觅食，以小鱼和虾为食，每窝产3到6枚卵。"
)
SAMPLE = Document("7", TEXT, {"title": "白鹭", "entry_type": "species"})
ANSWER = "白鹭是鹭科白鹭属的中型涉禽，羽毛全身雪白，嘴呈黑色，脚趾呈黄色。"
GOOD_PAIR = {"question": "白鹭的嘴是什么颜色？", "answer": "黑色。"}
BAD: dict[str, Any] = {
    "QuestionAnswers": {
        "pairs": [
            GOOD_PAIR,
            {"question": "它吃什么？", "answer": "以小鱼和虾为食。"},
            {"question": "白鹭每窝产几枚卵？", "answer": "每窝产8枚卵。"},
        ]
    },
    "EntryQuestions": {"questions": ["白鹭每窝产几枚卵？", "它是什么鸟？"], "answer": "它好看极了！全身雪白。"},
    "Dialogues": {
        "messages": [
            {"role": "user", "content": "它是什么鸟？"},
            {"role": "assistant", "content": "原文说，白鹭是一种中型涉禽。"},
        ]
    },
}
TASKS: dict[str, Sequence[Task]] = {
    "QuestionAnswers": [QuestionAnswers(), QuestionAnswers(model_judge=True)],
    "EntryQuestions": [EntryQuestions(), EntryQuestions(answers="source")],
    "Dialogues": [Dialogues(), Dialogues(style="情景")],
}


def as_text(messages: Sequence[Message]) -> str:
    return "\n\n".join(f"[{message['role']}]\n{message['content']}" for message in messages) + "\n"


def as_json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False) + "\n"


def first_request(task: Task) -> tuple[str, str]:
    """What a task asks first about the sample, and the schema of the reply."""
    passage = task.passage_of(SAMPLE)
    return as_text(task.question(passage, passage.wanted)), as_json(task.reply_schema(passage.wanted))


def feedback(task: Task, bad: object) -> str:
    """What the model is told about a bad reply."""
    return as_text([converse(task, task.passage_of(SAMPLE), bad).requests[1].messages[-1]])


def judged() -> tuple[str, str]:
    task = QuestionAnswers(model_judge=True)
    request = task.judge(task.passage_of(SAMPLE), [GOOD_PAIR])
    assert request
    return as_text(request.messages), as_json(request.schema)


def blocks() -> dict[str, str]:
    """The blocks of the page by their names."""
    found: dict[str, str] = {}
    for name, tasks in TASKS.items():
        found[f"{name} feedback"] = feedback(tasks[0], BAD[name])
    questions, rewritten, source = QuestionAnswers(), EntryQuestions(), EntryQuestions(answers="source")
    explained, acted = Dialogues(), Dialogues(style="情景")
    named: dict[str, Task] = {"QuestionAnswers": questions, "EntryQuestions rewritten": rewritten}
    named |= {"EntryQuestions source": source, "Dialogues explained": explained, "Dialogues acted": acted}
    for name, task in named.items():
        found[name], found[f"{name} schema"] = first_request(task)
    found["QuestionAnswers judge"], found["QuestionAnswers judge schema"] = judged()
    return found


def real_page() -> str:
    made = blocks()
    return BLOCK.sub(lambda block: f"{block[1]}```{block[3]}\n{made[block[2]]}```", PAGE.read_text(encoding="utf-8"))


def test_the_page_shows_every_prompt_as_it_is() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert sorted(found[2] for found in BLOCK.finditer(page)) == sorted(blocks())
    assert real_page() == page
    assert [task.prompt_name for tasks in TASKS.values() for task in tasks if f"`{task.prompt_name}`" not in page] == []


def test_every_rule_of_a_prompt_has_its_reason() -> None:
    page = PAGE.read_text(encoding="utf-8")
    for name, text in blocks().items():
        rules = re.findall(r"^(\d)\. ", text, re.MULTILINE)
        if rules and "judge" not in name and "feedback" not in name:
            reasons = page.partition(f"<!-- {name} -->")[2].partition("Why:\n\n")[2].partition("\n\n")[0]
            assert re.findall(r"^(\d)\. ", reasons, re.MULTILINE) == rules, name


# ---------------------------------------------------------------- a changed prompt has a new version


def everything_said(task: Task) -> Iterator[object]:
    """All that a task says to a model, in many situations."""
    earlier: list[Sample] = [GOOD_PAIR]
    untitled = Document("8", TEXT * 20)
    sense = Document("9", TEXT, {"title": "白鹭", "sense": "鹭科鸟类", "entry_type": "work"})
    for document in (SAMPLE, untitled, sense):
        passage = task.passage_of(document)
        for wanted in (1, passage.wanted):
            for known in ([], earlier):
                yield [list(task.question(passage, wanted, known)), task.reply_schema(wanted)]
    yield [
        task.feedback(["$：甲", "$.questions[0]：答案乙"], accepted, missing)
        for accepted in (0, 2)
        for missing in (1, 3)
    ]
    judge = task.judge(task.passage_of(SAMPLE), earlier)
    yield judge and [list(judge.messages), judge.schema]


def digest(tasks: Sequence[Task]) -> str:
    said = [list(everything_said(task)) for task in tasks]
    return sha256(json.dumps(said, ensure_ascii=False, sort_keys=True).encode()).hexdigest()


def complaint(tasks: Sequence[Task], golden: dict[str, str]) -> str:
    """What is wrong with the version of a prompt, nothing where all is well."""
    name = tasks[0].prompt_name
    if name not in golden:
        return f"{name} is new: python -m tests.test_prompts_doc"
    return "" if golden[name] == digest(tasks) else f"the prompt of {name} has changed: raise its version"


@pytest.mark.parametrize("name", TASKS)
def test_a_prompt_is_the_one_of_its_version(name: str) -> None:
    assert complaint(TASKS[name], json.loads(GOLDEN.read_text(encoding="utf-8"))) == ""


def test_a_changed_prompt_without_a_new_version_is_noticed() -> None:
    class Changed(QuestionAnswers):
        def feedback(self, faults: Sequence[str], accepted: int, missing: int) -> str:
            return super().feedback(faults, accepted, missing) + "谢谢。"

    golden = json.loads(GOLDEN.read_text(encoding="utf-8"))
    Changed.__name__ = "QuestionAnswers"
    tasks = [Changed(), Changed(model_judge=True)]
    assert "raise its version" in complaint(tasks, golden)
    Changed.version = QuestionAnswers.version + 1
    assert "is new" in complaint(tasks, golden)


if __name__ == "__main__":
    PAGE.write_text(real_page(), encoding="utf-8")
    kept = json.loads(GOLDEN.read_text(encoding="utf-8")) if GOLDEN.exists() else {}
    kept = {one[0].prompt_name: digest(one) for one in TASKS.values()} | kept
    GOLDEN.write_text(json.dumps(kept, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    sys.exit(0)
