"""Dialogues about passages: what is asked, which are taken, how they become rows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pytest
from datasets import load_dataset

from builders.document import Document
from generators.demo.chat import ChatRequest
from generators.demo.server import Endpoint
from generators.dialogues import Dialogues
from generators.task import Passage
from tests.generators.conversing import converse, rows_of
from tests.running import Siku
from validators.errors import SikuError

TIDES = (
    "潮汐是海水在月亮和太阳的引力下有规律的涨落。月亮离地球近，所以它的作用大约是太阳的2倍。"
    "每逢初一和十五，三者差不多在一条直线上，潮水涨得最高，渔民称它为大潮。"
)
SAID = (
    *("潮汐是什么？", "潮汐是海水在月亮和太阳的引力下有规律的涨落。"),
    *("为什么月亮的作用更大？", "月亮离地球近，它的作用大约是太阳的2倍。"),
)
MORE = ("那什么时候涨得最高？", "每逢初一和十五，潮水涨得最高，渔民称它为大潮。")
SCENE = "海边的渡口，潮水正在涨；用户是赶路的少年，助手是撑船的渔民。"
ACTED = ("大叔，能过河吗？", "等等吧，初一的大潮，水正涨着呢。", "要等多久？", "潮水有规律的涨落，晌午就退了。")


def passage(task: Dialogues, text: str = TIDES) -> Passage:
    return task.passage_of(Document("科普-1", text))


def messages(*contents: str) -> list[dict[str, str]]:
    return [{"role": ("user", "assistant")[number % 2], "content": one} for number, one in enumerate(contents)]


def reply(*contents: str, **more: str) -> dict[str, Any]:
    return {**more, "messages": messages(*contents)}


# ---------------------------------------------------------------- what is asked


@pytest.mark.parametrize(("chars", "turns"), [(40, 1), (60, 2), (180, 3), (240, 4), (2000, 5)])
def test_longer_passages_are_talked_about_longer(chars: int, turns: int) -> None:
    task = Dialogues()
    prompt = task.prompt(passage(task, "潮" * chars), 1, [])
    assert f"写一段 {turns} 轮对话" in prompt and f"共 {2 * turns} 条消息" in prompt


def test_the_schema_has_the_turns_and_only_a_scene_where_one_is_wanted() -> None:
    explained, acted = Dialogues(turns="2-3").reply_schema(1), Dialogues(style="情景").reply_schema(1)
    assert list(explained["properties"]) == ["messages"] and list(acted["properties"]) == ["scene", "messages"]
    assert (explained["properties"]["messages"]["minItems"], explained["properties"]["messages"]["maxItems"]) == (2, 6)


def test_settings_that_cannot_be() -> None:
    with pytest.raises(
        SikuError, match=r"turns: '5-2'.*style is '朗诵', must be '讲解' or '情景'; max_user_chars is 0"
    ):
        Dialogues(turns="5-2", style="朗诵", max_user_chars=0)  # type: ignore[arg-type]


# ---------------------------------------------------------------- what is taken


def test_a_dialogue_is_one_row_with_the_id_of_its_passage() -> None:
    task = Dialogues()
    about = passage(task)
    done = converse(task, about, reply(*SAID, *MORE))
    assert len(done.requests) == 1
    assert rows_of(task, about, done) == [([*SAID, *MORE], {"style": "讲解", "turns": 3})]


def test_a_scene_becomes_the_system_message() -> None:
    task = Dialogues(style="情景")
    about = passage(task)
    done = converse(task, about, reply(*ACTED, scene=SCENE))
    ((made, _),) = task.rows(about, done.outcome.samples)
    assert [one["role"] for one in made] == ["system", "user", "assistant", "user", "assistant"]
    assert [one["content"] for one in made] == [SCENE, *ACTED]


@pytest.mark.parametrize(
    "said",
    [
        {"dialogue": messages(*SAID)},
        messages(*SAID),
        "\n".join(orjson.dumps(one).decode() for one in messages(*SAID)),
        {"conversations": [{"from": "human" if n % 2 == 0 else "gpt", "value": one} for n, one in enumerate(SAID)]},
        {"对话": [{"用户": SAID[0], "助手": SAID[1]}, {"用户": SAID[2], "助手": SAID[3]}]},
        f"<think>用户会问什么？</think>好的：\n```json\n{orjson.dumps(reply(*SAID)).decode()}\n```",
        {"messages": [{"role": " User ", "content": f" {SAID[0]}\n"}, *messages(*SAID)[1:]]},
    ],
)
def test_shapes_that_models_give_it(said: Any) -> None:
    task = Dialogues()
    done = converse(task, passage(task), said)
    assert done.outcome.samples == ({"messages": messages(*SAID)},) and len(done.requests) == 1


@pytest.mark.parametrize(
    ("contents", "check", "place"),
    [
        (SAID[:2], "wrong_turns", "对话有 1 轮，要 2 到 5 轮"),
        (SAID[:3], "wrong_roles", "消息要以 user 开始"),
        (("它是什么？", *SAID[1:]), "unclear_beginning", "第 1 条消息里的“它”"),
        ((*SAID[:3], "月亮的作用大约是太阳的7倍，因为它离地球近。"), "ungrounded_answer", "第 2 轮：答案里的数字 7"),
        ((*SAID[:3], "因为月亮由冰和岩石组成，密度非常大。"), "ungrounded_answer", "第 2 轮："),
        ((*SAID, "十五的潮水呢？", "每逢初一和十五，潮水不是涨得最高。"), "wrong_negation", "第 3 轮："),
        ((*SAID[:3], "原文说，月亮离地球近。"), "points_at_text", "第 4 条消息"),
        ((*SAID[:3], "助手：月亮离地球近。"), "role_label", "第 4 条消息"),
        ((*SAID, "潮汐是什么？", MORE[1]), "repeated_turn", "第 5 条消息重复了第 1 条"),
        ((*SAID[:3], "月亮离地球近。" * 30), "too_long_turn", "第 4 条消息有 180 个字，最多 150 个字"),
    ],
)
def test_what_is_wrong_is_told_and_the_whole_is_written_again(
    contents: tuple[str, ...], check: str, place: str
) -> None:
    task = Dialogues(max_assistant_chars=150)
    done = converse(task, passage(task), reply(*contents), reply(*SAID))
    assert check in done.refused()[0], done.told()
    assert any(fault.startswith(f"$：{place}") for fault in done.told()), done.told()
    assert all(fault in done.asked(1) for fault in done.told())
    assert done.outcome.repaired and len(done.requests) == 2


def test_later_questions_may_lean_on_what_was_said() -> None:
    task = Dialogues()
    done = converse(task, passage(task), reply(*SAID[:2], "它和月亮有什么关系？", SAID[3]))
    assert done.refused() == [] and done.outcome.samples


@pytest.mark.parametrize(
    ("said", "check"),
    [
        (reply(*ACTED), "no_scene"),
        (reply(*ACTED, scene="。"), "no_scene"),
        (reply(*ACTED, scene="渡口" * 50), "too_long_scene"),
        (
            reply("老板，来碗面。", "要辣吗？", "不要辣，多放葱花。", "行，马上好。", scene="面馆里，客人点菜。"),
            "unrelated",
        ),
        (
            reply("少年：能过河吗？", "渔民：等等吧，大潮来了。", "少年：要等多久？", "渔民：等潮水退。", scene=SCENE),
            "role_label",
        ),
        (reply("（跑来）能过河吗？", *ACTED[1:], scene=SCENE), "stage_direction"),
    ],
)
def test_scenes_are_judged_by_form(said: dict[str, Any], check: str) -> None:
    task = Dialogues(style="情景")
    done = converse(task, passage(task), said, reply(*ACTED, scene=SCENE))
    assert check in done.refused()[0]
    assert done.outcome.repaired


def test_a_scene_may_begin_with_a_pronoun_and_invent() -> None:
    task = Dialogues(style="情景")
    said = ("这位大叔，过河要几文钱？", "3文。等等吧，大潮还没退。", *ACTED[2:])
    assert converse(task, passage(task), reply(*said, scene=SCENE)).refused() == []


# ---------------------------------------------------------------- all of it


@pytest.mark.parametrize("style", ["讲解", "情景"])
def test_the_examples_end_to_end(style: str, siku: Siku, tmp_path: Path) -> None:
    told = siku("synth-dialogue", "--endpoint", "demo", "--set", f"steps.Dialogues.style={style}", "--json", code=None)
    assert told.code in (0, 1), told.err
    figures = told.json
    assert figures["inputs"] == figures["answered"] + figures["dead"] == 8
    siku("verify", "synth-dialogue")
    rows = list(load_dataset(str(tmp_path / "out/synth-dialogue/1"), cache_dir=str(tmp_path / "cache"))["train"])
    assert len(rows) == figures["rows"] > 0
    for row in rows:
        roles = [message["role"] for message in row["messages"]]
        assert roles == ["system"] * (style == "情景") + ["user", "assistant"] * row["turns"]
        assert row["parents"] == [row["id"]] and row["style"] == style


def test_a_model_that_is_told_mends_its_dialogue(siku: Siku, tmp_path: Path) -> None:
    def answer(request: ChatRequest) -> str:
        contents = SAID if request.texts("assistant") else SAID[:3]
        return orjson.dumps(reply(*contents)).decode()

    (tmp_path / "a.jsonl").write_text(orjson.dumps({"id": "潮", "text": TIDES}).decode() + "\n", encoding="utf-8")
    with Endpoint(answer).running() as url:
        figures = siku("synth-dialogue", "--endpoint", url, "--input", "a.jsonl", "--json").json
    assert (figures["rows"], figures["repaired"], figures["requests"]) == (1, 1, 2)
