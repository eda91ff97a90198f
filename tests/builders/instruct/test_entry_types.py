"""What kind of thing an entry is about."""

from __future__ import annotations

import pytest

from builders.instruct.entry_types import entry_type
from builders.text.entries import Entry


@pytest.mark.parametrize(
    ("kind", "entry"),
    [
        ("person", Entry("周望江", None, "周望江，男，汉族，1950年3月生，四川乐山人。")),
        ("person", Entry("林晚", None, "林晚（1901年5月2日—1988年），浙江绍兴人，作家。")),
        ("person", Entry("安德·林", None, "安德·林（Ander Lin），1970年出生于奥斯陆，挪威演员、导演。")),
        ("person", Entry("阿青", "清末书法家", "清末人。")),
        ("person", Entry("阿青", None, "", {"国籍": "中国", "职业": "船工", "出生地": "乐山"})),
        ("place", Entry("青石渡", None, "青石渡位于四川省乐山市，在岷江东岸。")),
        ("place", Entry("望江县", None, "望江县隶属于安徽省安庆市，在长江北岸。")),
        ("place", Entry("无名", None, "", {"行政区类别": "镇", "电话区号": "0833", "面积": "20平方千米"})),
        ("species", Entry("水柳", None, "水柳是大戟科水柳属植物。", {"界": "植物界", "科": "大戟科"})),
        ("species", Entry("白腹鹭", "鹭科鸟类", "分布在南亚。")),
        ("work", Entry("江声", None, "《江声》是林晚所写的一部长篇小说。")),
        ("work", Entry("江声", None, "电影《江声》由阿青执导，讲述船工的一生。")),
        ("work", Entry("江声", "2007年阿青执导电影", "讲述船工的一生。")),
        ("organisation", Entry("青石船业有限公司", None, "青石船业有限公司成立于1990年，位于乐山市。")),
        ("organisation", Entry("望江学堂", None, "望江学堂是一所创办于清末的中学。", {"校训": "勤"})),
        ("event", Entry("青石渡之战", None, "青石渡之战是1646年发生在岷江上的一次战役。")),
        ("event", Entry("望江起义", None, "望江起义爆发于1911年10月10日，至1912年1月5日结束。")),
        ("disease", Entry("江水热", None, "江水热是一种由细菌引起的传染病。", {"传染性": "有"})),
        ("disease", Entry("鼻炎", None, "", {"就诊科室": "耳鼻喉科", "常见症状": "鼻塞"})),
        ("substance", Entry("青石酸", None, "青石酸是一种有机化合物，无色。", {"化学式": "C4H6", "熔点": "20℃"})),
        ("product", Entry("渡船3号", None, "渡船3号是一款双卡手机，屏幕很大。", {"品牌": "渡船"})),
        ("word", Entry("望江兴叹", None, "望江兴叹是一个汉语成语。", {"拼音": "wàng jiāng xīng tàn"})),
        ("concept", Entry("水力", None, "水力是水流动时所具有的能量。")),
        ("concept", Entry("元初", None, "元初（1271年－1294年）是史学上的一段时期。")),
        ("concept", Entry("空")),
    ],
)
def test_kinds(kind: str, entry: Entry) -> None:
    assert entry_type(entry) == kind
