"""`parse_reply`: which pairs are in a reply, and the first thing that is wrong with it."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from validators.replies import Pair, Thought, parse_objects, parse_reply, without_thinking

LAKE = Pair("青海湖是什么湖？", "青海湖是咸水湖。")
ISLE = Pair("鸟岛在湖的哪一侧？", "鸟岛在湖的西侧。")
FISH = Pair("湖里有什么鱼？", "湖里有湟鱼。")


def written(*pairs: Pair, keys: tuple[str, str] = ("question", "answer")) -> str:
    """The pairs as objects, one after another by nothing."""
    return "".join(json.dumps(dict(zip(keys, pair, strict=True)), ensure_ascii=False) for pair in pairs)


L, I, F = written(LAKE), written(ISLE), written(FISH)  # noqa: E741
Q, A = f'"question": "{LAKE.question}"', f'"answer": "{LAKE.answer}"'

GOOD: list[tuple[str, list[Pair]]] = [
    # One object, several, by anything.
    (L, [LAKE]),
    (f"  \n{L}\n\n", [LAKE]),
    (f"\u3000{L}\u3000", [LAKE]),
    (L + I + F, [LAKE, ISLE, FISH]),
    (f"{L}\n{I}\n{F}", [LAKE, ISLE, FISH]),
    (f"{L}\r\n\r\n{I}", [LAKE, ISLE]),
    (f"{L}, {I}, {F}", [LAKE, ISLE, FISH]),
    (f"{L},\n{I},\n", [LAKE, ISLE]),
    (f"{L}，{I}、{F}；", [LAKE, ISLE, FISH]),
    (f"1. {L}\n2. {I}\n3. {F}", [LAKE, ISLE, FISH]),
    (f"1{L}2{I}", [LAKE, ISLE]),
    (f"（1）{L}\n（2）{I}", [LAKE, ISLE]),
    (f"① {L}\n② {I}", [LAKE, ISLE]),
    (f"[1] {L}\n[2] {I}", [LAKE, ISLE]),
    (f"- {L}\n* {I}", [LAKE, ISLE]),
    (f"{L}\n---\n{I}", [LAKE, ISLE]),
    (f"\x1e{L}\n\x1e{I}\n", [LAKE, ISLE]),  # JSON text sequences
    # Arrays and wrappers, at any depth.
    (f"[{L}]", [LAKE]),
    (f"[{L}, {I}]", [LAKE, ISLE]),
    (f"[{L} {I}]", [LAKE, ISLE]),
    (f"[{L}][{I}]", [LAKE, ISLE]),
    (f"[{L}]\n{I}\n[{F}]", [LAKE, ISLE, FISH]),
    (f"[[{L}], [[{I}]]]", [LAKE, ISLE]),
    (f'{{"pairs": [{L}, {I}]}}', [LAKE, ISLE]),
    (f'{{"pairs": [{L}]}}{{"pairs": [{I}]}}', [LAKE, ISLE]),
    (f'{{"1": {L}, "2": {I}}}', [LAKE, ISLE]),
    (f'{{"data": {{"items": {{"qa": [{{"pair": {L}}}, {I}]}}}}, "n": 2}}', [LAKE, ISLE]),
    (f'{{"pairs": [{L}], "more": {{"pairs": [{I}]}}}}', [LAKE, ISLE]),
    (f'[1, null, "{{", true, {L}, [], {{}}]', [LAKE]),
    ('{"a": ' * 300 + L + "}" * 300, [LAKE]),
    ('{"a": [' * 3000 + L + "]}" * 3000, [LAKE]),
    (f'{{{Q}, {A}, "more": {I}}}', [LAKE, ISLE]),
    (f'{{"more": {I}, {Q}, {A}}}', [LAKE, ISLE]),  # in the order of their opening brackets
    (f'[{L[:-1]}, "followups": [{I}, {F}]}}]', [LAKE, ISLE, FISH]),
    # Fences and prose.
    (f"```json\n{L}\n```", [LAKE]),
    (f"```\n[{L}]\n```", [LAKE]),
    (f"```JSON\n{L}\n```\n然后：\n```json\n{I}\n```", [LAKE, ISLE]),
    (f"```json\n{L}", [LAKE]),
    (f"{L}\n```", [LAKE]),
    (f"~~~json\n{L}\n~~~", [LAKE]),
    (f"`{L}`", [LAKE]),
    (f"> {L}", [LAKE]),
    (f"好的，问答如下：{L}以上。", [LAKE]),
    (f"第一组：{L}\n第二组：{I}\n希望对您有帮助！", [LAKE, ISLE]),
    (f"下面是{{2}}个问题[共两个]：{L}{I}", [LAKE, ISLE]),
    (f"格式为 {{问题, 答案}}，见 [说明]：\n{L}", [LAKE]),
    (f"按 {{question}} 与 {{answer}} 填写：{L}", [LAKE]),
    (f'按 {{"question", "answer"}} 填写：{L}', [LAKE]),
    (f"集合 {{甲, 乙 未闭合：{L}", [LAKE]),
    (f"[注：以下为结果\n{L}", [LAKE]),
    (f"】]}}）{L}]}}】", [LAKE]),
    (f"[[青海湖]]是湖。{L}", [LAKE]),
    (f"[链接](http://127.0.0.1/a?b={{c}})\n{L}", [LAKE]),
    (f'他说：“{{”和"["都是括号。{L}', [LAKE]),
    (f"| 序号 | 结果 |\n| --- | --- |\n| 1 | {L} |\n| 2 | {I} |", [LAKE, ISLE]),
    (f"\\boxed{{{L}}}", [LAKE]),
    (f"{{{L}}}", [LAKE]),
    (f"{{{{{L[1:-1]}}}}}", [LAKE]),  # braces doubled, as in a template
    (f"<answer>{L}</answer>", [LAKE]),
    (f"pairs = [{L}]", [LAKE]),
    (f"return {L};", [LAKE]),
    # Keys.
    (written(LAKE, keys=("Question", "Answer")), [LAKE]),
    (written(LAKE, keys=("QUESTION", "ANSWER")), [LAKE]),
    (written(LAKE, keys=("qUeStIoN", "aNSWER")), [LAKE]),
    (written(LAKE, keys=(" question ", "answer\n")), [LAKE]),
    (written(LAKE, keys=("问题", "答案")), [LAKE]),
    (written(LAKE, keys=("问题", "回答")), [LAKE]),
    (written(LAKE, keys=("question", "答案")), [LAKE]),
    (written(LAKE, keys=("问题", "Answer")), [LAKE]),
    (f"{{{A}, {Q}}}", [LAKE]),
    (f'{{"id": 7, {Q}, "score": 0.5, {A}, "tags": ["湖", null], "source": {{"page": 3}}, "ok": true}}', [LAKE]),
    (f'{{"question_id": null, "answers": [1], {Q}, {A}}}', [LAKE]),
    (f'{{"question": "甲？", "answer": "乙。", {Q}, {A}}}', [LAKE]),  # JSON: of two equal keys the later one
    (r'{"\u0071uestion": "甲？", "answer": "乙。"}', [Pair("甲？", "乙。")]),
    # Values: white space at both ends goes, nothing else changes.
    ('{"question": "  甲？\\n", "answer": "\\t\u3000乙。 "}', [Pair("甲？", "乙。")]),
    ('{"question": "", "answer": "  "}', [Pair("", "")]),
    (L + L, [LAKE, LAKE]),
    ('{"question": "“鸟岛”是岛吗？", "answer": "“鸟岛”早已不是‘岛’。"}', [Pair("“鸟岛”是岛吗？", "“鸟岛”早已不是‘岛’。")]),
    (r'{"question": "何谓\"鸟岛\"？", "answer": "\"鸟岛\"，\"蛋岛\"。"}', [Pair('何谓"鸟岛"？', '"鸟岛"，"蛋岛"。')]),
    ('{"question": "[1]{甲}？", "answer": "```{[}]```，//#"}', [Pair("[1]{甲}？", "```{[}]```，//#")]),
    ('{"question": "it\'s what?", "answer": "甲：\'乙\'，丙"}', [Pair("it's what?", "甲：'乙'，丙")]),
    (r'{"question": "C:\\湖\\？", "answer": "一\n二\t三\/四"}', [Pair("C:\\湖\\？", "一\n二\t三/四")]),
    (r'{"question": "\u9752\u6d77\uff1f", "answer": "\ud842\udfb7\u3002"}', [Pair("青海？", "𠮷。")]),
    (r'{"question": "甲\u000a乙？", "answer": "\"}, {\"question\": \"丙"}', [Pair("甲\n乙？", '"}, {"question": "丙')]),
    (r'{"question": "甲？", "answer": "{\"question\": \"x\", \"answer\": \"y\"}"}', [Pair("甲？", '{"question": "x", "answer": "y"}')]),
    ('{"question": "甲？", "answer": "' + "乙" * 100_000 + '"}', [Pair("甲？", "乙" * 100_000)]),
]  # fmt: skip


@pytest.mark.parametrize(("reply", "pairs"), GOOD, ids=range(len(GOOD)))
def test_pairs_are_read(reply: str, pairs: list[Pair]) -> None:
    parsed = parse_reply(reply)
    assert (list(parsed.pairs), parsed.error) == (pairs, None)


@pytest.mark.parametrize(("reply", "pairs"), GOOD, ids=range(len(GOOD)))
def test_prose_around_a_reply_changes_nothing(reply: str, pairs: list[Pair]) -> None:
    parsed = parse_reply(f"\ufeff<think>{L}[{{</think>好的{{1}}：\n{reply}\n以上[完]。")
    assert (list(parsed.pairs), parsed.error) == (pairs, None)


THINKING: list[tuple[str, list[Pair], str | None]] = [
    (f"\ufeff{L}", [LAKE], None),
    (f"\ufeff\n\ufeff{L}", [LAKE], None),
    (f"<think></think>{L}", [LAKE], None),
    (f"<think>\n草稿：{I}\n</think>\n{L}", [LAKE], None),
    (f"\ufeff<think>{I}</think>\ufeff{L}", [LAKE], None),
    (f"草稿 {I} 想好了</think>{L}", [LAKE], None),
    (f"</think>{L}", [LAKE], None),
    (f"<think>甲</think>{L}<think>乙{I}</think>{F}", [LAKE, FISH], None),
    (f"{I}<think>甲</think>{I}</think>{L}", [LAKE], None),
    (f"<think>甲<think>乙</think>{I}</think>{L}", [LAKE], None),
    (f"<think>[{{</think>[{L}]", [LAKE], None),
    (f"<think>{{</think>```json\n{L}\n```<think>}}</think>", [LAKE], None),
    (f"<THINK>{I}</Think>{L}", [LAKE], None),
    (f"<think>{I}</think>抱歉。", [], "no_json"),
    (f"{L}<think>再想想 {I}", [LAKE], "truncated"),
    (f"{L}<think>", [LAKE], "truncated"),
    (f"抱歉。<think>{I}", [], "truncated"),
    (f"<think>{L}", [], "empty"),
    (f"\n<think>甲</think>\n<think>{L}", [], "empty"),
    (f"<think>{L}</think>\n\n", [], "empty"),
    (f"{L}</think>", [], "empty"),
    ("\ufeff", [], "empty"),
    ("", [], "empty"),
    (" \r\n\t\u3000\xa0", [], "empty"),
]

BAD: list[tuple[str, list[Pair], str | None]] = [
    # The reply ends inside an object, an array or its thinking.
    *[(f"{L}\n{I[:end]}", [LAKE], "truncated") for end in range(1, len(I))],
    *[(f"[{L}, {I[:end]}", [LAKE], "truncated") for end in range(len(I))],
    *[(f'好的：\n```json\n{{"pairs": [{L}, {I[:end]}', [LAKE], "truncated") for end in range(len(I))],
    (L[:-1], [], "truncated"),
    ("{", [], "truncated"),
    ("[", [], "truncated"),
    ("好的：\n```json\n[\n", [], "truncated"),
    ('{"question": "甲？', [], "truncated"),
    ('{"question": "甲？", "answer": "乙。\\', [], "truncated"),
    ('{"question": "甲？", "answer": "\\u4e', [], "truncated"),
    ('{"question": "甲？", "n": 12', [], "truncated"),
    ('{"\\"甲\\"]', [], "truncated"),
    ('{"question": "甲？", "\\"答\\"]', [], "truncated"),
    ('{"question": "甲？", "ok": tr', [], "truncated"),
    ('["甲？", "乙', [], "truncated"),
    (f"[{L}, {I}", [LAKE, ISLE], "truncated"),
    (f"[{L},", [LAKE], "truncated"),
    (f'[{{"question": "甲？"}}, {L}, {{"question"', [LAKE], "truncated"),  # before bad_item
    (f"{{“问题”：“甲？”，“答案”：“乙。”}}{L}{{“问题”：“丙", [Pair("甲？", "乙。"), LAKE], "truncated"),
    ("[{'question': '甲？', 'answer': '乙。'}, {'question': '丙", [Pair("甲？", "乙。")], "truncated"),
    # An object with one of the two keys, or with a value that is not a string.
    (f"[{L}, {{{Q}}}, {I}]", [LAKE, ISLE], "bad_item"),
    (f"[{L}, {{{A}}}]", [LAKE], "bad_item"),
    (f"{{{Q}}}\n{{{A}}}", [], "bad_item"),
    ('{"问题": "甲？"}', [], "bad_item"),
    ('{"回答": "乙。"}', [], "bad_item"),
    (f'{{{Q}, "ANSWER": null}}', [], "bad_item"),
    (f'{{{Q}, "answer": 4500}}', [], "bad_item"),
    (f'{{{Q}, "answer": true}}', [], "bad_item"),
    (f'{{{Q}, "answer": ["咸水湖"]}}{I}', [ISLE], "bad_item"),
    (f'{{{Q}, "answer": {{"text": "咸水湖"}}}}', [], "bad_item"),
    (f'{{"question": null, "answer": null}}{I}', [ISLE], "bad_item"),
    (f'{{"question": {L}, "answer": "甲"}}', [LAKE], "bad_item"),
    (f'{{"answer": [{L}, {I}]}}', [LAKE, ISLE], "bad_item"),
    (f'{{{Q}, "followups": [{I}]}}', [ISLE], "bad_item"),
    (f'{{{Q}, "note": {{{A}}}}}', [], "bad_item"),
    (f"{{'question': '甲？',}}{L}", [LAKE], "bad_item"),
    (f"{{{Q}, “答案”：12}}，{I}", [ISLE], "bad_item"),
    (f'{{"question": 甲？, "answer": 乙。}}\n{I}', [ISLE], "bad_item"),
    (f'{{{Q}, "answer": 乙。}}\n{I}', [ISLE], "bad_item"),
    ('{"question": "甲？", "answer": 乙。}', [], "bad_item"),
    ('{"question": "甲？", "answer": }', [], "bad_item"),
    (f'[{{"question": "甲？", "answer": "乙。}}, {I}]', [ISLE], "bad_item"),  # a mark forgotten
    (f'[{{"question": "甲？, "answer": "乙。"}}, {I}]', [ISLE], "bad_item"),
    (f'[{{"question": "甲？", "answer": "乙。" // 注\n}}, {{"id": 2, {Q}, {A}}}]', [LAKE], "bad_item"),
    # No pair.
    ("抱歉，这段文字太短。", [], "no_json"),
    ("{}", [], "no_json"),
    ("[]", [], "no_json"),
    ("null", [], "no_json"),
    ("42", [], "no_json"),
    ('"甲"', [], "no_json"),
    ('["甲？", "乙。"]', [], "no_json"),
    ('{"q": "甲？", "a": "乙。"}', [], "no_json"),
    ('{"questions": ["甲？"], "answers": ["乙。"]}', [], "no_json"),
    ('{"error": {"message": "太短"}}', [], "no_json"),
    ("{甲}和[乙]和{丙", [], "no_json"),
    ("见[1", [], "no_json"),
    ("问题：甲？\n答案：乙。", [], "no_json"),
    ("- question: 甲？\n  answer: 乙。\n", [], "no_json"),
    ("| question | answer |\n| --- | --- |\n| 甲？ | 乙。 |", [], "no_json"),
    ("question,answer\n甲？,乙。", [], "no_json"),
    ("<question>甲？</question><answer>乙。</answer>", [], "no_json"),
    ("\x00\x01", [], "no_json"),
]


@pytest.mark.parametrize(("reply", "pairs", "error"), THINKING + BAD, ids=range(len(THINKING + BAD)))
def test_the_first_thing_that_is_wrong(reply: str, pairs: list[Pair], error: str | None) -> None:
    parsed = parse_reply(reply)
    assert (list(parsed.pairs), parsed.error) == (pairs, error)


@pytest.mark.parametrize("reply", ["{", "}", "[", "]", '"', ":", ",", "“", "\\", "<think>", "```", "{'a':", "\ud842"])
def test_a_repeated_mark_is_no_pair(reply: str) -> None:
    parsed = parse_reply(reply * 1000)
    assert parsed.pairs == ()
    assert parsed.error in ("empty", "truncated", "no_json")


@given(st.lists(st.tuples(st.text(), st.text()), min_size=1))
@settings(deadline=None)
def test_whatever_the_values_are_they_come_back(pairs: list[tuple[str, str]]) -> None:
    whole = [{"question": question, "answer": answer} for question, answer in pairs]
    wanted = tuple(Pair(question.strip(), answer.strip()) for question, answer in pairs)
    text = json.dumps(whole)  # with \u escapes, so that no <think> can stand in it
    for reply in (text, f"好的：{text}。", text.replace("}]", "},]"), "\n".join(map(json.dumps, whole))):
        if "think>" not in reply.lower():
            assert parse_reply(reply).pairs == wanted


@given(st.text(alphabet="{}[]\":,，：“”'‘\\<think>/ \n1a问题", max_size=60))
@settings(deadline=None)
def test_no_reply_raises_and_all_that_is_read_can_be_written(reply: str) -> None:
    parsed = parse_reply(reply)
    json.dumps(parsed.pairs, ensure_ascii=False).encode()
    assert parsed.error is not None or parsed.pairs


@pytest.mark.parametrize(
    ("reply", "thought"),
    [
        ("甲", Thought("甲", "", False)),
        ("<think>甲</think>乙", Thought("乙", "甲", False)),
        ("甲</think>乙", Thought("乙", "甲", False)),
        ("甲<think>乙", Thought("甲", "乙", True)),
        ("甲<think>乙</think>丙</think>丁<think>戊", Thought("丁", "乙甲丙戊", True)),
        ("\ufeff\ufeff甲\ufeff", Thought("甲\ufeff", "", False)),
    ],
)
def test_thinking_is_taken_aside(reply: str, thought: Thought) -> None:
    assert without_thinking(reply) == thought


def test_objects_of_any_shape_are_read_with_the_same_errors() -> None:
    turns = '{"turns": [{"role": "user", "content": "在吗？"}], "n": 1, "n": 2.5, "end": null}'
    value = {"turns": [{"role": "user", "content": "在吗？"}], "n": 2.5, "end": None}
    parsed = parse_objects(turns)
    assert (parsed.values, parsed.error, parsed.liberties) == ((value,), None, ())
    parsed = parse_objects(f"<think>{turns}</think>好的：{turns}")
    assert (parsed.values, parsed.error, parsed.liberties) == ((value,), None, ("thinking", "prose"))
    assert parse_objects(turns[:-1]).error == "truncated"
    assert parse_objects("抱歉").error == "no_json"
    assert parse_objects("<think>抱歉").error == "empty"
