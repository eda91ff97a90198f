"""Books and passages made on the spot: plain Chinese sentences in endless variation, the same for the same seed."""

from __future__ import annotations

import random
from pathlib import Path

SURNAMES = "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦许何吕张孔曹严华金魏陶姜谢邹苏潘葛范彭鲁马方任袁柳"
GIVEN = "远明秋月云山青松海平文静玉兰春生小满长河立冬思齐若水怀瑾晓风望舒知行采薇子衿北辰南乔竹溪石桥雨亭"
PLACES = [
    "渡口",
    "山城",
    "茶馆",
    "旧书铺",
    "码头",
    "学堂",
    "药铺",
    "戏台",
    "磨坊",
    "城门",
    "竹林",
    "盐井",
    "驿站",
    "石桥",
    "祠堂",
    "果园",
    "灯塔",
    "集市",
    "客栈",
    "河滩",
    "钟楼",
    "染坊",
    "船坞",
    "梯田",
]
TIMES = [
    "清早",
    "黄昏",
    "半夜",
    "立秋那天",
    "除夕前夜",
    "雨停以后",
    "鸡叫头遍时",
    "第三天午后",
    "大雪封山时",
    "庙会散后",
    "发大水那年",
    "月亮出来时",
]
ACTS = [
    "修好了",
    "卖掉了",
    "藏起了",
    "找到了",
    "画下了",
    "背走了",
    "埋掉了",
    "借来了",
    "擦亮了",
    "打碎了",
    "数清了",
    "换回了",
    "烧掉了",
    "寄走了",
    "认出了",
    "忘记了",
]
THINGS = [
    "一把旧伞",
    "半袋小米",
    "两封家书",
    "一只木箱",
    "那口铜钟",
    "三张船票",
    "一本账簿",
    "一盏马灯",
    "几匹蓝布",
    "一枚印章",
    "那幅地图",
    "一坛老酒",
    "一双布鞋",
    "一架水车",
    "半截蜡烛",
    "一筐橘子",
]
ENDS = (
    "谁也没有再提这件事",
    "江上的雾慢慢散了",
    "狗在远处叫了两声",
    "他只是笑了一笑",
    "屋里的人都愣住了",
    "灯花跳了一下",
    "雪又下了起来",
    "她把门轻轻带上",
    "风从窗缝里钻进来",
    "桌上的茶已经凉了",
)


def sentence(rng: random.Random) -> str:
    name = rng.choice(SURNAMES) + "".join(rng.sample(GIVEN, 2))
    other = rng.choice(SURNAMES) + rng.choice(GIVEN)
    match rng.randrange(3):
        case 0:
            return f"{rng.choice(TIMES)}，{name}在{rng.choice(PLACES)}{rng.choice(ACTS)}{rng.choice(THINGS)}，{rng.choice(ENDS)}。"
        case 1:
            return f"“{other}，你见过{rng.choice(THINGS)}没有？”{name}走到{rng.choice(PLACES)}前面，低声问道。"
    return (
        f"听说{name}离开{rng.choice(PLACES)}以后，{other}就{rng.choice(ACTS)}{rng.choice(THINGS)}，{rng.choice(ENDS)}。"
    )


def passage(seed: str, chars: int) -> str:
    """Paragraphs of plain prose, at least `chars` characters."""
    rng = random.Random(seed)
    paragraphs: list[str] = []
    while sum(map(len, paragraphs)) < chars:
        paragraphs.append("".join(sentence(rng) for _ in range(rng.randrange(2, 6))))
    return "\n".join(paragraphs)


def book(seed: str, chapters: int, chars: int = 800) -> str:
    """A book with headings and indented paragraphs."""
    parts: list[str] = []
    for number in range(1, chapters + 1):
        body = passage(f"{seed}/{number}", chars)
        parts += [
            f"第{number}章 {random.Random(f'{seed}{number}').choice(PLACES)}",
            "",
            *("　　" + line for line in body.split("\n")),
            "",
        ]
    return "\n".join(parts)


def write_books(folder: Path, books: int, chapters: int = 6, chars: int = 800, encoding: str = "gb18030") -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(books):
        (folder / f"书{number:03d}.txt").write_bytes(book(f"book {number}", chapters, chars).encode(encoding))
