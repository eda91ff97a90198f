"""Yes and no in Chinese sentences: words that negate, words that merely look like it, and opposites."""

from __future__ import annotations

import re

# Words with a negating character that negate nothing, or that ask: the character is no negator there.
_NEUTRAL = (
    "没过水 没过肉 没过面 没过膝 没过头 没过脚 没过腰 并非没有 并非不 无不 不无 不能不 不可不 没有不 不会不 莫不"
    " 无一不 未尝不 不是没有 不是不 不仅 不但 不光 不只 不单 不断 不过 不久 不少 不管 不论 不禁 不愧 不妨 不料"
    " 不由 不得不 不得已 不时 不约而同 不知不觉 不远万里 差不多 了不起 对不起 来不及 好不容易 是不是 会不会"
    " 能不能 可不可以 要不要 有没有 不朽 不锈钢 不等式 不动产 不日 毫不犹豫 不惜 不懈 川流不息 不可思议 无论 无数"
    " 无线 无穷 无比 无疑 无非 无机 无限 无意识 无烟煤 无产阶级 无花果 无尾熊 非常 非洲 非得 除非 莫非 无非 未来"
    " 未知数 没收 没落 淹没 沉没 埋没 出没 湮没 吞没 没药 是否 能否 可否 会否 非物质 非遗 南非 北非 西非 东非"
    " 中非 亚非 无线电 无锡 无为 无量 无上 不丹 未央 未时 无极"
)
_NEGATOR = "[不没未无非勿]"
_AUXILIARY = (
    "(?:有|能够?|会|再|得|可以?|是|必须?|应该?|应当|须|曾|许|敢|愿意?|肯|宜|准|用|需要?|要|允许|太|很|怎么"
    "|被|受|在|属于?|进行|算|见得)?"
)
NEGATED = re.compile(f"(?:{_NEGATOR}|并非|绝非|从未){_AUXILIARY}$")
"""What ends so negates what follows it: 不能, 没有, 未曾, 并非."""
NEGATOR = re.compile(_NEGATOR)


def _by_negator() -> dict[str, list[tuple[int, str]]]:
    places: dict[str, list[tuple[int, str]]] = {}
    for word in _NEUTRAL.split():
        for negator in NEGATOR.finditer(word):
            places.setdefault(negator[0], []).append((negator.start(), word))
    return places


_NEUTRAL_WITH = _by_negator()


def negates(text: str, place: int) -> bool:
    """Is the negating character at `text[place]` a negator, and no part of 不过 or 未来?"""
    neutral = _NEUTRAL_WITH.get(text[place], ())
    return not any(place >= offset and text.startswith(word, place - offset) for offset, word in neutral)


# They deny without a negator, so that 禁止使用 and 不得使用 are the same.
DENIAL = re.compile(
    "禁|拒绝|停止|避免|防止|缺[乏少]|免|失去|难以|杜绝|取消|除外|反对|放弃|否认|否则|很少|极少|鲜|罕|差|例外|怎能|哪能|岂"
)
CONDITION = re.compile("如果|假如|若|倘|一旦|除非|要是|只要|只有|否则")

_OPPOSITES = (
    "允许|准许|可以|可|能 禁止|严禁|不得|不能|不可|不许; 增加|增长|增大|增至|升高|上升|提高|升至|上涨|扩大|升"
    " 减少|下降|降低|缩小|降至|降到|下跌|减小|降; 高于|大于|多于|超过|高出|优于|强于"
    " 低于|小于|少于|不足|不到|不满|劣于|弱于; 以前|之前|前 以后|之后|后; 最大 最小; 最高 最低; 最多 最少; 最早"
    " 最晚; 最长 最短; 顺时针 逆时针; 支持|赞成|同意 反对; 成功|获胜|胜利|胜 失败|落败|战败|败; 有效 无效; 合法"
    " 非法|违法; 必须 不必; 快 慢; 早 晚; 长 短; 大 小; 高 低; 多 少; 深 浅; 厚 薄; 重 轻; 宽 窄; 强 弱; 冷 热;"
    " 干 湿; 硬 软; 容易 难; 开始 结束; 吸收 释放; 流入 流出; 进口 出口; 接受 拒绝; 承认 否认; 保留 取消;"
    " 摇头|摇摇头 点头|点点头; 盈利 亏损; 买 卖; 正 负; 阳 阴; 粗 细; 远 近; 好 坏; 生 死; 加 减; 收缩 扩张|膨胀;"
    " 赢 输; 降为|降至 升为|升至; 贫 富; 真 假 ; 首 末; 古 今; 先 后; 满 空; 明 暗; 苦 甜; 新 旧; 冬 夏; 公 私;"
    " 昼 夜; 主 次; 优 劣; 始 终; 表 里; 攻 守; 盛 衰; 正 反; 促进|激活|推动 抑制|阻碍|妨碍; 加快 减慢|放慢|减缓;"
    " 加强|增强 减弱|削弱; 延长 缩短; 加重 减轻|缓解; 有利 不利; 有益 有害; 上游 下游; 正面 反面|负面; 主动 被动;"
    " 直接 间接; 内部 外部; 永久 临时|暂时; 安全 危险; 增产 减产; 提前 推迟; 免费 收费|付费; 丰收 歉收; 繁荣"
    " 衰落; 富裕 贫穷; 温和 猛烈; 喜欢 讨厌; 淡 咸; 有限 无限"
)


def _read_opposites() -> dict[str, frozenset[str]]:
    opposites: dict[str, frozenset[str]] = {}
    for line in _OPPOSITES.split(";"):
        one, other = (frozenset(words.split("|")) for words in line.split())
        for words, contrary in ((one, other), (other, one)):
            opposites |= {word: opposites.get(word, frozenset()) | contrary for word in words}
    return opposites


OPPOSITES = _read_opposites()
_LONG = re.compile("|".join(sorted((word for word in OPPOSITES if len(word) > 1), key=len, reverse=True)))


_PARTICLES = "出了过到得着"
_COMPARED = re.compile("于|超过|不足|不到|不满")


def are_compared(one: str, other: str) -> bool:
    """Opposites that compare, so that turning both sides round says the same: 高于, 低于."""
    return are_opposite(one, other) and bool(_COMPARED.search(one) and _COMPARED.search(other))


def are_opposite(one: str, other: str) -> bool:
    """Does one say the opposite of the other? Words of one character must stand alone; longer ones may be in a phrase.

    >>> are_opposite("下降", "却增长了"), are_opposite("快", "慢"), are_opposite("快车", "慢车")
    (True, True, False)
    """
    if other in OPPOSITES.get(one, ()) or other.rstrip(_PARTICLES) in OPPOSITES.get(one.rstrip(_PARTICLES), ()):
        return True
    if len(one) < 2 or len(other) < 2 or not (words := _LONG.findall(one)):
        return False
    opposites = {opposite for word in words for opposite in OPPOSITES[word]}
    return not opposites.isdisjoint(_LONG.findall(other))
