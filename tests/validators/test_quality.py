"""`Quality`: every class of text that the rule `quality` refuses or keeps, with golden verdicts for this version."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from validators.errors import SikuError
from validators.language import detect_language
from validators.quality import GENRES, GenreName, Quality, check_quality, guess_genre, quality_score
from validators.step import Verdict

PROSE = (
    "春天来得很晚，山上的雪一直到四月才化完。老周把船靠在岸边，坐下来抽了一袋烟。院子里的枣树今年结得特别多，压弯了枝条。"
    "隔壁传来咳嗽声，一声接着一声。母亲在灯下补衣服，针脚又细又密。远处的火车鸣了一声汽笛，慢慢开走了。"
    "村口的小店还亮着灯，几个人围在那里下棋。他想起许多年前的那个夜晚，也是这样的雨。"
)
TRADITIONAL = (
    "春天來得很晚，山上的雪一直到四月才化完。老周把船靠在岸邊，坐下來抽了一袋煙。院子裡的棗樹今年結得特別多，壓彎了枝條。"
    "隔壁傳來咳嗽聲，一聲接著一聲。母親在燈下補衣服，針腳又細又密。遠處的火車鳴了一聲汽笛，慢慢開走了。"
)
DIALOGUE = (
    "“谁？”\n“我。”\n“你是谁？”\n“老陈。”\n“哪个老陈？”\n“城南卖豆腐的老陈。”\n门开了一条缝。\n“这么晚了，什么事？”\n"
    "“借个火。”\n“……”\n“真的，就借个火。”\n“进来吧。”"
)
ELLIPSES = (
    "「你……你怎麼……」\n「我……」\n「算了……」\n她轉過身去……沒有再說話……\n「等等……」\n雨還在下……\n"
    "「我……我不是那個意思……」\n……\n他站在原地，很久很久……"
)
CODE_ARTICLE = (
    "今天用 Python 写了个小脚本，先 import os，再用循环遍历目录，把文件名打印出来。\n\n```python\nimport os\n"
    'for name in os.listdir("."):\n    if name.endswith(".txt"):\n        print(name)\n```\n\n'
    "运行之后可以看到当前目录下所有的文本文件。如果想递归查找，可以换一个函数，用法也很简单，这里就不多说了。"
)
LETTER = (
    "亲爱的妈妈：\n    见信好。\n    我在这边一切都好，饭菜也吃得惯，只是夜里常常想家。随信寄回三十元。\n"
    "        此致\n敬礼\n            儿 小山\n            十一月三日"
)
SONG = (
    "风吹过田野\n我在等你\n等你回来\n\n河水流过村庄\n我在等你\n等你回来\n\n雪落在屋顶\n灯还亮着\n等你回来\n等你回来\n\n"
    "山路弯弯\n月亮照着\n你的脚印\n等你回来"
)
VERSE = "雨過千山淨，雲歸一寺幽。\n鐘聲何處起，落葉滿江頭。"
CLASSICAL = (
    "又東二百里，曰白石之山。無草木，多青玉。有獸焉，其狀如犬而赤首，其名曰獓，其音如嬰兒，見則其邑大旱。"
    "有鳥焉，其狀如梟而四足，食之不飢。㶌水出焉，而南流注於河，其中多鮆魚。"
)
QUOTED_ENDS = (
    "老师说“明天不上课”\n弟弟问「为什么不上课」\n姐姐指着墙上的字念『放假一天』\n他们就都笑了起来……\n于是一家人去了河边（那时候还没有桥）\n"
    "太阳落下去的时候，母亲说该回家了，弟弟还舍不得走，抱着一棵柳树不肯放手。”"
)

STATISTICS = (
    "去年全市常住人口为356.8万人，比上年增加2.1万人；其中城镇人口248.3万人，占69.6%，乡村人口108.5万人，占30.4%。"
    "全年出生人口2.6万人，死亡人口2.2万人。财政收入12.6亿元，同比增长8.3%，支出15.9亿元，同比增长5.1%。"
)
ONE_TOPIC = (
    "棱柱的两个底面互相平行，棱柱的侧面都是四边形。相邻两个侧面的公共边叫做棱柱的侧棱，侧面与底面的公共顶点叫做棱柱的顶点，"
    "不在同一个面上的两个顶点连成的线段叫做棱柱的对角线，两个底面之间的距离就是棱柱的高。"
)

KEPT: list[tuple[str, GenreName]] = [
    (PROSE, "web"),
    (PROSE[:82], "web"),
    (TRADITIONAL, "web"),
    (CODE_ARTICLE, "web"),
    (QUOTED_ENDS, "web"),
    (STATISTICS, "web"),
    (ONE_TOPIC, "web"),
    (PROSE, "novel"),
    (TRADITIONAL, "novel"),
    (DIALOGUE, "novel"),
    (ELLIPSES, "novel"),
    (LETTER, "novel"),
    ("他回来了。谁也不知道他从哪里来，只见他的鞋上全是泥。", "novel"),
    (PROSE + "\ufffd" + PROSE[:40], "novel"),  # one lost character is no broken file
    (PROSE + "他从前在日本住过，会写「ありがとう」几个字。", "novel"),
    (SONG, "poetry"),
    (VERSE, "poetry"),
    (VERSE.replace("，", "\n").replace("。", ""), "poetry"),
    (CLASSICAL, "classical"),
]


@pytest.mark.parametrize(("text", "genre"), KEPT)
def test_kept(text: str, genre: GenreName) -> None:
    assert check_quality(text, genre) is None
    if genre != "web":
        assert check_quality(text, "auto") is None


NAVIGATION = [
    *(
        "首页",
        "新闻",
        "体育",
        "娱乐",
        "财经",
        "科技",
        "汽车",
        "房产",
        "登录",
        "注册",
        "关于我们",
        "联系我们",
        "网站地图",
    ),
    *("教育", "旅游", "论坛", "博客", "视频", "图片", "军事", "健康", "友情链接", "广告服务", "版权声明", "帮助中心"),
    *("购物车", "客服", "产品展示", "公司简介", "在线留言"),
]
TEASERS = [
    "近日我市召开了全市经济工作会议，会议指出",
    "据悉该项目总投资约三十亿元，建成后将成为",
    "昨天下午三点左右，记者在现场看到",
    "专家表示这种现象在近几年十分普遍，主要原因是",
    "本周末将有一股冷空气影响我省，气温将下降",
    "许多人在留言里说，这家店的味道",
]
HEADLINES = [
    "最新手机排行榜",
    "如何选择合适的笔记本电脑",
    "冬季养生的十个要点",
    "高考志愿填报指南",
    "本周楼市成交量回升",
    "家常红烧肉的做法",
    "旅游旺季酒店价格上涨",
    "省图书馆新馆开放",
]
REFUSED = [  # name, text, rule
    ("one character", "啊" * 200, "repetition"),
    ("one cheer", "加油！" * 80, "repetition"),
    ("one sentence", "今天的风真大。" * 40, "repetition"),
    ("one line", "点击这里下载最新的客户端\n" * 30, "repetition"),
    ("one paragraph", (PROSE + "\n") * 4, "repetition"),
    ("logs", "".join(f"第{number}次连接服务器失败，{number % 7}秒后重试。\n" for number in range(30)), "logs"),
    (
        "counted in Han",
        "".join(f"第{digit}次连接服务器失败，正在重试。\n" for digit in "一二三四五六七八九十" * 2),
        "repetition",
    ),
    ("few Han", "The rain stopped and the children ran out. " * 10 + "雨停了。", "hardly any Han"),
    ("Japanese", "明日は雨が降るかもしれません。傘を持って行きましょう。" * 2, "other language"),
    ("Korean", "비가 그치고 아이들이 다시 거리로 나왔다. 나는 창가에 앉아 있었다.", "other language"),
    ("symbols", "★☆新★☆上☆★◆▲热◆★▲◆中●○" * 8, "hardly any Han"),
    ("symbols between", "新★品☆上◆市▲热●卖○中■好□物◇推△荐" * 4, "symbols"),
    ("brackets", "".join(f"【{word}】" for word in NAVIGATION), "brackets"),
    ("digits", " ".join(f"{word[:2]}{number * 137 + 4000}" for number, word in enumerate(NAVIGATION)), "digits"),
]


@pytest.mark.parametrize(
    ("text", "check"), [(text, check) for _, text, check in REFUSED], ids=[row[0] for row in REFUSED]
)
def test_refused_in_any_genre(text: str, check: str) -> None:
    for genre in GENRES:
        verdict = Quality(genre=genre)(text)  # type: ignore[arg-type]
        assert verdict is not None, genre
        assert verdict.why
    verdict = check_quality(text, "novel")
    assert verdict is not None
    assert verdict.check == check


@pytest.mark.parametrize("trade", ["搬家", "开锁", "管道疏通", "婚纱摄影", "空调维修", "办公家具"])
@pytest.mark.parametrize("glue", [" ", "，", "\n", "|", ""])
def test_stuffed_keywords(trade: str, glue: str) -> None:
    dice = random.Random(trade + glue)
    cities, ends = ["北京", "上海", "广州", "武汉", "成都"], ["公司", "电话", "价格", "哪家好", "多少钱", "服务", ""]
    text = glue.join(dice.choice(cities) + trade + dice.choice(ends) for _ in range(60))
    for genre in ("web", "novel"):
        assert check_quality(text, genre) is not None


def test_stuffed_sentences() -> None:
    sentences = [
        "西安开锁哪家好？",
        "我们提供西安开锁服务，",
        "西安开锁电话，",
        "选西安开锁就找我们。",
        "西安开锁价格便宜，",
        "西安开锁上门快。",
    ]
    text = "".join(random.Random(1).choices(sentences, k=40))
    assert check_quality(text, "web") is not None


@pytest.mark.parametrize(
    "separator",
    [" | ", "｜", " · ", " > ", " » ", "  ", " ", "\n", "\t", "/", "　", " - ", "_", "★", "，", "、", "】【"],
)
def test_navigation_bars(separator: str) -> None:
    assert check_quality(separator.join(NAVIGATION), "web") is not None


def test_text_without_a_sentence() -> None:
    assert check_quality("\n".join(HEADLINES), "web") == Verdict(
        "no sentence", "100.0% of the Han are pieces without punctuation, 8.9 characters each"
    )
    for line in HEADLINES, [f"{number}. {line}" for number, line in enumerate(HEADLINES)]:
        assert check_quality("\n".join(line), "web") is not None
    assert check_quality("您的位置：首页 > 新闻 > 国内 > 正文　字号：大 中 小　分享到：微博 微信", "web") is not None
    footer = " | ".join(NAVIGATION) + "\n版权所有，未经许可不得转载。"
    assert check_quality(footer, "web") is not None


@pytest.mark.parametrize(
    "end", ["…", "...", "……", "…查看更多", "...[阅读全文]", "…[详细]", " 查看更多", "……（閱讀全文）", "…更多>>"]
)
def test_teasers(end: str) -> None:
    for glue in ("\n", " "):
        if glue == "\n" or len(end) > 3:
            verdict = check_quality(glue.join(teaser + end for teaser in TEASERS), "web")
            assert verdict is not None
            assert verdict.check == "teasers"


@pytest.mark.parametrize("end", ["", "…"])
@pytest.mark.parametrize("link", ["查看更多", "[阅读全文]", "　　更多>>"])
def test_teasers_with_the_link_on_a_line_of_its_own(end: str, link: str) -> None:
    verdict = check_quality("\n".join(f"{teaser}{end}\n{link}" for teaser in TEASERS), "web")
    assert verdict == Verdict("teasers", "100.0% of the lines are cut short, 60% are allowed")


@pytest.mark.parametrize(
    "line",
    [
        'def handle_N(value):\n    print("TEXT")\n    return value\n',
        '<li class="item-N"><a href="/news/N.html">TEXT</a></li>\n',
        "private int countN = 0; // TEXT\n",
        "INSERT INTO t_user (id, memo) VALUES (N, 'TEXT');\n",
        '{"id": N, "memo": "TEXT", "next": null},\n',
        "if (readyN) { alert('TEXT'); }\n",
        ".item-N { width: Npx; } /* TEXT */\n",
    ],
)
def test_code(line: str) -> None:
    lines = [line.replace("TEXT", text).replace("N", str(number)) for number, text in enumerate(HEADLINES + TEASERS)]
    verdict = check_quality("".join(lines), "web")
    assert verdict is not None
    assert verdict.check in ("code", "hardly any Han")


def _damage(text: str, written: str, read: str) -> str:
    return text.encode(written, "ignore").decode(read, "replace")


@pytest.mark.parametrize("text", [PROSE, TRADITIONAL])
@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("utf-8", "gb18030"),
        ("utf-8", "big5hkscs"),
        ("utf-8", "latin-1"),
        ("utf-8", "cp1252"),
        ("gb18030", "big5hkscs"),
        ("gb18030", "latin-1"),
        ("big5", "gb18030"),
        ("utf-16-le", "utf-16-be"),
    ],
)
def test_wrong_encodings(text: str, written: str, read: str) -> None:
    for genre in GENRES:
        assert Quality(genre=genre)(_damage(text, written, read)) is not None  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "text",
    [
        "\ufffd".join(PROSE[at : at + 12] for at in range(0, len(PROSE), 12)),
        "锟斤拷".join(PROSE[at : at + 30] for at in range(0, len(PROSE), 30)),
        "烫烫烫烫".join(PROSE[at : at + 30] for at in range(0, len(PROSE), 30)),
        "锟斤拷" * 60,
        "屯" * 100,
        "\ue123".join(PROSE[at : at + 12] for at in range(0, len(PROSE), 12)),
        PROSE[:90] + _damage(PROSE[90:], "utf-8", "gb18030"),
    ],
)
def test_broken_encoding(text: str) -> None:
    for genre in ("web", "novel"):
        verdict = check_quality(text, genre)
        assert verdict is not None
        assert verdict.check == "broken encoding"


def test_golden() -> None:
    step = Quality()
    assert step.version == 1
    assert step("你好。") == Verdict("too short", "3 characters, 20 are needed")
    assert step("今天的风真大。" * 40) == Verdict(
        "repetition", "only 2.5% of the runs of four characters are new where they stand"
    )
    assert step(_damage(PROSE, "utf-8", "gb18030")) == Verdict(
        "broken encoding", "9.3% of the characters stand for lost ones"
    )
    assert step(PROSE.encode("gb18030").decode("big5hkscs", "ignore")) == Verdict(
        "broken encoding", "only 53.2% of the Han characters are in common use"
    )
    assert step(PROSE) is None


def test_limits_are_fields() -> None:
    assert Quality(min_chars=1000)(PROSE) == Verdict("too short", f"{len(PROSE)} characters, 1000 are needed")
    assert Quality(min_han_share=0.95)(PROSE) is not None
    with pytest.raises(SikuError, match="romance"):
        Quality(genre="romance")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "genre"),
    [(PROSE, "novel"), (DIALOGUE, "novel"), (VERSE, "poetry"), (SONG, "poetry"), (CLASSICAL, "classical")],
)
def test_guess_genre(text: str, genre: str) -> None:
    assert guess_genre(text) == genre


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=300))
def test_every_text_gets_a_verdict(text: str) -> None:
    for genre in GENRES:
        Quality(genre=genre)(text)  # type: ignore[arg-type]
    assert 0 <= quality_score(text) <= 1


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n" * 200_000,
        "\ud800你" * 50_000,
        "他走了。\n" * 100_000,
        PROSE * 4_000,
        "." * 300_000 + "x",
        "更多" * 200_000,
        "中a(" * 200_000,
    ],
)
def test_hard_input_takes_no_time(text: str) -> None:
    Quality(genre="web")(text)
    quality_score(text)


@given(st.text("のはカ한국，，，說说這国の人、x 。", max_size=40).filter(lambda text: set(text) & set("說说這国人")))
def test_full_width_commas_rule_out_japanese_and_korean(text: str) -> None:
    """What `Quality` does not look closer at is none."""
    if sum(map(text.count, "のはカ한국")) <= text.count("，"):
        assert detect_language(text).lang not in ("ja", "ko")


def test_quality_score_prefers_the_better_copy() -> None:
    good = "\n".join(PROSE.replace("。", "。\n").split())
    worse = [
        good.replace("春", "\ufffd"),
        good.replace("船", "\ue001"),
        good.replace("，", ",").replace("。", "."),
        good.replace("，", "").replace("。", ""),
        good.replace("，", "\n"),
        _damage(good, "utf-8", "gb18030"),
    ]
    assert all(quality_score(copy) < quality_score(good) for copy in worse)
    assert quality_score(good) > 0.9
    assert quality_score("") == 0
