"""Does a question stand alone? Pronouns (它, 他们), pointing words (该河, 其首都, 那篇), pointers at a text (文中).

Words that merely hold such a character are no pronouns (其他, 吉他, 应该, 因此, 刹那). They are crossed out
first, by the lists below; every such character that is left counts.
"""

from __future__ import annotations

import re
from functools import cache

from validators.characters import HAN
from validators.folding import to_plain

# What is quoted is not what the question itself says. A title stays visible: it tells which text is meant.
_TITLE = re.compile("《[^》]*》|〈[^〉]*〉")
_QUOTATION = re.compile('“[^”"]*[”"]|‘[^’]*’|「[^」]*」|『[^』]*』|〝[^〞]*〞|"[^"]*"|(?<![a-z])\'[^\']*\'(?![a-z])')
_TITLE_LEFT, _QUOTATION_LEFT, _WORD_LEFT = "《》", "“”", "□"

_TA = (
    "其他 其它 吉他 维他 排他 无他 他乡 他国 他日 他杀 他律 他山之石 言他 卡他性 卡他症 卡他莫拉 他加禄 他信"
    " 他他拉 他念他翁 它山堰 马耳他 犹他 马拉他 伐他汀 他汀 西他列汀 西他沙星 西他滨 他达拉非 他克莫司 他莫昔芬"
    " 他唑巴坦 头孢他啶 奥司他韦 奥利司他 非布司他 依帕司他 乌司他丁 西司他丁 氟他胺 帕他胺 罗他胺 喷他佐辛"
    " 喷他脒 喷他多 依他尼酸 他扎罗汀 他氟前列素 利他主义 利他行为 利他性 利他精神 利他林"
)
_QI = (
    "其余 尤其 极其 何其 更其 正其 莫名其妙 名副其实 名符其实 名不副其实 恰如其分 适得其反 适逢其会 突如其来"
    " 不计其数 若无其事 煞有其事 确有其事 出其不意 攻其不备 攻其无备 乘其不备 投其所好 各得其所 死得其所 得其所哉"
    " 各司其职 各行其是 各尽其能 各尽其责 各取其 各就其位 各安其 各展其 各显其能 各奔其 自圆其说 自食其力"
    " 自食其果 自食其言 自得其乐 自行其是 两全其美 坐享其成 首当其冲 身临其境 乐在其中 其乐无穷 其乐融融 其貌不扬"
    " 其味无穷 其来有自 其势汹汹 美其名曰 言过其实 夸大其词 夸大其辞 张大其词 含糊其辞 含糊其词 闪烁其词 闪烁其辞"
    " 大放厥词 人尽其才 物尽其用 地尽其利 尽其所能 神乎其神 神乎其技 微乎其微 难乎其难 玄乎其玄 大行其道"
    " 反其道而行 知其然 知其所以然 不厌其烦 不厌其详 不惮其烦 不得其解 不得其门 不得其法 不明其妙 三缄其口 出其右"
    " 听其自然 任其自然 顺其自然 忘其所以 以其人之道 有其父必有其子 独善其身 步其后尘 取其精华 去其糟粕 欲善其事"
    " 先利其器 其修远兮 其奈我何 北风其凉 灼灼其华 大异其趣 不离其宗 不用其极 苦其心志 劳其筋骨 饿其体肤 空乏其身"
    " 闻其声 见其人 听其言 观其行 土耳其 马其顿 马其诺 安那其 阿其那 米其林 萨其马 沙其马 撒其马 卡其布 卡其色"
    " 麦其土司 何其芳 郦食其 审食其 陈其美 马其昶 周其仁 其木格 其其格"
)
_GAI = "应该 该应 不该 本该 活该 理该 总该 早该 合该 该当 该死 罪该 该隐 亚该亚 哈该"
_CI = (
    "因此 此外 彼此 如此 故此 特此 此起彼 此伏彼 彼伏此 此消彼长 此长彼消 非此即彼 由此及彼 厚此薄彼 顾此失彼"
    " 乐此不疲 多此一举 仅此 岂有此理 不虚此行 长此以往 诸如此类 等因奉此 有鉴于此 此致敬礼 此地无银 此一时 此时无声"
    " 到此一游 此岸 此在 精于此道 深谙此道 此恨绵绵 此情可待 此情无计 此呼彼应 此唱彼和"
)
_NA = (
    "刹那 支那 脂那 禅那 檀那 旃那 遮那 舍那 那不勒斯 那波利 那达慕 那拉氏 那拉提 叶赫那拉 那吒 那先比丘 那罗延"
    " 那伽 紧那罗 摩诃那 耆那 那烂陀 那洛巴 那若巴 乌仗那 那慕尔 那格浦尔 那加兰 那鸿 那桐 那彦成 那斯达克 那卡西"
    " 那维亚 印第安那 路易斯安那 亚利桑那 圭亚那 哈瓦那 博茨瓦那 巴拉那 萨那 麦地那 加那利 卡那维拉尔 瓜那华托"
    " 马里亚那 阿那 安那其 安那托利亚 安那普尔纳 克里希那 多那太罗 多那泰罗 地那非 那普利 利那洛肽 芬那露 非那根"
    " 非那西丁 非那雄胺 非那吡啶"
)
# 该 as a verb (该怎么办, 谁该负责), not as in 该国.
_OUGHT = (
    "该不该"
    "|(?:(?<=[谁我你您们也还又都才便就最更])|(?<=何时)|(?<=几时)|(?<=时候))该(?![国省市县区镇村州岛河江湖山书公组])"
    "|该(?=怎|如何|何时|何去|何处|多[少久大长高快]|几[点时岁]|去|吃|喝|穿|走[哪什怎吗?]|由[谁哪]|用[什何哪多几]|选[什哪择])"
    "|该(?=找[谁什哪]|做[什些哪]|往|向[谁哪]|把|被|给|对[谁哪]|先|再|不|注意|避免|采取|承担|负责(?!人)|怪|罚|还|从[哪何])"
    "|该(?=在[哪何什]|是[谁什]|说[什些]|付多|受[到罚什]|交[给多])"
)
# Words that a longer word hides in: 其实 in 其实验, 那曲 in 那曲子.
_SPLIT = (
    "其实(?![验施践质力际])|其次(?!数)|从此(?![人处地事物类河山])|他人(?!在哪|呢)"
    "|那曲(?![子调目谱])|那英(?![语文国镑寸俊勇])|那霸(?![王主权])|那坡(?!度)|那须(?!要)|那智(?![慧能力])"
)
# A surname at the beginning makes 其 part of a name; 与其 weighs one thing against another.
_SURNAMES = "王李张刘陈杨赵吴孙朱郭罗郑韩唐冯董袁邓许傅沈曾彭吕苏卢蒋蔡贾魏薛阎潘戴谭廖邹熊郝孔崔邱侯邵孟钱汤尹"
_NAMED = f"(?:(?<![{HAN}])|(?<=[在由与和跟对是为据按]))[{_SURNAMES}]其(?=[{HAN}])"
_RATHER = "与其(?=说|.*(?:不如|宁可|宁愿|毋宁))"


@cache
def _word() -> re.Pattern[str]:
    """Everything that merely holds such a character; made when a question first asks for it."""
    listed = sorted(" ".join([_TA, _QI, _GAI, _CI, _NA]).split(), key=len, reverse=True)
    return re.compile("|".join([*listed, _SPLIT, _OUGHT, _NAMED, _RATHER]))


_PRONOUN = re.compile(f"[它他她]们?|这[{HAN}]?|那[{HAN}]?|[该此其][{HAN}]?")

# Pointers at the text, unless a longer word holds them: 中文中, 论文中, 张文中; 日本文化, 剧本文字; 历史上文明.
_TEXTS = (
    "中英日法德俄韩泰越西希梵藏蒙满汉国外古今散韵骈论公条碑铭诗作语天人水序引檄祭杂推博征译律范华言话骨金甲图异明叙情"
)
_BOOKS = "日基文剧版资样标脚课书根副抄译绘话刻唱蓝底善孤一二两三几每全单印摹拓缩删校彩账画谱纸刊"
# Others only where they stand by themselves: after a noun they are ordinary (复合材料中).
_AFTER = "在从由据照按自以看读对问"
_ALONE = f"(?:(?<![{HAN}])|(?<=[{_AFTER}和与跟用])|(?<=结合))"
_POINTER = re.compile(
    "上述(?!职)|原文中|文章中"
    f"|(?<![{_TEXTS}{_SURNAMES}])(?<!应用)文中(?!子|学(?![到会习]))"
    f"|(?:(?<![{HAN}])|(?<=[{_AFTER}的下面则段份括出解析示])|(?<=结合))材料中"
    f"|(?<![{_BOOKS}])本(?:文|段(?!时))|上文(?![化学明字物献艺凭科件人身了着具书档稿章秘静])"
    f"|{_ALONE}下文(?![化学明字物献艺凭科])|{_ALONE}本[书章节篇课诗案届次]"
)
_NAMED_TEXT = re.compile("《》|“”一?$")

_MAY_POINT = re.compile("[它他她该此这那其]|[本上下]文|文中|文章中|材料中|上述|本[段书章节篇课诗案届次]")


def find_pronoun(question: str) -> str | None:
    """What in a question cannot be understood without its context, in simplified script; `None` where it stands alone.

    >>> find_pronoun("該河注入哪片海？"), find_pronoun("吉他与其他弦乐器有何不同？"), find_pronoun("文中的父亲是谁？")
    ('该河', None, '文中')
    """
    plain = to_plain(question)
    if not _MAY_POINT.search(plain):
        return None
    spoken = _QUOTATION.sub(_QUOTATION_LEFT, _TITLE.sub(_TITLE_LEFT, plain))
    if pronoun := _PRONOUN.search(_word().sub(_WORD_LEFT, spoken)):
        return pronoun[0]
    for pointer in _POINTER.finditer(spoken):
        if not _NAMED_TEXT.search(spoken[: pointer.start()]):
            return pointer[0]
    return None
