"""Traditional to simplified script, line by line: OpenCC, and the words that it gets wrong."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import TYPE_CHECKING, ClassVar, NamedTuple

from builders.document import Document
from builders.steps import Edit
from validators.characters import KANA, opencc_converter, simplified_only, traditional_only
from validators.errors import SikuError, nearest

if TYPE_CHECKING:  # numpy and ahocorasick_rs are loaded by the first text that is not simplified
    import numpy
    from ahocorasick_rs import AhoCorasick
    from numpy.typing import NDArray

PROFILES = ("auto", "hk", "tw")

# Forms that OpenCC's t2s leaves, though simplified script has another one: Taiwan, Hong Kong and old printing.
_FORMS = zip(
    "簷痺衞粧枱糭敍籐旛暱遯煖啣傚瞇搆袴瑯姪牋拏搾鼇砲痲嬝伕橕摀懃徬讎衹藉淸靑鄕緖擕窻疎縂麤菓",
    "檐痹卫妆台粽叙藤幡昵遁暖衔效眯构裤琅侄笺拿榨鳌炮麻袅夫撑捂勤彷仇只借清青乡绪携窗疏总粗果",
    strict=True,
)

# What OpenCC 1.4 gets wrong, `traditional:simplified`, of equal length. Of two that begin at one place the longer one
# counts. No word belongs here that also arises where two others meet: 乾位 would spoil 晾乾位置.
_WORDS = """
乾符:乾符 乾德:乾德 乾祐:乾祐 乾亨:乾亨 乾封元:乾封元 乾封二:乾封二 乾封年:乾封年 乾封縣:乾封县 乾統元:乾统元
乾統年:乾统年 乾寧元:乾宁元 乾寧二:乾宁二 乾寧三:乾宁三 乾寧年:乾宁年 乾為天:乾为天 乾樞:乾枢 乾竺:乾竺 乾惕:乾惕
惕乾:惕乾 惕乾乾:惕乾乾 終日乾乾:终日乾乾 乾乾夕惕:乾乾夕惕 乾達婆:乾达婆 乾坎艮:乾坎艮 乾三連:乾三连
狼藉:狼藉 慰藉:慰藉 蘊藉:蕴藉 醞藉:酝藉 溫藉:温藉 枕藉:枕藉 茵藉:茵藉 陵藉:陵藉 凌藉:凌藉 藉田:藉田 藉草:藉草
藉甚:藉甚 藉藉:藉藉 藉藉無名:藉藉无名
神祇:神祇 神衹:神祇 祇是:只是 祇有:只有 祇要:只要 祇能:只能 祇好:只好 祇得:只得 祇見:只见 祇怕:只怕 祇想:只想
祇管:只管 祇會:只会 祇此:只此 祇恐:只恐 祇因:只因 祇聽:只听 祇顧:只顾 祇不過:只不过 祇在:只在 祇可:只可 祇道:只道
祇說:只说 祇為:只为 祇須:只须 祇剩:只剩 不祇:不只
低沈:低沉 消沈:消沉 沈沈:沉沉 死沈沈:死沉沉 日西沈:日西沉 陽西沈:阳西沉 月西沈:月西沉 往下沈:往下沉 臉一沈:脸一沉
色一沈:色一沉 心一沈:心一沉 心中一沈:心中一沉 石沈大海:石沉大海 沈了:沉了 沈入:沉入 沈穩:沉稳 沈疴:沉疴 沈痾:沉疴
沈屙:沉疴 沈酣:沉酣 沈底:沉底 沈水香:沉水香 沈著:沉着 沈着:沉着 沈住氣:沉住气 沈得住:沉得住 沈舟:沉舟 沈聲:沉声
沈埋:沉埋 沈冥:沉冥 沈渣:沉渣 沈眠:沉眠
宮商徵:宫商徵 雜以流徵:杂以流徵 文徵明:文徵明 洪昇:洪昇 甚夥:甚夥 夥頤:夥颐 校讎:校雠 讎校:雠校 讎定:雠定 仇讎:仇雠
規畫:规划 企畫:企划 策畫:策划 謀畫:谋划 出謀畫策:出谋划策 整齊畫一:整齐划一 顛覆:颠覆 傾覆:倾覆 翻覆:翻覆 覆核:复核
覆審:复审 覆查:复查 覆議:复议 覆試:复试 覆函:复函 奏覆:奏复 稟覆:禀复 慇懃:殷勤 慇勤:殷勤 髣髴:仿佛 嘹喨:嘹亮
觔斗:筋斗 內鬨:内讧 澈底:彻底 老么:老幺 呼么喝六:呼幺喝六 鍾馗:钟馗 鍾繇:钟繇 萬鍾:万钟 千鍾:千钟 龐煖:庞煖 澹枱:澹台
痲瘋:麻风 商於之地:商於之地
"""

# 著 is 着 but where it means to write or be seen: in 著名, 著作, 著述 (not in 拿著名單, 寫著作業), after 名 and 原, and
# before 書 and 者 unless a verb governs it. Of 18,062 places of vernacular novels with 着 in print, 99 % come out so.
_GOVERNING = (
    "看望盯瞧聽想念說笑坐站躺睡等守陪跟隨沿順朝拿抱背提拉推握捧舉指帶領穿戴披掛"
    "插堆擺放留藏靠依憑藉含寫讀翻挑懷擱對擒設磊"
)
_PARTICLE = re.compile(
    "著(?!名(?![單片字冊牌號義額姓])|作(?![業揖戰])|述|錄|稱|於[世竹史篇])"
    "(?!有(?:[《詩文書成]|小說|散文|[長中短]篇|論[文著]|專[書著論]|劇本|[多數幾兩二三四五六七八九十百餘]+[部種本篇卷]))"
    f"(?!(?<![{_GOVERNING}]著)[書者《])(?!(?<=合著)[的有了者《，。])"
    "(?<![名原專編遺巨拙顯卓昭彰土所撰素尤最較微知炳校]著)(?<!(?<![議談討辯評爭推])論著)(?<!(?<![翻口])譯著)"
)
# A text of any origin writes the particle so if it has one of these and no 着.
_SURELY_PARTICLE = re.compile(
    "著(?:(?<=[看走說笑跟隨沿拿坐站望聽想抱等睡穿帶活開接藉憑]著)(?![名作述錄稱書者有])|(?=[急涼迷慌魔陸]))"
)
# Words of characters that both scripts have, which are no words of simplified script.
_SURELY_TRADITIONAL = re.compile(
    "徵[求收兵集召詢稿文募用兆候]|[特象應]徵|瞭[解然]|明瞭|憑藉|藉[口由此機故助]|乾[杯淨燥脆枯旱糧裂]|[餅曬晒風烘晾擦]乾"
)


@cache
def _has_traditional() -> re.Pattern[str]:
    return re.compile(f"[{''.join(sorted(traditional_only()))}]")


@cache
def _corrections() -> tuple[AhoCorasick, list[str]]:
    """A search for all words and forms, and what each of them becomes."""
    from ahocorasick_rs import AhoCorasick, Implementation, MatchKind

    pairs = dict(_FORMS) | dict(word.split(":") for word in _WORDS.split())
    search = AhoCorasick(list(pairs), MatchKind.LeftmostLongest, implementation=Implementation.DFA)  # the fastest
    return search, list(pairs.values())


_TRADITIONAL, _SIMPLIFIED, _KANA, _LINE_END = 1, 2, 3, 4


@cache
def _kinds() -> NDArray[numpy.uint8]:
    """What a UTF-16 code unit says about the script of its line."""
    import numpy

    kinds = numpy.zeros(0x10000, dtype=numpy.uint8)
    kana = re.compile(f"[{KANA}]")
    kinds[[code for code in range(0x3000, 0x10000) if kana.match(chr(code))]] = _KANA
    kinds[[ord(character) for character in traditional_only()]] = _TRADITIONAL
    kinds[[ord(character) for character in simplified_only()]] = _SIMPLIFIED
    kinds[ord("\n")] = _LINE_END
    return kinds


class _Lines(NamedTuple):
    """How many characters of either script each line of a text has, none where it has kana."""

    traditional: NDArray[numpy.int64]
    simplified: NDArray[numpy.int64]

    def are_traditional(self, text: str) -> bool:
        """Whether the text as a whole is traditional; where it is short, a word counts, too (宮商角徵羽，徵求)."""
        traditional, simplified = int(self.traditional.sum()), int(self.simplified.sum())
        if traditional == 1 and not simplified:
            return bool(_SURELY_TRADITIONAL.search(text) or _SURELY_PARTICLE.search(text))
        return traditional >= 2 and traditional > simplified


def _count(text: str) -> _Lines:
    import numpy

    units = numpy.frombuffer(f"{text}\n".encode("utf-16-le", "surrogatepass"), dtype="<u2")
    kinds = _kinds()[units]
    starts = numpy.concatenate(([0], numpy.flatnonzero(kinds == _LINE_END)[:-1] + 1))
    traditional, simplified, kana = (
        numpy.add.reduceat(kinds == kind, starts, dtype=numpy.int64) for kind in (_TRADITIONAL, _SIMPLIFIED, _KANA)
    )
    return _Lines(traditional * (kana == 0), simplified * (kana == 0))


def is_traditional(text: str) -> bool:
    """Whether a text as a whole is in traditional script."""
    return bool(_has_traditional().search(text)) and _count(text).are_traditional(text)


def _convert_well_formed(text: str) -> str:
    """OpenCC for all lines at once, then the corrections at the same places."""
    converted = opencc_converter("t2s").convert(text)
    if len(converted) != len(text):  # no rule of t2s does that today; by lines at most one goes uncorrected
        return "\n".join(map(_convert_well_formed, text.split("\n"))) if "\n" in text else converted
    search, replacements = _corrections()
    pieces: list[str] = []
    done = 0
    for index, start, end in search.find_matches_as_indexes(text):
        pieces += converted[done:start], replacements[index]
        done = end
    return "".join([*pieces, converted[done:]])


_WELL_FORMED = re.compile("[^\ud800-\udfff]+")


def convert_all(text: str, profile: str) -> str:
    """Simplified script for every line, whatever it is."""
    if "著" in text and (profile == "tw" or ("着" not in text and _SURELY_PARTICLE.search(text))):
        text = _PARTICLE.sub("着", text)
    return _WELL_FORMED.sub(lambda match: _convert_well_formed(match[0]), text)


def to_simplified(text: str, profile: str = "auto", traditional_around: bool | None = None) -> str:
    """Simplified script for the lines that are traditional; every other line stays as it is.

    A line with a single traditional character and no simplified one follows the text around it: what
    `traditional_around` says, or the text as a whole. `profile` is the origin: `tw` takes every 著 for a
    particle that may be one, `auto` and `hk` only in a text that surely writes the particle so. The
    forms of Taiwan and Hong Kong are known to all three; words stay what they are (軟體, 計程車).

    >>> to_simplified("乾隆皇帝說：衣裳晾乾了麼？")
    '乾隆皇帝说：衣裳晾干了么？'
    """
    check_profile(profile)
    if not _has_traditional().search(text):
        return text
    return _simplify_lines(text, _count(text), profile, traditional_around)


_simplify_title = lru_cache(maxsize=4096)(to_simplified)  # the same for every chapter of a book


def _simplify_lines(text: str, counts: _Lines, profile: str, traditional_around: bool | None) -> str:
    chosen = (counts.traditional >= 2) & (counts.traditional > counts.simplified)
    if counts.are_traditional(text) if traditional_around is None else traditional_around:
        chosen |= (counts.traditional == 1) & (counts.simplified == 0)
    rows = chosen.nonzero()[0].tolist()
    if not rows:
        return text
    lines = text.split("\n")
    converted = convert_all("\n".join([lines[row] for row in rows]), profile).split("\n")
    for row, line in zip(rows, converted, strict=True):
        lines[row] = line
    return "\n".join(lines)


def check_profile(profile: str) -> None:
    if profile not in PROFILES:
        raise SikuError(f"there is no profile {profile!r} of traditional script", why=nearest(profile, PROFILES))


@dataclass(frozen=True, kw_only=True)
class Simplify(Edit):
    """Simplified script for text and titles (see `to_simplified`); a title follows the script of its text."""

    version: ClassVar[int] = 1
    profile: str = "auto"
    fields: tuple[str, ...] = ("title", "author", "volume", "chapter")

    def __post_init__(self) -> None:
        check_profile(self.profile)

    def __call__(self, document: Document) -> Document:
        around = False
        if _has_traditional().search(document.text):
            counts = _count(document.text)
            around = counts.are_traditional(document.text)
            document.text = _simplify_lines(document.text, counts, self.profile, around)
        for field in self.fields:
            if isinstance(value := document.meta.get(field), str):
                document.meta[field] = _simplify_title(value, self.profile, around)
        return document
