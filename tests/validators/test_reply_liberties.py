"""`parse_reply`: JSON as models really write it, and what `liberties` says of it."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from validators.replies import Pair, parse_reply

AB = Pair("甲？", "乙。")
CD = Pair("丙？", "丁。")
MARKS = "Chinese marks"
INNER = "quotation mark in a string"

LOOSE: list[tuple[str, list[Pair], set[str]]] = [
    # Trailing commas.
    ('{"question": "甲？", "answer": "乙。",}', [AB], {"trailing comma"}),
    ('{"question": "甲？", "answer": "乙。" , \n}', [AB], {"trailing comma"}),
    ('[{"question": "甲？", "answer": "乙。"},]', [AB], set()),
    ('{"pairs": [{"question": "甲？", "answer": "乙。"},],}', [AB], {"trailing comma"}),
    ('{"question": "甲？", "answer": "乙。", "tags": ["x", "y",],}', [AB], {"trailing comma"}),
    ('{"question": "甲？", "answer": "乙。"，}', [AB], {"trailing comma", MARKS}),
    ('{"question": "甲？", "answer": "乙。",,}', [AB], {"trailing comma"}),
    # Single quotation marks.
    ("{'question': '甲？', 'answer': '乙。'}", [AB], {"single quotes"}),
    ("[{'question': '甲？', 'answer': '乙。'}, {'question': '丙？', 'answer': '丁。'}]", [AB, CD], {"single quotes"}),
    ("{'question': 'what\\'s it?', 'answer': 'it\\'s ok'}", [Pair("what's it?", "it's ok")], {"single quotes"}),
    ("{'question': \"it's what?\", 'answer': '\"乙\"。'}", [Pair("it's what?", '"乙"。')], {"single quotes"}),
    ("{'question': 'what's it?', 'answer': 'it's ok'}", [Pair("what's it?", "it's ok")], {"single quotes", INNER}),
    ("{'question': '甲？', 'answer': '说'好'，走了。'}", [Pair("甲？", "说'好'，走了。")], {"single quotes", INNER}),
    ("{'question': '甲？', 'answer': '“乙”。', 'ok': True, 'n': None}", [Pair("甲？", "“乙”。")], {"single quotes", "Python word"}),
    ("{\"question\": '甲？', 'answer': \"乙。\"}", [AB], {"single quotes"}),
    ("{‘question’：‘甲？’，‘answer’：‘乙。’}", [AB], {MARKS}),
    # Chinese quotation marks, colons, commas, braces in JSON's place.
    ("{“question”：“甲？”，“answer”：“乙。”}", [AB], {MARKS}),
    ("{“question”: “甲？”, “answer”: “乙。”}", [AB], {MARKS}),
    ("｛“问题”：“甲？”，“答案”：“乙。”｝", [AB], {MARKS}),
    ('｛"question"："甲？"，"answer"："乙。"｝', [AB], {MARKS}),
    ('{"question"："甲？", "answer"："乙。"}', [AB], {MARKS}),
    ('{"question": "甲？"，"answer": "乙。"}', [AB], {MARKS}),
    ('{"question": "甲？"、"answer": "乙。"}', [AB], {MARKS}),
    ("{”question”：”甲？”，”answer”：”乙。”}", [AB], {MARKS}),
    ("{“question“：“甲？“，“answer“：“乙。“}", [AB], {MARKS}),
    ("{＂question＂：＂甲？＂，＂answer＂：＂乙。＂}", [AB], {MARKS}),
    ("{「问题」：「甲？」，「回答」：「乙。」}", [AB], {MARKS}),
    ("{『问题』：『甲？』，『回答』：『乙。』}", [AB], {MARKS}),
    ("［｛“question”：“甲？”，“answer”：“乙。”｝，｛“question”：“丙？”，“answer”：“丁。”｝］", [AB, CD], {MARKS}),
    ("｛“pairs”：【｛“question”：“甲？”，“answer”：“乙。”｝】｝", [AB], {MARKS}),
    ("｛“pairs”：［｛“question”：“甲？”，“answer”：“乙。”，｝，］，｝", [AB], {MARKS, "trailing comma"}),
    ("{“question”：“什么是“湖”？”，“answer”：“”湖”是水。”}", [Pair("什么是“湖”？", "”湖”是水。")], {MARKS, INNER}),
    ("{“question”：“甲？”，“answer”：“有“东湖”，“西湖”。”}", [Pair("甲？", "有“东湖”，“西湖”。")], {MARKS, INNER}),
    ("{“question”：“甲？”，“answer”：“他说：“好。””}", [Pair("甲？", "他说：“好。”")], {MARKS, INNER}),
    ("{“question”：“甲？”，“answer”：“他说\"好\"。”}", [Pair("甲？", '他说"好"。')], {MARKS}),
    ("{“question”：“\\“甲\\”？”，“answer”：“{乙}[1]。”}", [Pair("“甲”？", "{乙}[1]。")], {MARKS}),
    # The two kinds mixed.
    ('{"question”: "甲？”, "answer”: "乙。”}', [AB], {INNER}),
    ('{“question": “甲？", “answer": “乙。"}', [AB], {MARKS, INNER}),
    ('[{"question": "甲？", "answer": "乙。”}, {"question": "丙？", "answer": "丁。"}]', [AB, CD], {INNER}),
    ('[{"question": "甲？”, "answer": "乙。"}, {"question": "丙？", "answer": "丁。"}]', [AB, CD], {INNER}),
    ('{"question": "甲？", "answer": "集合{“乙”}。",}', [Pair("甲？", "集合{“乙”}。")], {"trailing comma"}),
    ('{"question": "甲？", "answer": "说“乙”，“丙”：“丁”",}', [Pair("甲？", "说“乙”，“丙”：“丁”")], {"trailing comma"}),
    ('{"question": "叫"甲"？", "answer": "集合{“乙”}或["丙"]。"}', [Pair('叫"甲"？', '集合{“乙”}或["丙"]。')], {INNER}),
    # Raw line breaks and tabs.
    ('{"question": "甲？", "answer": "一\n二\t三\r\n四"}', [Pair("甲？", "一\n二\t三\r\n四")], {"line break in a string"}),
    ('{"question": "\n甲？\n", "answer": "\n乙。\n"}', [AB], {"line break in a string"}),
    ("{\n“question”\n：\n“甲？”\n，\n“answer”\n：\n“乙。\n”\n}", [AB], {MARKS, "line break in a string"}),
    # Quotation marks that were not escaped.
    ('{"question": "何谓"湖"？", "answer": ""湖"是水。"}', [Pair('何谓"湖"？', '"湖"是水。')], {INNER}),
    ('{"question": ""湖"", "answer": "即"水""}', [Pair('"湖"', '即"水"')], {INNER}),
    ('{"question": "甲？", "answer": "有"东湖"，"西湖"，"南湖"。"}', [Pair("甲？", '有"东湖"，"西湖"，"南湖"。')], {INNER}),
    ('{"question": "甲？", "answer": "有"东湖", "西湖", "南湖"。"}', [Pair("甲？", '有"东湖", "西湖", "南湖"。')], {INNER}),
    ('{"question": "甲？", "answer": "他说："好"，又说："走"。"}', [Pair("甲？", '他说："好"，又说："走"。')], {INNER}),
    ('{"question": "甲？", "answer": "他说"好"，"那么"：然后走了。"}', [Pair("甲？", '他说"好"，"那么"：然后走了。')], {INNER}),
    ('{"answer": "叫"水"", "question": "叫"湖"？"}', [Pair('叫"湖"？', '叫"水"')], {INNER}),
    ('{"question": "甲？", "answer": "叫"乙"", "id": 3}', [Pair("甲？", '叫"乙"')], {INNER}),
    ('{"question": "叫"甲"", "tags": ["一"二"三", "四"], "answer": "乙。"}', [Pair('叫"甲"', "乙。")], {INNER}),
    ('{"question": "甲？", "answer": "叫"乙"",\n}', [Pair("甲？", '叫"乙"')], {INNER, "trailing comma"}),
    ('[{"question": "叫"甲"？", "answer": "乙。"}, {"question": "丙？", "answer": "叫"丁"。"}]', [Pair('叫"甲"？', "乙。"), Pair("丙？", '叫"丁"。')], {INNER}),
    ('{"question": "“甲"？", "answer": "乙”。"}', [Pair("“甲\"？", "乙”。")], {INNER}),
    ('{"question": "he said "go", why?", "answer": "乙。"}', [Pair('he said "go", why?', "乙。")], {INNER}),
    ('{"question": "5" 屏？", "answer": "5"。"}', [Pair('5" 屏？', '5"。')], {INNER}),
    (r'{"question": "\"甲"？", "answer": "乙\。"}', [Pair('"甲"？', "乙\\。")], {INNER}),
    # Escapes.
    (r'{"question": "\u7532\uff1f", "answer": "\u4e59\u3002",}', [AB], {"trailing comma"}),
    (r"{'question': '\u7532\uff1f', 'answer': '\ud842\udfb7\u3002'}", [Pair("甲？", "𠮷。")], {"single quotes"}),
    (r'{"question": "甲\ud842？", "answer": "\udfb7乙"}', [Pair("甲\ufffd？", "\ufffd乙")], set()),
    ('{"question": "甲\ud842？", "answer": "乙。"}', [Pair("甲\ufffd？", "乙。")], {"half a character"}),
    (r'{"question": "$\alpha$ 是？", "answer": "\% \u12"}', [Pair("$\\alpha$ 是？", "\\% \\u12")], set()),
    # Several at once.
    (
        "好的：\n```json\n｛'pairs'：[\n｛“问题”：“叫“甲”？”，'Answer': \"一\n二\",｝，\n｝\n```",
        [Pair("叫“甲”？", "一\n二")],
        {MARKS, "single quotes", INNER, "line break in a string", "trailing comma", "missing bracket", "fence", "prose"},
    ),
    ("<think>“</think>1. {“question”：“甲？”，“answer”：“乙。”}\n2. {'question': '丙？', 'answer': '丁。'}", [AB, CD], {"thinking", MARKS, "single quotes", "several objects", "prose"}),
    # Beyond the rules: small things that are forgiven.
    ('{"question": "甲？" "answer": "乙。"}', [AB], {"missing comma"}),
    ('{"question": "甲？"\n"answer": "乙。"}', [AB], {"missing comma"}),
    ('[{"question": "甲？", "answer": "乙。"]', [AB], {"missing bracket"}),
    ('[{"question": "甲？", "answer": "乙。", {"question": "丙？", "answer": "丁。"}]', [AB, CD], {"missing bracket"}),
    ('{"pairs": [{"question": "甲？", "answer": "乙。"}}', [AB], {"missing bracket"}),
]  # fmt: skip


@pytest.mark.parametrize(("reply", "pairs", "liberties"), LOOSE, ids=range(len(LOOSE)))
def test_loose_json_is_read(reply: str, pairs: list[Pair], liberties: set[str]) -> None:
    parsed = parse_reply(reply)
    assert (list(parsed.pairs), parsed.error) == (pairs, None)
    assert liberties <= set(parsed.liberties)
    json.dumps(parsed.pairs, ensure_ascii=False).encode()


@pytest.mark.parametrize(("reply", "pairs", "liberties"), LOOSE, ids=range(len(LOOSE)))
def test_loose_json_is_read_in_prose_and_fences(reply: str, pairs: list[Pair], liberties: set[str]) -> None:
    parsed = parse_reply(f"如下[1]：\n```json\n{reply}\n```\n{{完}}")
    assert (list(parsed.pairs), parsed.error) == (pairs, None)
    assert {"fence", "prose"} <= set(parsed.liberties)


@given(
    st.sampled_from(['""', "''", "“”", "‘’", "＂＂"]),
    st.lists(st.text("甲乙\"“”'‘’，。？、{[（1a ", min_size=1), min_size=2, max_size=4),
    st.sampled_from([", ", "，", ",\n"]),
)
@settings(deadline=None)
def test_marks_inside_a_value_are_kept_though_nobody_escaped_them(marks: str, values: list[str], comma: str) -> None:
    keys = ("question", "answer", "note", "source")
    members = [
        f"{marks[0]}{key}{marks[1]}：{marks[0]}{value}{marks[1]}" for key, value in zip(keys, values, strict=False)
    ]
    parsed = parse_reply("{" + comma.join(members) + "}")
    assert (parsed.pairs, parsed.error) == ((Pair(values[0].strip(), values[1].strip()),), None)


@given(st.lists(st.tuples(st.text("甲乙“”‘’，。：[]{}1a "), st.text("甲乙“”‘’，。：[]{}1a ")), min_size=1, max_size=3))
@settings(deadline=None)
def test_a_liberty_in_one_place_changes_no_value(pairs: list[tuple[str, str]]) -> None:
    wanted = tuple(Pair(question.strip(), answer.strip()) for question, answer in pairs)
    plain = [json.dumps({"question": question, "answer": answer}, ensure_ascii=False) for question, answer in pairs]
    for reply in (
        "[" + ",".join(plain) + ",]",
        ",".join(one[:-1] + ",}" for one in plain),
        "，".join("｛" + one[1:-1] + "｝" for one in plain),
        "\n".join(one.replace('": "', '"："').replace('", "', '"，"') for one in plain),
        str([{"question": question, "answer": answer} for question, answer in pairs]),
    ):
        assert (parse_reply(reply).pairs, parse_reply(reply).error) == (wanted, None), reply
