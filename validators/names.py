"""Is one name put for another? What can be told of two short runs of characters without a dictionary of words."""

from __future__ import annotations

import re
from collections.abc import Iterable

# Characters that belong to grammar rather than to names: a run that holds one is a phrase, and phrases are paraphrased.
GRAMMAR = frozenset(
    "的了是在有和与及或也都就才又再还很更最将把被由从向对以于而但且并着过得地之所其此这那些里约共均各每可能"
    "会要应须已曾正仍使让给跟同则却虽因故若如为到至去来出进回说道称叫做作成等种个位名只条件次时候后前间内外"
    "上下不没未无非他她它我你们自己什么怎样哪谁吗呢吧啊多少太极颇"
)
# Of these, what hardly ever is part of a name (出 is of 出租人).
FUNCTION = frozenset("的了是在有和与及或也都就才又再还很更最将把被由从向对以于而但且并着过得地之所为至到去来不没")
POINTING = frozenset("他她它这那此该其")
_SURNAMES = frozenset(
    "王李张刘陈杨赵吴周徐孙朱胡郭罗郑梁谢宋唐许韩冯邓曹彭曾肖萧董袁潘蒋蔡魏薛阎沈吕卢贾丁姜崔钟谭陆汪"
    "范廖姚邹戴秦侯邵孟郝孔邱尹黎贺赖龚庞樊殷施翁荀俞聂岳柳窦章鲁苏傅程杜邢齐林何高马黄梅苗裴霍耿葛焦"
    "纪毛常乔文贝顾邬阮柯蓝滕骆尤娄倪严牛伍温季康雷段欧龙"
)
_DOUBLE_SURNAMES = (
    *("诸葛", "欧阳", "司马", "上官", "皇甫", "慕容", "令狐"),
    *("夏侯", "尉迟", "公孙", "长孙", "东方", "独孤", "西门"),
)
# Surnames that are hardly ever anything else.
_SURE_SURNAMES = frozenset(
    "刘陈赵吴徐孙朱胡郭郑谢宋韩冯邓曹彭董袁潘蒋蔡魏薛阎沈吕卢贾姜崔谭陆汪廖姚邹戴秦侯邵孟郝邱尹黎贺龚庞"
    "樊殷荀聂窦傅邢裴诸欧李周张王杨"
)

# Kinds of which one member is not another. Of one character each, then of several.
_KINDS_OF_ONE = (
    "东南西北中 左右 男女 雌雄 公母 阴阳 首末 春夏秋冬 红橙黄绿蓝紫黑白灰青"
    " 父母兄弟姐妹祖孙儿女夫妻侄甥婿叔伯舅姨姑"
    " 氧氮氢氦碳氯氟硫磷钠钾钙镁铝铁铜锌银金铅汞锡镍铬锰钛铀硅碘硼锂铍氖氩砷镉钴钨 心肝脾肺肾胃肠脑"
    " 夏商周秦汉晋隋唐宋元明清 魏蜀吴 齐楚燕韩赵魏秦宋鲁卫郑吴越陈蔡晋 甲乙丙丁戊己 鼠牛虎兔龙蛇马羊猴鸡狗猪"
    " 日一二三四五六"
)
_PLACES = (
    "北京 天津 上海 重庆 河北 山西 辽宁 吉林 黑龙江 江苏 浙江 安徽 福建 江西 山东 河南 湖北 湖南 广东 海南 四川"
    " 贵州 云南 陕西 甘肃 青海 台湾 内蒙古 广西 西藏 宁夏 新疆 香港 澳门 石家庄 太原 沈阳 哈尔滨 南京 杭州 合肥"
    " 福州 南昌 济南 郑州 武汉 长沙 广州 成都 贵阳 昆明 西安 兰州 西宁 台北 呼和浩特 南宁 拉萨 银川 乌鲁木齐 深圳"
    " 珠海 厦门 青岛 大连 宁波 苏州 无锡 扬州 泉州 洛阳 桂林 徐州 镇江 绍兴 咸阳 宝鸡 敦煌 延安 遵义 武昌 汉口"
    " 长安 临安 旅顺 许昌 襄阳 江陵 荆州 邯郸 景德镇 威海 烟台 佛山 东莞 台南 高雄 台中 新竹 苗栗 南投 花莲 美国"
    " 英国 法国 德国 俄国 俄罗斯 苏联 日本 韩国 朝鲜 印度 泰国 越南 缅甸 老挝 柬埔寨 马来西亚 新加坡 印度尼西亚"
    " 菲律宾 巴基斯坦 孟加拉国 斯里兰卡 尼泊尔 蒙古 哈萨克斯坦 伊朗 伊拉克 沙特阿拉伯 土耳其 以色列 叙利亚 约旦"
    " 埃及 利比亚 埃塞俄比亚 肯尼亚 坦桑尼亚 乌干达 布隆迪 卢旺达 尼日利亚 南非 摩洛哥 阿尔及利亚 刚果 赞比亚"
    " 加纳 意大利 西班牙 葡萄牙 希腊 荷兰 比利时 瑞士 瑞典 挪威 丹麦 芬兰 冰岛 波兰 捷克 匈牙利 奥地利 罗马尼亚"
    " 保加利亚 塞尔维亚 乌克兰 白俄罗斯 爱尔兰 加拿大 墨西哥 古巴 巴西 阿根廷 智利 秘鲁 哥伦比亚 委内瑞拉"
    " 玻利维亚 澳大利亚 新西兰 英格兰 苏格兰 伦敦 巴黎 柏林 罗马 马德里 维也纳 莫斯科 华沙 布拉格 布达佩斯 雅典"
    " 纽约 华盛顿 芝加哥 洛杉矶 旧金山 波士顿 东京 大阪 京都 首尔 釜山 曼谷 新德里 孟买 开罗 喀土穆 悉尼 墨尔本"
    " 日内瓦 苏黎世 米兰 威尼斯 佛罗伦萨 慕尼黑 汉堡 圣彼得堡 伊斯坦布尔 耶路撒冷 巴格达 德黑兰 里约热内卢 圣保罗"
    " 布宜诺斯艾利斯 多伦多 温哥华 亚洲 欧洲 非洲 北美洲 南美洲 大洋洲 南极洲 太平洋 大西洋 印度洋 北冰洋 黄海"
    " 东海 南海 渤海 红海 黑海 死海 里海 地中海 波罗的海 加勒比海 长江 黄河 珠江 淮河 海河 辽河 松花江 黑龙江"
    " 雅鲁藏布江 澜沧江 怒江 金沙江 汉江 湘江 赣江 闽江 钱塘江 汨罗江 渭河 汾河 尼罗河 亚马孙河 多瑙河 莱茵河"
    " 伏尔加河 恒河 密西西比河 泰山 华山 衡山 恒山 嵩山 黄山 庐山 峨眉山 武夷山 天山 昆仑山 祁连山 秦岭"
    " 喜马拉雅山 阿尔卑斯山 太湖 鄱阳湖 洞庭湖 青海湖 西湖 洪泽湖 巢湖 水星 金星 火星 木星 土星 天王星 海王星"
    " 冥王星 西周 东周 西汉 东汉 西晋 东晋 北魏 东魏 西魏 北齐 北周 北宋 南宋 西夏 齐国 楚国 燕国 赵国 魏国 秦国"
    " 宋国 鲁国 郑国 吴国 越国 蜀国 前秦 后秦 匈奴 吐蕃 突厥 契丹 女真 鲜卑 党项 回纥 大月氏 乌孙 大宛 龟兹 楼兰"
    " 于阗 疏勒"
)


def _as_tree(words: Iterable[str]) -> str:
    """An expression for any of the words, the longest first, that looks at each first character once."""
    beginnings: dict[str, list[str]] = {}
    for word in sorted(words, key=len, reverse=True):
        beginnings.setdefault(word[0], []).append(word[1:])
    return "|".join(f"{first}(?:{'|'.join(rest)})" for first, rest in beginnings.items())


_PLACE = frozenset(_PLACES.split())
_LONGEST_PLACE = max(map(len, _PLACE))
_PLACE_NAME = re.compile(_as_tree(_PLACE))

# Before one of these a short run is the proper part of a name: 红海 and 地中海, 氧气 and 氮气.
_HEADS = frozenset(
    "省市县州国洋海江河湖岛港湾峡岭寺庙宫殿塔桥站队军族朝帝党派镇乡区山峰气酸病症式型座院汤茶酒糖油祖宗楼亭阁门街路园馆苑城堡关局校厂部会报台店行"
)
_MAX_PROPER_CHARS = 6
_LONG_HEADS = (
    "大学",
    "学院",
    "中学",
    "小学",
    "公司",
    "集团",
    "医院",
    "银行",
    "研究",
    "出版社",
    "博物",
    "山脉",
    "高原",
    "盆地",
    "沙漠",
)
# … unless it is one of these, which every name can have before it.
_COMMON = frozenset(
    "全我本该各两此这那大小新老旧高低沿靠近出入下上内外多数某每首整同别他其古名长主支一半热冷温寒咸淡空天地水生毛"
)


# 东海岸 is no 东海; the west of 太行山 is no 山西.
_SOUNDS = frozenset("尔斯克特德姆森娜拉里利罗索蒂娅什顿纳")  # a name goes on: 拉萨 in 拉萨尔
_NO_PLACE = re.compile(
    "[东南西北黄红黑]海[岸域面水]|(?<![在于是从由自到往至和与|、,。《“])(?<!^)(?:[山江][东西]|[河湖][南北]|海南)(?![省人])"
)


_FEASTS = "元旦 春节 元宵 清明 端午 七夕 中秋 重阳 冬至 腊八 除夕 国庆 圣诞"


_ALIASES = {
    "英国": ("英格兰", "不列颠"),
    "英格兰": ("英国",),
    "俄国": ("俄罗斯", "沙俄"),
    "俄罗斯": ("俄国", "沙俄", "苏联"),
    "苏联": ("苏维埃",),
    "美国": ("美利坚",),
    "法国": ("法兰西",),
    "德国": ("德意志",),
    "伊朗": ("波斯",),
    "泰国": ("暹罗",),
}


def is_phrase(run: str) -> bool:
    """Does a run hold grammar, so that it may be said otherwise?"""
    return not GRAMMAR.isdisjoint(run)


def is_person(run: str) -> bool:
    """Does a run look like a person's name: a surname and one or two characters more?"""
    if run.startswith(_DOUBLE_SURNAMES):
        return 3 <= len(run) <= 4
    return 2 <= len(run) <= 3 and run[0] in _SURNAMES and not is_phrase(run)


def is_surely_named(run: str) -> bool:
    """Does a run begin with a surname that is hardly ever anything else?"""
    return run[:1] in _SURE_SURNAMES


def is_place(run: str) -> bool:
    """Does a run begin with a country, province, city, river … of the table?"""
    return any(run[:length] in _PLACE for length in range(2, min(len(run), _LONGEST_PLACE) + 1))


def places_in(text: str) -> list[str]:
    """The places of the table that a plain text names, the longest at each point."""
    return [
        match[0]
        for match in _PLACE_NAME.finditer(text)
        if not _NO_PLACE.match(text, match.start()) and text[match.end() : match.end() + 1] not in _SOUNDS
    ]


def is_abbreviated(place: str, text: str) -> bool:
    """Does a text name a country by its first character: 赴美, 法军, 旅日?"""
    first = place[0]
    if (place[-1] == "洲" and first in text) or any(alias in text for alias in _ALIASES.get(place, ())):
        return True
    return bool(re.search(f"[赴访留旅驻抗援对中]{first}|{first}[军方籍商使语文]", text))


def are_of_a_kind(one: str, other: str) -> bool:
    """Two names of one kind that cannot both be meant: 东 and 西, 氧 and 氢, 张三 and 李四, 武昌 and 南京."""
    if len(one) == len(other) == 1:
        return any(one in kind and other in kind for kind in _KINDS_OF_ONE.split())
    if set(one) | set(other) <= set("东南西北中") or (one in _FEASTS.split() and other in _FEASTS.split()):
        return True
    return (is_place(one) and _ends_with_place(other)) or (is_person(one) and is_person(other))


def _ends_with_place(run: str) -> bool:
    """Is a run a place, maybe behind other words: 原因是河南?"""
    return is_place(run) or run[-2:] in _PLACE or run[-3:] in _PLACE


def are_persons(one: str, other: str) -> bool:
    """Does each end with a person's name, maybe behind a title: 邱泽 and 红星队10号马远?"""
    return any(is_person(one[-length:]) for length in (2, 3)) and any(is_person(other[-length:]) for length in (2, 3))


def differ_before_a_head(one: str, other: str, after: str, text: str) -> bool:
    """Are both the proper part of a name that goes on with `after` (红, 地中 before 海)?"""
    if after[:1] in ("祖", "宗"):  # 太祖, 成祖
        return len(one) == len(other) == 1
    if is_phrase(one + other) or {one[-1:], other[-1:]} & _COMMON:
        return False
    if after.startswith(_LONG_HEADS):
        return max(len(one), len(other)) <= _MAX_PROPER_CHARS
    begins_a_term = after[1:2].isalnum() and text.count(after[:2]) > 1  # 海 of 海鹰
    return after[:1] in _HEADS and len(one) <= 3 and len(other) <= 3 and not begins_a_term


def differ_in_given_name(before: str, one: str, other: str) -> bool:
    """Does `before` end with a surname (and a character) that both runs complete to a name: 吕建国 and 吕建华?"""
    return (
        len(before) > 1 and before[-2] in _SURE_SURNAMES and len(one) == len(other) == 1 and not is_phrase(one + other)
    )


ROLES = frozenset("士人者家师长官员生兵匠爷娘妻夫父母子女王帝后臣将帅主客手友伯叔哥弟姐妹们")
"""What the last character of a role is: 道士 may be the one whose name the answer gives."""
SLOT = re.compile(
    "(?:[一二三四五六七八九十几数半\ue000-\uf8ff][一-龥]|[是由被叫向和与跟让派于在往自从赴经了入回到至用]|[一-龥][为名])$"
)
"""What ends so is followed by a noun: 由, 在, 退回, 名叫."""
