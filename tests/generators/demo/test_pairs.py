"""Pairs by rules: what single sentences are asked, and that nearly all passages give pairs that pass the checks."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from generators.demo.pairs import pairs_of
from tests.running import HOME
from validators.qa_pairs import check_pairs

NOVEL = (
    "渡口的雪下了一夜。老吴起得早，拿竹篙把船帮上的冰一块一块敲掉。对岸的客栈还黑着灯，掌柜多半没有醒。\n"
    "“今天过不过江？”背书箱的少年问。\n老吴说：“等日头出来再说。你急什么，书又不会跑。”少年笑了，把手拢在袖子里，站在跳板上看水。\n"
    "水很慢，慢得像没有动。可是老吴知道，冰下面的江一刻也没有停过。"
)
NEWS = (
    "本报讯 2019年5月，青石镇图书馆在老粮仓旧址开馆，馆内藏书约4万册，其中地方文献3000余册。图书馆由镇政府出资修建，总投资620万元，"
    "历时两年完成。馆长陈素梅介绍，由于老粮仓的木梁保存完好，设计师保留了全部屋架。开馆首日，到馆读者超过1200人次。"
    "据悉，图书馆每周二闭馆，其余时间免费开放至晚上九点。"
)
ENTRY = (
    "青石桥位于浙江省南部的青石镇，是一座三孔石拱桥。桥始建于1573年，全长约46米，宽5.2米，桥面由青石板铺成。"
    "青石桥（又名迎仙桥）因桥头的青石得名，1986年被列为县级文物保护单位。桥栏上刻有莲花、鱼和水波，据说出自石匠周阿六之手。"
    "每年端午，镇上的人在桥下赛龙舟。"
)
SCIENCE = (
    "萤火虫发光靠的是腹部的发光器。发光器里的荧光素在荧光素酶的作用下与氧气反应，放出黄绿色的光。这种光几乎不发热，因此被称为冷光。"
    "雄虫用闪光寻找雌虫，不同种类的闪光节奏不同。有些雌虫会模仿别种雌虫的闪光，把赶来的雄虫吃掉。"
)
RECIPE = (
    "腌雪里蕻要在霜降以后。雪里蕻洗净晾到半干，切碎，按一斤菜一两盐的比例揉透，装进坛子压实。坛口用竹叶封住，放在阴凉处。"
    "半个月以后就可以吃，炒毛豆、蒸鱼都好。"
)
LETTER = (
    "林先生：来信收到。你问的三件事，我一件一件答。第一，书稿已经校完，错字不到二十处。第二，插图请了苏州的画师，下月可以交。"
    "第三，印数还没有定，书店说先印两千册看看。\n家母的病好些了，多谢挂念。"
)
VERSE = "渡口一夜雪，\n无人问归舟。\n老翁敲冰去，\n江水自东流。"
TRADITIONAL = "臺南是臺灣最早開發的城市，古蹟很多。赤崁樓建於1653年，由荷蘭人修築，後來毀於地震。城裡的小吃也有名，擔仔麵和棺材板都是本地人愛吃的。"
MIXED = "Linux内核由托瓦兹编写，最初于1991年发布。Linux使用GPL许可证，任何人都可以修改和分发。如今，从手机到超级计算机都在运行Linux。"
DIALOGUE = "“你来了。”他说。\n“我来了。”她说。\n“那就坐吧。”\n“不坐了，我是来还伞的。”她把伞靠在门边，转身走进雨里。"
WRITTEN = {
    "novel": NOVEL,
    "news": NEWS,
    "entry": ENTRY,
    "science": SCIENCE,
    "recipe": RECIPE,
    "letter": LETTER,
    "verse": VERSE,
    "traditional": TRADITIONAL,
    "mixed": MIXED,
    "dialogue": DIALOGUE,
}


def asked_about(passage: str, count: int = 3) -> list[str]:
    return [pair["question"] for pair in pairs_of(passage, count)]


@pytest.mark.parametrize(
    ("sentence", "question"),
    [
        ("青石桥位于浙江省南部。", "青石桥位于哪里？"),
        ("杜甫出生于河南巩县。", "杜甫出生在哪里？"),
        ("杜甫，字子美，出生于712年。", "杜甫哪年出生？"),
        ("故宫博物院成立于1925年。", "故宫博物院成立于什么时候？"),
        ("《红楼梦》是清代作家曹雪芹创作的长篇小说。", "《红楼梦》是什么？"),
        ("潮汐（又叫海潮）是海水有规律的涨落。", "潮汐是什么？"),
        ("由于连日大雨，河水漫过了石桥。", "为什么河水漫过了石桥？"),
        ("天冷，所以河水结了厚厚的冰。", "为什么河水结了厚厚的冰？"),
        ("长江流域面积约180万平方公里。", "长江流域面积是多少？"),
        ("赵王有一个宠爱的姬妾。", "赵王有什么？"),
        ("孩子们最盼的是报纸。", "孩子们盼什么？"),
        ("周处杀死了蛟龙。", "周处杀死了什么？"),
        ("孔融说：“公乃汉室宗亲。”", "孔融说了什么？"),
        ("2005年，大理重建了寺院。", "2005年发生了什么？"),
        ("但是沈掌柜也不催，只叫伙计添水。", "沈掌柜做了什么？"),
        ("豆浆里的蛋白质带着同样的电荷。", "豆浆里的蛋白质怎么样？"),
        ("图书馆由镇政府出资修建，总投资620万元。", "图书馆由谁修建？"),
        ("青石桥（又名迎仙桥）因桥头的青石得名。", "青石桥因什么得名？"),
        ("雪停了。", "“雪停了”是怎么回事？"),
    ],
)
def test_what_a_sentence_is_asked(sentence: str, question: str) -> None:
    assert asked_about(sentence, 1) == [question]


def test_each_clause_about_one_subject_has_its_own_question() -> None:
    passage = "长江，全长约6300公里，是亚洲第一长河，发源于青藏高原的唐古拉山脉，在崇明岛以东注入东海。"
    assert pairs_of(passage, 3) == [
        {"question": "长江全长多少？", "answer": "长江全长约6300公里。"},
        {"question": "长江是什么？", "answer": "长江是亚洲第一长河。"},
        {"question": "长江发源于哪里？", "answer": "长江发源于青藏高原的唐古拉山脉。"},
    ]


def test_pairs_lie_all_over_the_passage_and_in_its_order() -> None:
    towns = "苏州 杭州 扬州 绍兴 宁波 温州 湖州 嘉兴 金华"
    passage = "".join(f"{town}有很多石桥。" for town in towns.split())
    assert asked_about(passage, 3) == ["苏州有什么？", "绍兴有什么？", "湖州有什么？"]


def test_what_is_known_is_not_asked_again() -> None:
    first = asked_about(ENTRY, 3)
    more = [pair["question"] for pair in pairs_of(ENTRY, 3, known="\n".join(first))]
    assert len(more) == 3
    assert not set(first) & set(more)


def test_the_same_passage_gives_the_same_pairs() -> None:
    assert pairs_of(NOVEL, 5) == pairs_of(NOVEL, 5)


@pytest.mark.parametrize("kind", WRITTEN)
def test_written_passages_give_pairs_that_pass(kind: str) -> None:
    passage = WRITTEN[kind]
    pairs = [(pair["question"], pair["answer"]) for pair in pairs_of(passage, 3)]
    assert len(pairs) == 3
    assert not any(check_pairs(passage, pairs, 15, 300))


def example_passages() -> list[str]:
    passages = list(WRITTEN.values())
    for file in ("texts/科普.jsonl", "texts/故事.jsonl", "knowledge/常识.jsonl", "knowledge/生活.jsonl"):
        lines = (HOME / "examples" / file).read_text(encoding="utf-8").splitlines()
        passages += [text for line in lines if len(text := str(json.loads(line).get("text", ""))) > 40]
    for book in ("《雪夜渡口》作者：顾南舟.txt", "听雨楼.txt", "山城邮差（校对版全本）.txt"):
        text = read_book(HOME / "examples/novels" / book)
        passages += [text[place : place + 300] for place in range(0, len(text) - 100, 100)]
    return passages


def read_book(path: Path) -> str:
    from builders.text.decode import decode

    return decode(path.read_bytes())[0]


def test_nearly_all_passages_give_three_pairs_that_pass() -> None:
    passages = example_passages()
    assert len(passages) > 40
    failed = []
    for passage in passages:
        pairs = [(pair["question"], pair["answer"]) for pair in pairs_of(passage, 3)]
        if len(pairs) < 3 or any(check_pairs(passage, pairs, 15, 300)):
            failed.append((passage, pairs))
    assert len(failed) <= len(passages) / 20, failed


@settings(deadline=None)
@given(
    st.text()
    | st.text(alphabet="老吴长江桥是位于有说了，。！？：“”‘’（）《》—…\n 的和在1990年因为所以它这abcＡ\ufffd\x00\t"),
    st.integers(0, 8),
    st.integers(5, 20),
    st.integers(10, 60),
)
def test_any_text_gives_pairs_within_their_limits(
    passage: str, count: int, max_question_chars: int, max_answer_chars: int
) -> None:
    pairs = pairs_of(passage, count, max_question_chars=max_question_chars, max_answer_chars=max_answer_chars)
    assert len(pairs) <= count
    verdicts = check_pairs(
        passage, [(pair["question"], pair["answer"]) for pair in pairs], max_question_chars, max_answer_chars
    )
    names = {verdict.check for found in verdicts for verdict in found}
    assert not names & {
        "too_long_question",
        "too_long_answer",
        "duplicate_question",
        "same_as_question",
        "illegal_character",
    }
