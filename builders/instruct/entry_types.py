"""What kind of thing an entry is about, by rules: fields of its box, sense, title, first sentence of the summary."""

from __future__ import annotations

import re
from collections import Counter

from builders.instruct.knowledge_forms import EntryType
from builders.text.entries import Entry

# Fields that entries of one kind have, and hardly any other. Where two kinds are level, the first one stands.
_FIELDS: dict[EntryType, frozenset[str]] = {
    "person": frozenset(
        [
            *["出生日期", "出生时间", "出生地", "出生地点", "国籍", "职业", "毕业院校", "逝世日期", "去世时间", "身高"],
            *["体重", "星座", "性别", "民族", "民族族群", "代表作品", "所处时代", "字号", "别号", "本名", "籍贯"],
            *["祖籍", "生肖", "血型", "经纪公司", "配偶", "子女", "政治面貌", "学位", "谥号", "庙号", "运动项目"],
        ]
    ),
    "species": frozenset(
        ["界", "门", "纲", "亚纲", "目", "亚目", "科", "亚科", "属", "种", "亚种", "拉丁学名", "二名法", "族", "命名者"]
    ),
    "work": frozenset(
        [
            *["作者", "导演", "主演", "编剧", "制片人", "上映时间", "首播时间", "出版社", "出版时间", "ISBN", "集数"],
            *["片长", "页数", "定价", "装帧", "开本", "作品名称", "连载平台", "文学体裁", "体裁", "歌曲原唱", "填词"],
            *[
                "谱曲",
                "编曲",
                "所属专辑",
                "音乐风格",
                "制片地区",
                "主要角色",
                "创作年代",
                "作品体裁",
                "游戏类型",
                "译者",
            ],
        ]
    ),
    "organisation": frozenset(
        [
            *["公司名称", "总部地点", "总部", "经营范围", "公司类型", "创始人", "创办人", "法定代表人", "年营业额"],
            *["员工数", "注册资本", "校训", "创办时间", "学校类型", "主管部门", "院校代码", "办学性质", "现任校长"],
            *["知名校友", "机构名称", "登记机关", "医院等级", "公司性质", "董事长", "学校地址", "校庆日", "现任领导"],
        ]
    ),
    "event": frozenset(
        [
            *[
                "发生时间",
                "发生地点",
                "参战方",
                "交战双方",
                "伤亡情况",
                "举办时间",
                "举办地点",
                "参战方兵力",
                "主要指挥官",
            ],
            *["事件名称", "起因", "事件类型", "结果", "主办方", "举办周期", "主要参战方"],
        ]
    ),
    "disease": frozenset(
        [
            *["就诊科室", "常见症状", "临床症状", "常见病因", "病因", "多发群体", "常见发病部位", "传染性", "西医学名"],
            *["传播途径", "医学专科", "并发症"],
        ]
    ),
    "substance": frozenset(
        [
            *["化学式", "分子式", "分子量", "CAS登录号", "CAS号", "熔点", "沸点", "水溶性", "摩尔质量", "原子序数"],
            *["相对原子质量", "EINECS登录号", "闪点", "莫氏硬度"],
        ]
    ),
    "word": frozenset(
        [
            *[
                "拼音",
                "释义",
                "注音",
                "成语出处",
                "近义词",
                "反义词",
                "部首",
                "笔画",
                "笔顺",
                "词性",
                "感情色彩",
                "语法",
            ],
            *["五笔", "用法", "成语释义", "结构", "词目"],
        ]
    ),
    "product": frozenset(
        [
            *["品牌", "生产商", "处理器", "运行内存", "电池容量", "软件语言", "软件授权", "软件平台", "车身结构"],
            *["厂商指导价", "开发商", "上市时间", "屏幕尺寸", "更新日期", "最新版本", "产品类型", "研制单位"],
        ]
    ),
    "place": frozenset(
        [
            *["行政区类别", "行政区划代码", "所属地区", "地理位置", "面积", "占地面积", "人口", "人口数量", "常住人口"],
            *["电话区号", "邮政区码", "车牌代码", "气候条件", "著名景点", "火车站", "机场", "海拔", "所属国家", "首都"],
            *["官方语言", "门票价格", "开放时间", "景点级别", "下辖地区", "政府驻地", "方言", "流域面积", "河流长度"],
            *["主峰海拔", "所处位置", "所属水系", "行政代码"],
        ]
    ),
}

# What a sense ends in (美国公司), and what the first sentence says that a thing is (是一家公司).
_NOUNS: dict[EntryType, str] = {
    "person": (
        "演员|歌手|作家|诗人|画家|书法家|导演|教授|学者|科学家|数学家|物理学家|化学家|医生|医师|工程师|运动员|球员"
        "|政治家|将领|皇帝|大臣|企业家|创始人|主持人|记者|艺术家|音乐家|作曲家|思想家|哲学家|人物|院士|模特|教师|商人"
        "|军事家|革命家|史学家|文学家|词人|僧人|高僧|设计师|摄影师|女星|男星|总裁|总教练|教练|烈士|进士|官员"
    ),
    "species": "植物|动物|乔木|灌木|草本|昆虫|鸟类|鱼类|真菌|哺乳动物|爬行动物|的一个?[属门纲目]|属植物|科植物",
    "work": (
        "小说|电影|影片|电视剧|歌曲|单曲|专辑|散文|诗集|诗歌|诗作|书籍|图书|著作|教材|漫画|动画|动画片|纪录片|综艺节目|戏剧"
        "|话剧|剧本|剧作|画作|杂志|期刊|报纸|网络游戏|手游|游戏|节目|连续剧|史书|词作|长诗|丛书"
    ),
    "organisation": (
        "公司|企业|集团|大学|学院|学校|中学|小学|医院|研究所|研究院|协会|学会|基金会|组织|机构|银行|出版社|俱乐部"
        "|院校|酒店|球队|乐队|乐团|政党|部门|委员会|博物馆|图书馆|实验室|工作室|网站|平台|团体|门户"
    ),
    "event": "事件|战争|战役|之战|起义|运动会|会议|比赛|赛事|灾害|地震|事故|革命|政变|展览会|奥运会",
    "disease": "疾病|病症|综合征|综合症|炎症|肿瘤|传染病|慢性病|感染|癌症",
    "substance": "化合物|化学元素|金属元素|矿物|有机物|无机物|合金|气体|晶体|药物|药品|酸|碱|盐",
    "word": "成语|词语|汉字|俗语|谚语|歇后语|网络用语|网络流行语|词汇|四字格|汉语词汇",
    "product": "手机|汽车|轿车|跑车|软件|操作系统|浏览器|相机|笔记本电脑|显卡|处理器|产品|输入法|应用程序",
    "place": (
        "城市|县城|地级市|县级市|直辖市|市辖区|省|县|区|镇|乡|村|村庄|街道|国家|岛屿|岛|半岛|山脉|山峰|山|河流|河|湖泊|湖"
        "|江|海峡|海湾|海沟|沙漠|盆地|平原|高原|火山|景区|风景区|公园|古镇|寺庙|寺院|寺|遗址|建筑|古城|港口|车站|机场"
        "|大桥|桥|铁路|公路|高速公路|自治区|自治州|首都|首府|保护区|渡口|渡|溶洞|瀑布|广场"
    ),
}
# What names of one kind end in, if there is more of the name.
_ENDINGS: dict[EntryType, str] = {
    "organisation": (
        "公司|集团|大学|学院|中学|小学|医院|银行|协会|学会|研究院|研究所|研究总院|实验室|委员会|出版社|基金会|博物馆"
        "|图书馆|联合会|总局|俱乐部|电视台|酒店|纪念馆"
    ),
    "event": "战争|战役|之战|起义|事件|运动会|政变|惨案|之变|大地震|奥运会|锦标赛|革命",
    "disease": "癌|肿瘤|综合征|综合症|损伤|结核|中毒症|贫血|溃疡|(?<=..)[炎症]",
    "product": "手机|浏览器|输入法|笔记本电脑",
    "work": "日报|晚报|时报|周刊|学报",
    "place": (
        "省|自治[区州县旗]|市|县|区|镇|乡|村|街道|半岛|群岛|岛|山脉|山|火山|河|江|湖|海峡|海沟|公园|动物园|植物园|陵园"
        "|景区|古镇|高速公路|铁路|大桥|机场|保护区|遗址|墓园|寺|高原|草原|盆地|沙漠|瀑布|溶洞"
    ),
}
_BORN = re.compile(
    r"[（(，,][^。]{0,40}?\d{1,4}年[^。]{0,12}?(?:出生|生于)|[，,][男女][，,]|\d{4}年[^。]{0,10}出生"
    r"|\d{1,4}年\d{1,2}月\d{1,2}日\s*[—\-－~～至]"
)
_IN_A_PLACE = re.compile(r"^.{1,30}?(?:位于|地处|坐落[于在]|隶属于)")
_FIRST_SENTENCE_CHARS = 120


def _is_a(kind: EntryType, nouns: str) -> re.Pattern[str]:
    """Whether a sentence says that a thing is one of `nouns`: 是一家公司。 Of persons also: …，中国演员、导演。"""
    end = r"(?:之一)?(?=[，。；（(、]|$)" if kind == "person" else r"(?:之一)?(?=[，。；（(]|$)"
    return re.compile(rf"(?:(?:是|为|指|属于?)[^，。；]{{0,30}}?|，[^，。；的]{{0,12}}?)(?:{nouns}){end}")


_SENSE = {kind: re.compile(rf"(?:{nouns})$") for kind, nouns in _NOUNS.items()}
_SUMMARY = {kind: _is_a(kind, nouns) for kind, nouns in _NOUNS.items()}
_TITLE = {kind: re.compile(rf".(?:{endings})$") for kind, endings in _ENDINGS.items()}


def entry_type(entry: Entry) -> EntryType:
    """The kind with the most evidence; "concept" where there is hardly any.

    >>> entry_type(Entry("周望", info={"出生日期": "1902年", "职业": "船工"}))
    'person'
    """
    first = entry.summary[:_FIRST_SENTENCE_CHARS].partition("。")[0]
    is_named_as_work = 0 <= first.find("《" + entry.title.strip("《》")) <= 6
    scores: Counter[EntryType] = Counter()
    for kind, fields in _FIELDS.items():
        scores[kind] += sum(name in fields for name in entry.info)
    for kind, pattern in _SENSE.items():
        scores[kind] += 3 * bool(entry.sense and pattern.search(entry.sense))
    for kind, pattern in _TITLE.items():
        if pattern.search(entry.title):
            scores[kind] += 2 if kind == "place" else 3
    found = {kind: match.start() for kind, pattern in _SUMMARY.items() if (match := pattern.search(first))}
    if found:  # the first thing that it is said to be
        scores[min(found, key=found.__getitem__)] += 2
    scores["person"] += 3 * bool(_BORN.search(first) and not is_named_as_work)
    scores["place"] += 2 * bool(_IN_A_PLACE.search(first))
    scores["work"] += 3 * is_named_as_work
    best = max(scores, key=scores.__getitem__)
    return best if scores[best] >= 2 else "concept"
