"""The many ways of asking about an entry of an encyclopedia, by what kind of thing it is. X is its name, F a field.

A bare word is no question, and a model that hears one template learns the template. So there are some dozens.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, NamedTuple

EntryType = Literal[
    "person", "place", "species", "work", "organisation", "event", "disease", "substance", "product", "word", "concept"
]


class Form(NamedTuple):
    """A question; `opening` begins its answer, and a `brief` one is answered by the first sentence alone."""

    question: str
    opening: str = ""
    brief: bool = False


_ANY = (
    Form("什么是X？"),
    Form("X是什么？"),
    Form("你听说过X吗？", "听说过。"),
    Form("你知道X吗？", "知道。"),
    Form("介绍一下X。"),
    Form("请简单介绍一下X。"),
    Form("给我讲讲X吧。"),
    Form("我想了解X，能说说吗？", "当然可以。"),
    Form("请解释一下X。"),
    Form("X指的是什么？"),
    Form("X是什么意思？"),
    Form("怎样理解X？"),
    Form("请用一句话说明什么是X。", brief=True),
    Form("用一句话介绍X。", brief=True),
    Form("别人提到X时，说的是什么？"),
    Form("能告诉我X是怎么一回事吗？", "可以。"),
    Form("关于X，你知道些什么？"),
)

DEFINITIONS: Mapping[EntryType, tuple[Form, ...]] = {
    "person": (
        Form("X是谁？"),
        Form("谁是X？"),
        Form("你听说过X吗？", "听说过。"),
        Form("你知道X是谁吗？", "知道。"),
        Form("介绍一下X这个人。"),
        Form("X是什么人？"),
        Form("X是做什么的？"),
        Form("请简要介绍X的生平。"),
        Form("我想了解X，能讲讲吗？", "当然可以。"),
        Form("请用一句话介绍X。", brief=True),
        Form("能说说X是怎样的人物吗？", "可以。"),
        Form("请问X是何许人？"),
        Form("说说你对X的了解。"),
        Form("请写一段X的人物简介。"),
    ),
    "place": (
        Form("X在哪里？"),
        Form("X是什么地方？"),
        Form("你听说过X吗？", "听说过。"),
        Form("你知道X这个地方吗？", "知道。"),
        Form("介绍一下X。"),
        Form("请介绍X的基本情况。"),
        Form("X是个怎样的地方？"),
        Form("我没去过X，能给我讲讲吗？", "好的。"),
        Form("用一句话说明X是哪里。", brief=True),
        Form("X的概况是怎样的？"),
        Form("如果要向游客介绍X，你会怎么说？"),
        Form("地图上的X是什么地方？"),
    ),
    "species": (
        Form("什么是X？"),
        Form("X是什么生物？"),
        Form("你听说过X吗？", "听说过。"),
        Form("你认识X吗？", "认识。"),
        Form("X属于哪一类生物？"),
        Form("介绍一下X。"),
        Form("请介绍X这种生物。"),
        Form("自然界中的X是什么样的？"),
        Form("请像科普文章那样介绍X。"),
        Form("用一句话说明X是什么生物。", brief=True),
        Form("给我讲讲X这种生物。"),
        Form("X是一种怎样的生物？"),
    ),
    "work": (
        Form("X是什么作品？"),
        Form("什么是X？"),
        Form("你听说过X吗？", "听说过。"),
        Form("你知道X这部作品吗？", "知道。"),
        Form("介绍一下X。"),
        Form("请为X写一段简介。"),
        Form("能给我说说X吗？", "好的。"),
        Form("X是什么样的作品？"),
        Form("用一句话介绍X。", brief=True),
        Form("X是一部怎样的作品？"),
        Form("我还不了解X，请介绍一下。"),
        Form("有人向我推荐X，这是什么作品？"),
    ),
    "organisation": (
        Form("X是什么机构？"),
        Form("X是做什么的？"),
        Form("你听说过X吗？", "听说过。"),
        Form("你了解X吗？", "了解一些。"),
        Form("介绍一下X。"),
        Form("请简单介绍X的情况。"),
        Form("X是个什么样的机构？"),
        Form("请写一段X的简介。"),
        Form("用一句话说明X是什么机构。", brief=True),
        Form("X主要从事什么？"),
        Form("第一次听说X，能介绍一下吗？", "好的。"),
        Form("关于X，有哪些基本信息？"),
    ),
    "event": (
        Form("X是怎么回事？"),
        Form("什么是X？"),
        Form("你听说过X吗？", "听说过。"),
        Form("你知道X吗？", "知道。"),
        Form("X是什么事件？"),
        Form("介绍一下X。"),
        Form("请概述X的经过。"),
        Form("X指的是哪件事？"),
        Form("用一句话概括X。", brief=True),
        Form("给我讲讲X吧。"),
        Form("能说说X是怎样一件事吗？", "可以。"),
        Form("请向没听说过的人介绍X。"),
    ),
    "disease": (
        Form("什么是X？"),
        Form("X是什么病？"),
        Form("你听说过X吗？", "听说过。"),
        Form("X是怎么一回事？"),
        Form("请科普一下X。"),
        Form("医学上的X指什么？"),
        Form("请介绍X这种疾病。"),
        Form("X是一种怎样的疾病？"),
        Form("用一句话说明X是什么病。", brief=True),
        Form("能解释一下X吗？", "可以。"),
    ),
    "substance": (
        Form("什么是X？"),
        Form("X是什么物质？"),
        Form("你听说过X吗？", "听说过。"),
        Form("请介绍X这种物质。"),
        Form("怎样向学生解释X是什么？"),
        Form("X是一种怎样的物质？"),
        Form("用一句话说明X是什么物质。", brief=True),
        Form("化学里说的X是什么？"),
        Form("请解释一下X。"),
        Form("给我讲讲X。"),
    ),
    "product": (
        Form("X是什么产品？"),
        Form("X是什么？"),
        Form("你听说过X吗？", "听说过。"),
        Form("你了解X吗？", "了解一些。"),
        Form("介绍一下X这款产品。"),
        Form("X是用来做什么的？"),
        Form("请为X写一段产品简介。"),
        Form("X是一款怎样的产品？"),
        Form("用一句话介绍X。", brief=True),
        Form("我没用过X，能介绍一下吗？", "好的。"),
    ),
    "word": (
        Form("“X”是什么意思？"),
        Form("请解释词语“X”。"),
        Form("“X”这个词怎么理解？"),
        Form("你知道“X”的意思吗？", "知道。"),
        Form("“X”怎么解释？"),
        Form("词语“X”指的是什么？"),
        Form("请说明“X”的含义。"),
        Form("用一句话解释“X”。", brief=True),
        Form("读到“X”这个词，该怎样理解？"),
        Form("你听说过“X”这个说法吗？", "听说过。"),
    ),
    "concept": _ANY,
}

SECTIONS = (
    "介绍一下X的F。",
    "请讲讲X的F。",
    "X的F是怎样的？",
    "关于X的F，你知道些什么？",
    "请说明X的F。",
    "我想了解X的F。",
    "能谈谈X的F吗？",
    "请概括X的F。",
    "说到X，它的F如何？",
    "请就“F”这一方面介绍X。",
)
SECTIONS_OF_PERSONS = (*(form for form in SECTIONS if "它" not in form), "在F方面，X是怎样的？")


class Fact(NamedTuple):
    """A well-known field: its names in the box, ways of asking for it, and of answering with its value V."""

    names: tuple[str, ...]
    questions: tuple[str, ...]
    answers: tuple[str, ...]


FACTS = (
    Fact(
        ("出生日期", "出生时间"),
        ("X的出生日期是什么时候？", "X是哪一年出生的？", "X出生于什么时候？", "X是什么时候出生的？"),
        ("X出生于V。", "X的出生日期是V。"),
    ),
    Fact(("生日",), ("X的生日是哪一天？", "X什么时候过生日？"), ("X的生日是V。",)),
    Fact(
        ("逝世日期", "去世时间", "逝世时间", "去世日期"),
        ("X是什么时候去世的？", "X在哪一年去世？", "X的逝世日期是什么时候？"),
        ("X去世于V。", "X的逝世日期是V。"),
    ),
    Fact(("出生地", "出生地点"), ("X出生在哪里？", "X的出生地是哪里？"), ("X出生在V。", "X的出生地是V。")),
    Fact(("籍贯", "祖籍"), ("X是哪里人？", "X的籍贯是哪里？"), ("X的籍贯是V。",)),
    Fact(("国籍",), ("X是哪国人？", "X的国籍是什么？", "X是哪个国家的？"), ("X的国籍是V。",)),
    Fact(("民族", "民族族群"), ("X是什么民族？", "X属于哪个民族？"), ("X的民族是V。",)),
    Fact(("职业",), ("X的职业是什么？", "X从事什么职业？", "X是做什么工作的？"), ("X的职业是V。",)),
    Fact(
        ("毕业院校", "毕业学校", "母校"),
        ("X毕业于哪所学校？", "X是哪所学校毕业的？", "X在哪里上的学？"),
        ("X毕业于V。", "X的毕业院校是V。"),
    ),
    Fact(
        ("代表作品", "主要作品", "代表作"),
        ("X有哪些代表作品？", "X的代表作是什么？", "请列举X的代表作品。"),
        ("X的代表作品有V。", "X的代表作品包括V。"),
    ),
    Fact(
        ("主要成就", "成就"),
        ("X有哪些主要成就？", "X取得过什么成就？"),
        ("X的主要成就：V。",),
    ),
    Fact(("所处时代", "朝代"), ("X是哪个时代的？", "X生活在什么时代？"), ("X所处的时代是V。",)),
    Fact(("字号",), ("X的字号是什么？", "X字什么，号什么？"), ("X的字号：V。",)),
    Fact(("本名", "原名"), ("X的本名是什么？", "X原来叫什么？"), ("X的本名是V。",)),
    Fact(
        ("别名", "别称", "又称", "又名", "别号"),
        ("X还有什么别的名字？", "X又叫什么？", "X有哪些别称？"),
        ("X又称V。", "X的别名有V。"),
    ),
    Fact(
        ("外文名", "外文名称", "英文名", "英文名称"),
        ("X的外文名是什么？", "X用外文怎么说？", "X的外文名称怎么写？"),
        ("X的外文名是V。",),
    ),
    Fact(("拉丁学名", "学名"), ("X的拉丁学名是什么？", "X的学名是什么？"), ("X的学名是V。",)),
    Fact(("界", "门", "纲", "目", "族"), ("X属于哪一F？", "X在生物分类上属于哪个F？"), ("X属于V。",)),
    Fact(("科",), ("X属于哪一科？", "X是什么科的生物？"), ("X属于V。",)),
    Fact(("属",), ("X归在哪一属？", "X是哪个属的？"), ("X归在V。",)),
    Fact(("分布区域", "分布地区", "分布"), ("X分布在哪些地区？", "哪里能见到X？"), ("X分布于V。",)),
    Fact(
        ("地理位置", "位置", "所在地", "所处位置"),
        ("X位于什么地方？", "X的地理位置在哪里？", "X坐落在哪里？"),
        ("X位于V。", "X的地理位置是V。"),
    ),
    Fact(
        ("所属地区", "所属国家", "隶属"),
        ("请问X的F是哪里？", "X的F是什么？"),
        ("X的F是V。",),
    ),
    Fact(("面积", "占地面积", "总面积"), ("X的面积有多大？", "X有多大？"), ("X的面积是V。", "X的面积为V。")),
    Fact(("人口", "人口数量", "常住人口"), ("X有多少人口？", "X的人口是多少？"), ("X的人口是V。", "X的人口为V。")),
    Fact(("首都", "首府", "省会"), ("X的F是哪里？", "哪座城市是X的F？"), ("X的F是V。",)),
    Fact(("气候条件", "气候类型", "气候"), ("X的气候怎么样？", "X是什么气候？"), ("X的气候：V。",)),
    Fact(
        ("著名景点", "主要景点"), ("X有哪些著名景点？", "到X可以去哪些景点？"), ("X的著名景点有V。", "X的景点包括V。")
    ),
    Fact(("电话区号", "邮政区码", "邮政编码"), ("X的F是多少？",), ("X的F是V。",)),
    Fact(("海拔", "主峰海拔"), ("X的海拔是多少？", "X有多高？"), ("X的海拔是V。",)),
    Fact(("作者", "著者"), ("X的作者是谁？", "X是谁写的？", "谁写了X？"), ("X的作者是V。",)),
    Fact(("导演",), ("X的导演是谁？", "X是谁导演的？"), ("X的导演是V。", "X由V导演。")),
    Fact(("主演",), ("X有哪些主演？", "X由哪些人主演？"), ("X的主演有V。",)),
    Fact(("编剧",), ("X的编剧是谁？", "谁写了X的剧本？"), ("X的编剧是V。",)),
    Fact(("出版社",), ("X由哪家出版社出版？", "X是哪家出版社出的？"), ("X由V出版。",)),
    Fact(
        ("出版时间", "上映时间", "发行时间", "首播时间", "上市时间"),
        ("X的F是什么时候？", "X是什么时候问世的？"),
        ("X的F是V。",),
    ),
    Fact(
        ("创作年代", "文学体裁", "体裁", "类型", "类别", "性质", "用途"),
        ("X的F是什么？",),
        ("X的F是V。",),
    ),
    Fact(
        ("成立时间", "创办时间", "建立时间", "成立日期", "创建时间", "始建时间"),
        ("X是什么时候成立的？", "X成立于哪一年？", "X的F是什么时候？"),
        ("X的F是V。",),
    ),
    Fact(("创始人", "创办人"), ("X是谁创办的？", "X的创始人是谁？"), ("X的创始人是V。", "X由V创办。")),
    Fact(("总部地点", "总部"), ("X的总部在哪里？", "X的总部设在什么地方？"), ("X的总部在V。",)),
    Fact(("经营范围", "主营业务"), ("X经营什么？", "X的主要业务是什么？"), ("X的F是V。",)),
    Fact(("校训",), ("X的校训是什么？",), ("X的校训是“V”。",)),
    Fact(
        ("发生时间",),
        ("X是什么时候发生的？", "X发生在哪一年？", "X的发生时间是什么时候？"),
        ("X发生于V。",),
    ),
    Fact(
        ("时间", "举办时间", "发现时间", "提出时间"),
        ("X的F是什么时候？", "请问X的F是什么时候？"),
        ("X的F是V。",),
    ),
    Fact(("发生地点", "地点", "举办地点"), ("请问X的F在哪里？", "X的F是哪里？"), ("X的F是V。",)),
    Fact(("提出者", "发明者", "发现者", "发明人"), ("谁是X的F？", "X的F是谁？"), ("X的F是V。",)),
    Fact(("化学式", "分子式"), ("X的化学式是什么？", "X的化学式怎么写？"), ("X的F是V。",)),
    Fact(("拼音", "读音", "注音"), ("X怎么读？", "X的拼音是什么？"), ("X的读音是V。",)),
    Fact(("释义", "解释"), ("X怎么解释？", "X的释义是什么？"), ("X的意思是：V。",)),
    Fact(("出处", "成语出处"), ("X出自哪里？", "X的出处是什么？"), ("X出自V。",)),
    Fact(("近义词", "反义词"), ("X的F有哪些？", "X的F是什么？"), ("X的F有V。",)),
    Fact(("就诊科室",), ("得了X该挂什么科？", "X应该看哪个科？"), ("X的就诊科室是V。",)),
    Fact(("常见病因", "病因"), ("X是什么引起的？", "X的病因有哪些？"), ("X的常见病因：V。",)),
    Fact(("常见症状", "临床症状", "症状"), ("X有哪些症状？", "X的常见症状是什么？"), ("X的常见症状：V。",)),
)

FACT_OF: Mapping[str, Fact] = {name: fact for fact in FACTS for name in fact.names}

# Fields that are not well known, by what their names end in.
_OTHERS = (
    Fact(
        ("者", "人", "家", "员", "师", "长官", "校长", "院长", "所长", "主席"),
        ("X的F是谁？", "请问X的F是谁？", "谁是X的F？"),
        ("X的F是V。",),
    ),
    Fact(
        ("时间", "日期", "年代", "年份", "时期"),
        ("X的F是什么时候？", "请问X的F是什么时候？", "你知道X的F吗？"),
        ("X的F是V。",),
    ),
    Fact(
        ("地点", "地址", "位置", "产地", "所在地", "驻地", "城市", "国家"),
        ("X的F是哪里？", "请问X的F在哪里？", "你知道X的F吗？"),
        ("X的F是V。",),
    ),
    Fact(
        ("面积", "人口", "数量", "长度", "高度", "重量", "总数", "人数", "价格", "海拔", "密度", "流量", "代码"),
        ("X的F是多少？", "请问X的F是多少？", "告诉我X的F。"),
        ("X的F是V。", "X的F为V。"),
    ),
)
_ANY_FACT = Fact(
    (),
    ("X的F是什么？", "请问X的F是什么？", "你知道X的F吗？", "告诉我X的F。", "请说出X的F。"),
    ("X的F是V。",),
)
LONG_ANSWER = "X的F：V。"  # where a value is more than a word or two


def fact_of(field: str) -> tuple[Fact, bool]:
    """How a field is asked for, and whether it is a well-known one."""
    if field in FACT_OF:
        return FACT_OF[field], True
    return next((fact for fact in _OTHERS if field.endswith(fact.names)), _ANY_FACT), False
