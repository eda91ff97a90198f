"""Entries asked in many ways: what is an entry, what the model is asked, what is taken, which rows come of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from datasets import load_dataset

from builders.document import Document
from builders.engine.plan import apply_settings
from builders.instruct.knowledge_forms import DEFINITIONS
from builders.mixing.entries import EntryMixture
from builders.text.entries import Entry, Section, entry_fields
from generators.demo.chat import ChatRequest
from generators.demo.server import Endpoint
from generators.knowledge import Entries, EntryQuestions
from generators.task import Passage
from recipes.synth_knowledge import recipe
from tests.generators.conversing import converse, rows_of
from tests.running import Siku
from validators.errors import SikuError
from validators.step import Verdict

EGRET = (
    "白鹭是鹭科白鹭属的一种中型涉禽，全身羽毛雪白，嘴黑色，脚趾黄色。白鹭常在稻田和湖边的浅水里觅食，以小鱼和虾为食。"
)
REWRITTEN = "白鹭属于鹭科白鹭属，是一种中型涉禽，羽毛全身雪白，嘴呈黑色，脚趾呈黄色。"
ASKED = ["白鹭到底是什么鸟？", "我在湖边看见一只白鹭，能说说白鹭吗？"]


def entry(text: str, title: str = "白鹭", id: str = "7", **meta: Any) -> Document:
    return Document(id, text, {"title": title, **meta})


def passage(task: EntryQuestions, text: str = EGRET, kind: str = "species", id: str = "7", **meta: Any) -> Passage:
    return task.passage_of(Document(id, text, {"title": "白鹭", "entry_type": kind, **meta}))


def defined(document: Document, **settings: Any) -> Document:
    (found,) = made(document, **settings)
    return found


def made(document: Document, **settings: Any) -> list[Document]:
    found = Entries(**settings)(document)
    assert isinstance(found, list), found
    return found


# ---------------------------------------------------------------- what an entry is asked about


def test_of_an_entry_the_definition_is_left() -> None:
    whole = Entry("白鹭", "鹭科鸟类", EGRET, {"纲": "鸟纲"}, [Section("分布", 1, ["白鹭见于长江以南。"])])
    text, fields = entry_fields(whole)
    found = defined(Document("7", text, fields | {"url": "u"}))
    assert (found.id, found.text) == ("7", EGRET)
    assert found.meta == {"title": "白鹭", "sense": "鹭科鸟类", "entry_type": "species", "url": "u"}


def test_of_a_built_article_the_first_paragraph_is_left_and_the_sense_leaves_the_title() -> None:
    found = defined(entry("渡口，又叫津，是乘船过河的地方。\n\n历史\n渡口很早就有。", "渡口 (交通)"))
    assert found.text == "渡口，又叫津，是乘船过河的地方。"
    assert (found.meta["title"], found.meta["sense"]) == ("渡口", "交通")


@pytest.mark.parametrize(
    "text",
    [
        "灯塔\n\n灯塔建在海岸或礁石上，夜里发光，告诉船只自己的位置。",
        "灯塔建在海岸或礁石上，夜里发光，告诉船只自己的位置。",
    ],
)
def test_rows_with_title_and_text_are_entries(text: str, tmp_path: Path) -> None:
    import json

    row = json.dumps({"id": "22", "title": "灯塔", "text": text}, ensure_ascii=False)
    (tmp_path / "a.jsonl").write_text(row + "\n", encoding="utf-8")
    source = EntryMixture()
    (document,) = [one for shard in source.shards([tmp_path]) for one in source.read(shard)]
    assert isinstance(document, Document)
    assert defined(document).text == "灯塔建在海岸或礁石上，夜里发光，告诉船只自己的位置。"


@pytest.mark.parametrize(
    ("document", "check"),
    [
        (entry("没有标题的一段话，不知道说的是什么。", ""), "no title"),
        (entry("白鹭是鸟。"), "no definition"),
        (entry("白鹭可以指：\n\n白鹭（鸟类）\n白鹭（歌曲）"), "list of senses"),
        (entry("白鹭有下列几种亚种：\n\n指名亚种"), "list of senses"),
        (entry("白鹭可能指下列事物之一：\n白鹭（鸟类）"), "list of senses"),
    ],
)
def test_what_cannot_be_asked_about_is_refused(document: Document, check: str) -> None:
    verdict = Entries()(document)
    assert isinstance(verdict, Verdict) and verdict.check == check


def test_a_title_line_is_no_definition_and_a_text_without_its_subject_is_told_it() -> None:
    found = defined(entry("百合 (艺术类型)\n\n百合是动漫和同人小说领域的概念，指女性之间的爱慕。", "百合 (艺术类型)"))
    assert (found.text, found.meta["sense"]) == ("百合是动漫和同人小说领域的概念，指女性之间的爱慕。", "艺术类型")
    found = defined(entry("浙江慈溪人，东吴大学肄业。曾任火柴厂厂长，人称冯老板。", "冯梯云"))
    assert found.text == "冯梯云：浙江慈溪人，东吴大学肄业。曾任火柴厂厂长，人称冯老板。"
    found = defined(entry("地质公园是自然区域的一种，有如下分类。其中最著名的几座是：", "地质公园"))
    assert found.text == "地质公园是自然区域的一种，有如下分类。"


def test_a_long_definition_ends_with_a_sentence() -> None:
    found = defined(entry("白鹭是一种涉禽。" * 40), max_chars=50)
    assert found.text == "白鹭是一种涉禽。" * 6


# ---------------------------------------------------------------- what the model is asked


def test_longer_entries_are_asked_in_more_ways_and_templates_have_their_share() -> None:
    assert [sum(EntryQuestions(templates=0.0).how_many("白" * chars)) for chars in (30, 120, 500)] == [6, 7, 11]
    for share, wanted in ((0.0, 6), (0.5, 3), (0.9, 1)):
        assert EntryQuestions(templates=share).how_many("白" * 500)[0] == wanted
    assert EntryQuestions(pairs="1").how_many("白" * 500) == (1, 1)


def test_the_prompt_has_the_entry_and_every_template() -> None:
    task = EntryQuestions()
    prompt = task.prompt(passage(task, sense="鹭科鸟类"), 2, [{"question": "白鹭是啥？"}])
    assert (
        "写出 2 种问法" in prompt
        and "<词条>白鹭（鹭科鸟类）</词条>" in prompt
        and f"<原文>\n{EGRET}\n</原文>" in prompt
    )
    assert [
        form.question for form in DEFINITIONS["species"] if form.question.replace("X", "白鹭（鹭科鸟类）") not in prompt
    ] == []
    assert "白鹭是啥？" in prompt and "看得出问的是“鹭科鸟类”" in prompt and '"answer"' in prompt


def test_answers_from_the_source_are_not_asked_for() -> None:
    task = EntryQuestions(answers="source")
    assert "answer" not in task.prompt(passage(task), 2, []) and "答案" not in task.prompt(passage(task), 2, [])
    assert list(task.reply_schema(2)["properties"]) == ["questions"]


@pytest.mark.parametrize(
    ("settings", "wrong"),
    [
        ({"pairs": "6-3"}, "pairs: '6-3'"),
        ({"templates": 1.0}, "templates is 1.0"),
        ({"answers": "invented"}, "answers is 'invented'"),
        ({"max_question_chars": 0, "temperature": -1}, "temperature is -1.*max_question_chars is 0"),
    ],
)
def test_settings_that_cannot_be(settings: dict[str, Any], wrong: str) -> None:
    with pytest.raises(SikuError, match=wrong):
        EntryQuestions(**settings)


# ---------------------------------------------------------------- what is taken


def test_one_request_gives_templates_and_paraphrases_with_one_answer() -> None:
    task = EntryQuestions(pairs="4")
    about = passage(task)
    done = converse(task, about, {"questions": ASKED, "answer": REWRITTEN})
    rows = rows_of(task, about, done)
    assert len(done.requests) == 1 and [meta["wording"] for _, meta in rows] == ["template"] * 2 + ["model"] * 2
    assert [turns[0] for turns, _ in rows[2:]] == ASKED
    assert [meta["question_form"] for _, meta in rows[2:]] == ["X到底是什么鸟？", "我在湖边看见一只X，能说说X吗？"]
    assert all(turns[1].endswith(REWRITTEN) for turns, _ in rows)
    forms = {form.question: form for form in DEFINITIONS["species"]}
    for turns, meta in rows[:2]:
        form = forms[meta["question_form"]]
        assert turns == [form.question.replace("X", "白鹭"), form.opening + REWRITTEN]


def test_answers_from_the_source_are_its_sentences() -> None:
    task = EntryQuestions(pairs="4", answers="source", max_answer_chars=40)
    about = passage(task)
    rows = rows_of(task, about, converse(task, about, {"questions": ASKED}))
    assert {turns[1].removeprefix("听说过。").removeprefix("认识。") for turns, _ in rows} == {EGRET[:32]}


def test_a_question_for_one_sentence_gets_one() -> None:
    task = EntryQuestions(pairs="1", answers="source")
    about = passage(task)
    ((turns, _),) = rows_of(task, about, converse(task, about, {"questions": ["请用一句话讲讲白鹭。"]}))
    assert turns[1] == EGRET[:32]


@pytest.mark.parametrize(
    "reply",
    [
        {"问法": ASKED, "答案": REWRITTEN},
        {"questions": [{"question": ASKED[0], "answer": REWRITTEN}, {"question": ASKED[1]}], "answer": REWRITTEN},
        [{"question": one, "answer": REWRITTEN} for one in ASKED],
        f'<think>想一想</think>```json\n{{"questions": ["{ASKED[0]}", "{ASKED[1]}"]}}\n```\n{{"answer": "{REWRITTEN}"}}',
    ],
)
def test_shapes_that_models_give_it(reply: Any) -> None:
    task = EntryQuestions(pairs="2", templates=0.0)
    done = converse(task, passage(task), reply)
    assert done.outcome.samples == tuple({"question": one, "answer": REWRITTEN} for one in ASKED)


@pytest.mark.parametrize(
    ("question", "check"),
    [
        ("它是什么鸟？", "unnamed_entry"),
        ("白鹭它是什么鸟？", "pronoun_question"),
        ("文中的白鹭是什么？", "pronoun_question"),
        ("“白鹭”是什么生物？", "duplicate_question"),  # a template
        ("白鹭有多重？", "asks_detail"),
        ("白鹭是一种美丽的鸟。", "no_question"),
        ("请问刚搬到湖边住的老人和孩子们早晚看到的白鹭是什么？", "too_long_question"),
        ("", "empty"),
    ],
)
def test_a_way_of_asking_that_is_refused_is_told_and_asked_for_again(question: str, check: str) -> None:
    task = EntryQuestions(pairs="2", templates=0.0)
    done = converse(
        task, passage(task), {"questions": [question], "answer": REWRITTEN}, {"questions": ASKED, "answer": REWRITTEN}
    )
    assert check in done.refused()[0]
    assert done.told()[0].startswith("$.questions[0]：") and done.told()[0] in done.asked(1)
    assert len(done.requests) == 2 and done.outcome.repaired


@pytest.mark.parametrize(
    ("answer", "check"),
    [
        (REWRITTEN.replace("白鹭属于鹭科白鹭属，", "它"), "unnamed_answer"),
        (REWRITTEN.replace("雪白", "雪白，约重500克"), "ungrounded_answer"),
        (EGRET.replace("常在", "不在"), "wrong_negation"),
        (EGRET.replace("黑色", "红色"), "wrong_name"),
        ("白鹭是鸟。", "too_short_answer"),
        ("白鹭是中型涉禽，全身羽毛雪白，嘴黑色，真好看啊！", "informal_answer"),
        ("原文说，" + REWRITTEN, "points_at_text"),
        (EGRET * 8, "too_long_answer"),
        ("", "empty"),
    ],
)
def test_an_answer_that_is_refused_is_told_once(answer: str, check: str) -> None:
    task = EntryQuestions(pairs="2", templates=0.0)
    done = converse(
        task, passage(task), {"questions": ASKED, "answer": answer}, {"questions": ASKED, "answer": REWRITTEN}
    )
    assert [check in verdicts for verdicts in done.refused()] == [True, True], done.refused()
    assert done.asked(1).count("- $.answer：") == len(done.refused()[0])
    assert [sample["question"] for sample in done.outcome.samples] == ASKED


def test_an_entry_without_a_good_answer_is_a_dead_letter() -> None:
    task = EntryQuestions(repairs=1, fresh_samples=1)
    done = converse(task, passage(task), {"questions": ASKED})
    assert done.outcome.dead and done.outcome.dead.check == "no valid sample: empty" and len(done.requests) == 3


def test_seed_and_id_decide_the_templates() -> None:
    def forms(id: str, **settings: Any) -> list[str]:
        task = EntryQuestions(pairs="6", **settings)
        about = passage(task, id=id)
        made = task.rows(about, [{"question": ASKED[0], "answer": REWRITTEN}])
        return [meta["question_form"] for _, meta in made[:-1]]

    assert forms("7") == forms("7") != forms("8") != forms("7", seed=1) != forms("7")
    assert len({form for number in range(200) for form in forms(str(number))}) == len(DEFINITIONS["species"])


# ---------------------------------------------------------------- all of it


def test_entries_of_every_kind_end_to_end(siku: Siku, tmp_path: Path) -> None:
    told = siku("synth-knowledge", "--endpoint", "demo", "--json", code=None)
    assert told.code in (0, 1)
    figures = told.json
    assert figures["inputs"] == figures["answered"] + figures["dead"] > 0
    siku("verify", "synth-knowledge")
    rows = list(load_dataset(str(tmp_path / "out/synth-knowledge/1"), cache_dir=str(tmp_path / "cache"))["train"])
    assert len(rows) == figures["rows"] and {row["wording"] for row in rows} == {"template", "model"}
    for row in rows:
        assert [message["role"] for message in row["messages"]] == ["user", "assistant"]
        (parent,) = row["parents"]
        assert row["id"].startswith(f"{parent}-000") and row["prompt"] == "EntryQuestions/1"


def scripted(request: ChatRequest) -> str:
    assert "水磨坊" in request.texts("user")[0]
    return '{"questions": ["水磨坊到底是什么？", "有人知道水磨坊吗？"], "answer": "水磨坊是作坊，用水流推动石磨。"}'


def test_a_built_dataset_is_asked_about_once(siku: Siku, tmp_path: Path) -> None:
    siku("build", "wiki-pretrain", "--limit", "1")
    endpoint = Endpoint(scripted)
    words = ("synth-knowledge", "--input", "wiki-pretrain", "--pairs", "4", "--json")
    with endpoint.running() as url:
        first = siku(*words, "--endpoint", url).json
        again = siku(*words, "--endpoint", url).json
    assert (first["inputs"], first["rows"], endpoint.requests) == (1, 4, 1)
    assert again["requests"] == 0 and again["rows"] == 4
    other = apply_settings(recipe, ["steps.EntryQuestions.answers=source", "steps.EntryQuestions.templates=0.25"])
    assert isinstance(other.steps[2], EntryQuestions) and other.steps[2].answers == "source"
