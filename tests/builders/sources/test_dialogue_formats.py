"""Every format of conversations to turns that alternate; what is no conversation says why."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from builders.sources.dialogue_formats import FORMATS, normalise_dialogue, read_unit, rows_of_json
from builders.sources.dialogue_mapping import mapped
from builders.sources.dialogue_rows import UnfitError, without_token_blanks

QA = {"question": "雪停了吗", "answer": "停了"}


def talks(format: str, raw: Any) -> list[list[str]]:
    """`user`s and `assistant`s are told by their place, and a system message by `系统：`."""
    found = normalise_dialogue(format, raw).conversations
    told = []
    for turns in found:
        front = [f"系统：{turn['content']}" for turn in turns if turn["role"] == "system"]
        rest = turns[len(front) :]
        assert [turn["role"] for turn in rest] == ["user", "assistant"] * (len(rest) // 2)
        told.append([*front, *(turn["content"] for turn in rest)])
    return told


@pytest.mark.parametrize(
    ("raw", "told"),
    [
        (["雪 停 了 吗 ？", "停 了 。"], [["雪停了吗？", "停了。"]]),
        (["雪 停 了", "停 了", "走 吧"], [["雪停了", "停了"]]),
        (["雪 停 了 吗"], []),
        ([], []),
        (["雪 停 了", "  "], []),
        (["甲", "乙", "", "丁"], [["甲", "乙\n丁"]]),
        (["看 hello world 吗", "好 。 。 。 . . ."], [["看hello world吗", "好。。。..."]]),
        (["雪 停 了\t吗", "　停　了\xa0。　"], [["雪停了吗", "停了。"]]),
        (["買 了 兩 張 票", "𠮷 野 家 見"], [["買了兩張票", "𠮷野家見"]]),
    ],
)
def test_lccc(raw: list[str], told: list[list[str]]) -> None:
    assert talks("lccc", raw) == told


def test_blanks_of_a_tokeniser() -> None:
    assert without_token_blanks("2 0 1 9 年 的 iphone 8 ，  don ' t buy , ok ？") == "2019年的iphone 8，don't buy, ok？"


@pytest.mark.parametrize(
    ("raw", "told"),
    [
        ("E\nM 雪停了\nM 停了\nE\nM 走\nM 好\n", [["雪停了", "停了"], ["走", "好"]]),
        ("M 雪停了\nM 停了\nM 走\nE\nE\nE\nM 只有一句\n", [["雪停了", "停了"]]),
        ("\ufeffE\r\nM 雪停了\r\nM 停了\r\n", [["雪停了", "停了"]]),
        ("E\nM 雪停了\n还下吗\nM 停了\n\n", [["雪停了\n还下吗", "停了"]]),
        ("E\nM E\nM M\nE", [["E", "M"]]),
        ("E\nM 雪停了\nM\nM 走吧\nM 好", [["雪停了\n走吧", "好"]]),
        ("E\nM 一/二\nM 三 四\n", [["一/二", "三 四"]]),
        ("没有标记\n", []),
        ("", []),
    ],
)
def test_xiaohuangji(raw: str, told: list[list[str]]) -> None:
    assert talks("xiaohuangji", raw) == told


def test_subtitle() -> None:
    assert talks("subtitle", "E\nM 雪/停/了/？\nM 停/了\nE\nM /\nM 好\n") == [["雪停了？", "停了"]]


def test_douban() -> None:
    raw = "1\t雪 停 了\t停 了\t走\t好 的\n0\t雪 停 了\t吃 面\n1\t在 吗\t在 的\t哦\nx\t甲\t乙\n1\t甲\n"
    assert talks("douban", raw) == [["雪停了", "停了", "走", "好的"], ["在吗", "在的"]]


def test_tieba() -> None:
    raw = "雪 停了 吗\t停了 没有\n没有答案\n问\t \n\t答\n问\t答\t又答\n"
    assert talks("tieba", raw) == [["雪 停了 吗", "停了 没有"], ["问", "答\t又答"]]


def test_qingyun() -> None:
    raw = "雪停了吗 | 停了\n没有分隔\n问 | \na|b | c|d | e\r\n"
    assert talks("qingyun", raw) == [["雪停了吗", "停了"], ["a|b", "c|d | e"]]


def test_ptt_csv() -> None:
    raw = '\ufeffquestion,answer\n雪停了嗎,沒有資料\n"他說,""停了""",對\n空,\n問,有資料\n'
    assert talks("ptt_csv", raw) == [['他說,"停了"', "對"], ["問", "有資料"]]
    assert normalise_dialogue("ptt_csv", "question,answer\n問,沒有資料\n") == ([], None)


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ({"instruction": "写雪", "input": "五言", "output": "白"}, [["写雪\n五言", "白"]]),
        ({"instruction": "写雪", "input": "", "output": "白"}, [["写雪", "白"]]),
        ({"instruction": "写雪", "input": None, "output": "白"}, [["写雪", "白"]]),
        ({"instruction": "写雪", "output": "白"}, [["写雪", "白"]]),
        ({"instruction": "写雪", "input": " <NoInput> ", "output": "白"}, [["写雪", "白"]]),
        ({"instruction": "", "input": "写雪", "output": "白"}, [["写雪", "白"]]),
        ({"instruction": "一加一", "input": "", "output": 2}, [["一加一", "2"]]),
        ({"instruction": "写", "output": "  def f():\n"}, [["写", "  def f():\n"]]),
        (
            {"instruction": "走吗", "output": "走", "system": "你是向导", "history": [["在吗", "在"]]},
            [["系统：你是向导", "在吗", "在", "走吗", "走"]],
        ),
        ({"instruction": "", "input": "", "output": "白"}, []),
        ({"instruction": "写", "output": ["白"]}, []),
        ({"output": "白"}, []),
    ],
)
def test_alpaca(row: dict[str, Any], told: list[list[str]]) -> None:
    assert talks("alpaca", row) == told


@pytest.mark.parametrize(
    ("format", "row"),
    [
        ("alpaca", {"instruction": "写雪", "input": "", "output": ""}),
        ("alpaca", {"instruction": "写雪", "output": None}),
        ("firefly", {"input": "写雪", "target": "\n　"}),
        ("baike_qa", {"title": "雪", "desc": "", "answer": ""}),
        ("belle_multiturn", {"instruction": "Human:在吗\nAssistant:在\nHuman:走\nAssistant:", "output": " "}),
        ("sharegpt", {"conversations": [{"from": "human", "value": "在吗"}, {"from": "gpt", "value": ""}]}),
    ],
)
def test_a_sample_without_an_answer(format: str, row: dict[str, Any]) -> None:
    assert normalise_dialogue(format, row) == ([], "empty_answer")


@pytest.mark.parametrize(
    ("instruction", "output", "told"),
    [
        ("Human:在吗\nAssistant:在\nHuman:走吗\nAssistant:", "走", [["在吗", "在", "走吗", "走"]]),
        ("Human: 在吗\n\nAssistant: 在\nHuman:走吗\nAssistant:\n", "走", [["在吗", "在", "走吗", "走"]]),
        (
            "Human:他说 Assistant: 是什么\n意思Human:？\nAssistant:",
            "助手",
            [["他说 Assistant: 是什么\n意思Human:？", "助手"]],
        ),
        ("Human:在吗\nHuman:走吗\nAssistant:", "走", [["在吗\n走吗", "走"]]),
        ("Human:在吗\nAssistant:在，", "走", [["在吗", "在，\n走"]]),
        ("Assistant:欢迎\nHuman:在吗\nAssistant:", "在", [["在吗", "在"]]),
        ("没有标记", "好", [["没有标记", "好"]]),
        (" Human:缩进的不是标记\nAssistant:", "好", [["Human:缩进的不是标记", "好"]]),
    ],
)
def test_belle_multiturn(instruction: str, output: str, told: list[list[str]]) -> None:
    assert talks("belle_multiturn", {"instruction": instruction, "input": "", "output": output}) == told


@pytest.mark.parametrize(
    ("turns", "told"),
    [
        ([("human", "在吗"), ("gpt", "在")], [["在吗", "在"]]),
        ([("system", "你是向导"), ("human", "在吗"), ("gpt", "在")], [["系统：你是向导", "在吗", "在"]]),
        ([("gpt", "欢迎"), ("human", "在吗"), ("human", "？"), ("gpt", "在"), ("human", "走")], [["在吗\n？", "在"]]),
        ([("human", "在吗"), ("system", "晚到"), ("gpt", "在")], [["在吗", "在"]]),
        ([("Human", "在吗"), (" GPT ", "在")], [["在吗", "在"]]),
        ([("阿禾", "在吗"), ("老周", "在"), ("阿禾", "走")], [["在吗", "在"]]),
        ([("阿禾", "在吗"), ("老周", "在"), ("小雨", "走")], []),
        ([("human", "查天气"), ("function_call", "{}"), ("observation", "雪"), ("gpt", "有雪")], []),
        (
            [("system", "你是向导"), ("system", "说话要短"), ("human", "在吗"), ("gpt", "在")],
            [["系统：你是向导\n说话要短", "在吗", "在"]],
        ),
        ([("system", "你是向导")], []),
        ([("gpt", "欢迎")], []),
    ],
)
def test_sharegpt(turns: list[tuple[str, str]], told: list[list[str]]) -> None:
    row = {"conversations": [{"from": speaker, "value": text} for speaker, text in turns]}
    assert talks("sharegpt", row) == told
    renamed = {"messages": [{"role": speaker, "content": text} for speaker, text in turns]}
    assert talks("messages", renamed) == told
    assert talks("smilechat", renamed["messages"]) == told


def test_what_messages_may_hold() -> None:
    parts = [{"type": "text", "text": "雪停"}, {"type": "text", "text": "了吗"}]
    assert talks(
        "messages", {"messages": [{"role": "user", "content": parts}, {"role": "assistant", "content": "停了"}]}
    ) == [["雪停\n了吗", "停了"]]
    picture = [{"type": "image_url", "image_url": "x"}]
    for broken in (picture, {"a": 1}, True):
        assert (
            talks(
                "messages",
                {"messages": [{"role": "user", "content": broken}, {"role": "assistant", "content": "停了"}]},
            )
            == []
        )
    call = {"role": "assistant", "content": None, "tool_calls": [{"id": "1"}]}
    assert (
        talks(
            "messages",
            {"messages": [{"role": "user", "content": "雪"}, call, {"role": "assistant", "content": "停了"}]},
        )
        == []
    )


def test_turns_without_roles() -> None:
    assert talks("kdconv", {"name": "雪", "messages": [{"message": "雪停了"}, {"message": "停了", "attrs": []}]}) == [
        ["雪停了", "停了"]
    ]
    assert talks("turns", {"content": ["雪 停", "停 了"]}) == [["雪 停", "停 了"]]
    assert talks("turns", ["雪", "停"]) == [["雪", "停"]]
    assert talks("turns", {"content": "雪"}) == []


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ({"title": "雪", "desc": "停了吗", "answer": "停了"}, [["雪\n停了吗", "停了"]]),
        ({"title": "雪", "desc": "", "answer": "停了"}, [["雪", "停了"]]),
        ({"title": "雪", "desc": " 雪 ", "answer": "停了"}, [["雪", "停了"]]),
        ({"title": "", "desc": "停了吗", "answer": "停了"}, [["停了吗", "停了"]]),
        ({"title": "雪", "answer": "停了"}, [["雪", "停了"]]),
        ({"title": "", "desc": "", "answer": "停了"}, []),
    ],
)
def test_baike_qa(row: dict[str, str], told: list[list[str]]) -> None:
    assert talks("baike_qa", row) == told


@pytest.mark.parametrize(
    ("row", "told"),
    [
        (QA, [["雪停了吗", "停了"]]),
        (
            {"department": "内科", "title": "咳嗽", "ask": "夜里厉害", "answer": "垫高枕头"},
            [["咳嗽\n夜里厉害", "垫高枕头"]],
        ),
        ({"title": "套餐", "question": "怎么改", "reply": "到柜台"}, [["套餐\n怎么改", "到柜台"]]),
        ({"Question": "雪", "Answer": "白"}, [["雪", "白"]]),
        ({"问题": "雪", "回答": "白"}, [["雪", "白"]]),
        ({"qid": 1, "title": "雪", "desc": "冷吗", "content": "冷"}, [["雪\n冷吗", "冷"]]),
        ({"title": "新闻", "desc": "摘要", "content": "正文"}, []),
        ({"question": "雪", "answer": "沒有資料"}, []),
        ({"question": "雪"}, []),
    ],
)
def test_qa(row: dict[str, Any], told: list[list[str]]) -> None:
    assert talks("qa", row) == told


def test_chatterbot() -> None:
    raw = "categories:\n- 闲谈\nconversations:\n- - 在吗\n  - 在\n- - yes\n  - 2020\n  - - 两\n    - 行\n- - 没人答\n- 不是对话\n"
    with pytest.raises(UnfitError, match="no list of turns"):
        read_unit(FORMATS["chatterbot"], raw)
    assert talks("chatterbot", raw.replace("- 不是对话\n", "")) == [["在吗", "在"], ["yes", "2020"]]


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        ("conversations: &a [x, y]\nmore: [*a, *a]", "YAML with aliases: *a, line 2"),
        ("[" * 2000, "nested too deeply"),
        ("a: [", "broken YAML: line "),
        ("a: {b", "broken YAML"),
        ("- a\n- b", "no conversations"),
        ("", "no conversations"),
        ("conversations: 雪", "no conversations"),
        ("!!python/object/apply:os.getcwd []", "no conversations"),
    ],
)
def test_yaml_that_is_none(raw: str, reason: str) -> None:
    with pytest.raises(UnfitError) as caught:
        read_unit(FORMATS["chatterbot"], raw)
    assert str(caught.value).startswith(reason)


def test_other_lines() -> None:
    assert talks("repost", "好//@乙: 去哪？//@甲: 出去走走\n没有转发\n") == [["出去走走", "去哪？"]]
    assert talks("lccc_lines", "雪 停 了\t停 了\n") == [["雪停了", "停了"]]
    assert talks("turn_lines", "雪 停\t停了\t走\t好\n") == [["雪 停", "停了", "走", "好"]]
    assert talks("weibo", ("雪 停 了 吗", "停 了 呀")) == [["雪停了吗", "停了呀"]]
    assert talks("pair", ("今天 好累", "好")) == [["今天 好累", "好"]]


def test_mapping() -> None:
    read = mapped("about → system; title + desc -> user，content -> assistant").read
    assert read({"title": "雪", "desc": "雪", "content": "白", "about": ""})[0][1:] == [
        {"role": "user", "content": "雪"},
        {"role": "assistant", "content": "白"},
    ]
    with pytest.raises(UnfitError, match="no column 'content'"):
        read({"title": "雪", "about": ""})
    with pytest.raises(UnfitError, match="empty answer"):
        read({"title": "雪", "about": "", "content": " "})
    for mistake in (
        "",
        "title",
        "title -> me, a -> assistant",
        "a -> user",
        "-> user, a -> assistant",
        "a -> user -> user",
    ):
        with pytest.raises(UnfitError):
            mapped(mistake)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.floats(allow_nan=False) | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(["messages", "role", "content", "from", "value", "instruction", "output", "input", "turns", "question", "answer", "title", "history", "text"]) | st.text(max_size=3), inner, max_size=5),
    max_leaves=20,
)  # fmt: skip


@settings(max_examples=200, deadline=None)
@given(JSON, st.sampled_from(sorted(name for name, format in FORMATS.items() if format.unit == "row")))
def test_any_json_is_a_conversation_or_says_why_not(value: Any, name: str) -> None:
    for row in rows_of_json(value):
        FORMATS[name].fits(row)
        try:
            found = read_unit(FORMATS[name], row)
        except UnfitError as error:
            assert str(error)
            continue
        for turns in found:
            roles = [turn["role"] for turn in turns if turn["role"] != "system"]
            assert roles and roles == ["user", "assistant"] * (len(roles) // 2)
            assert all(turn["content"].strip() for turn in turns)


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.sampled_from(["E", "M ", "M", "\n", "\t", " | ", "/", "1", "0", "在", "//@甲:", "- ", "conversations:", "[", "]", "&a", "*a", "{", ":", " "]) | st.text(max_size=2), max_size=30).map("".join),
    st.sampled_from(sorted(name for name, format in FORMATS.items() if format.unit in ("line", "block", "file"))),
)  # fmt: skip
def test_any_text_is_a_conversation_or_says_why_not(text: str, name: str) -> None:
    FORMATS[name].fits(text)
    for turns in normalise_dialogue(name, text).conversations:
        assert [turn["role"] for turn in turns] == ["user", "assistant"] * (len(turns) // 2)


def test_a_long_row_of_one_speaker() -> None:
    turns = [{"role": "user", "content": "在" * 20}] * 100_000
    found = normalise_dialogue("messages", {"messages": [*turns, {"role": "assistant", "content": "在"}]}).conversations
    assert len(found[0]) == 2 and len(found[0][0]["content"]) == 21 * 100_000 - 1
