"""What `examples/wiki/` is made of: an invented encyclopedia of ten pages, and three articles as others extract them.

`python -m tests.wiki_example` writes the files again; a test holds them to this text. It was written for this project
and is given to the public domain (CC0 1.0).
"""

from __future__ import annotations

import json
from pathlib import Path

from tests.dumps import WikiPage, write_multistream

FOLDER = Path(__file__).parent.parent / "examples" / "wiki"

GROUP = """return {
name = 'Light',
description = '示例：光学词语',
content = {
{ type = 'item', original = 'laser', rule = 'zh-cn:激光; zh-tw:雷射; zh-hk:激光;' },
{ type = 'item', original = 'optical fiber', rule = 'zh-cn:光纤; zh-tw:光纖; zh-hk:光纖;' },
{ type = 'item', original = 'monochromatic', rule = 'zh-cn:单色性; zh-tw:單頻性;' },
}}
"""

PAGES = [
    WikiPage(
        "石拱橋",
        """{{NoteTA|1=zh-cn:桥墩;zh-tw:橋柱}}
{{橋樑資訊框|名稱=石拱橋|圖片=Arch.jpg}}
[[File:Arch.jpg|thumb|right|250px|一座[[單孔]]石拱橋]]
'''石拱橋'''（{{lang-en|stone arch bridge}}，{{lang|ko|}}）是用石塊砌成、以拱承重的橋。拱把上面的重量變成對兩端的推力，所以[[橋台|兩岸的橋台]]必須堅固<ref name="arch">{{cite book|title=橋的故事|page=12}}</ref>。

== 構造 ==
石塊之間的縫叫做灰縫。砌拱的時候先搭木架，叫做-{zh-hans:拱架;zh-hant:拱架}-，等最後一塊石頭（俗稱「龍門石」）放好，才能把木架拆掉。跨度大的橋在河中另立橋柱，一座橋柱承受左右兩個拱的推力，力氣恰好互相抵消。

{| class="wikitable"
! 部分 !! 作用
|-
| 拱圈 || 承重
|}

== 歷史 ==
拱的做法各地都有。中國的匠人喜歡把拱做得扁平，橋面因此平緩，車馬容易通過；拱肩上再開幾個小拱，既省石料，洪水來時又能讓水流過去&mdash;&mdash;這個主意至今還在使用。

== 圖片 ==

== 參考文獻 ==
{{reflist}}

[[Category:橋]]
""",
        1,
    ),
    WikiPage(
        "雷射",
        """{{NoteTA
|G1=Light
|T=zh-cn:激光;zh-tw:雷射;
}}
'''雷射'''是一種方向集中、顏色單純的光。普通燈泡裡的原子各發各的光，雷射裡的原子卻像合唱隊一樣步調一致，因此它的'''單頻性'''極好<!-- 待補 -->，射出很遠也不散開。

== 原理 ==
原子吸收能量以後會升到較高的能階。這時若有一個光子經過，原子就跟著放出一個完全相同的光子，一個變兩個，兩個變四個。在兩面鏡子之間來回多次，光便越來越強，從半透明的一面射出來。

== 用途 ==
* 量距離：光走一個來回的時間乘以光速，再除以二，就是距離。
* 通信：雷射在光纖裡傳送訊號，一根頭髮粗細的玻璃絲能容納許多人同時通話。
* 加工：把光聚成一點，可以切開鋼板，也可以修補眼睛裡的小血管。

== 參見 ==
* [[光]]
* [[鏡子]]
""",
        2,
    ),
    WikiPage("激光", "#重定向 [[雷射]]\n", 3, redirect="雷射"),
    WikiPage(
        "渡口",
        "'''渡口'''可以指：\n* [[渡口 (交通)]]，乘船過河的地方\n* [[渡口 (小说)]]，一部虛構的小說\n\n{{消歧义}}\n",
        4,
    ),
    WikiPage(
        "渡口 (交通)",
        """'''渡口'''，又叫'''津'''或'''渡头'''，是乘船过河的地方（，）。在桥还不多的年代，两岸的人要走亲戚、赶集、送信，都得在这里等船。

渡口多选在水流平缓、两岸都有硬地的河段。大的渡口有专门的船工，按人头收钱；小的渡口只拴着一条船和一根横在河面上的绳子，过河的人自己拉着绳子走。一条载重约{{convert|2|t}}的木船，一次可以渡十来个人，或者两头牛。

== 消失与保留 ==
桥修好以后，许多渡口就荒废了，只剩下“上渡”“下渡”这样的地名。{{tsl|en|cable ferry|缆渡}}在少数宽阔的江面上仍然可以见到<ref>见[http://example.org/ferry 一份虚构的调查]</ref>。

{{DEFAULTSORT:dukou}}
[[分类:交通]]
""",
        5,
    ),
    WikiPage("Template:橋樑資訊框", "<includeonly>{{{名稱|}}}</includeonly>", 6, 10),
    WikiPage("Module:CGroup/Light", GROUP, 7, 828, model="Scribunto"),
    WikiPage("Category:橋", "各種各樣的橋。", 8, 14),
    WikiPage(
        "月食",
        """'''月食'''是月亮走进[[地球]]影子里的现象，只会发生在满月的夜晚。那时太阳、地球、月亮差不多排成一条直线，地球在中间，挡住了照向月亮的阳光。

月全食的时候，月亮并不完全变黑，而是呈现暗淡的铜红色。这是因为地球的大气把一部分阳光折到影子里去，而蓝光在路上大多散掉了，剩下的主要是红光——如果有人站在月亮上，他会看见地球周围有一圈红色的亮边，那是地球上所有的日出和日落。

月亮绕地球的轨道和地球绕太阳的轨道并不在一个平面上，两者之间有大约<math>5^\\circ</math>的夹角，所以不是每个月都有月食。平均说来，一年里会有两次左右。

== 观察 ==
月食不需要任何仪器，用肉眼看就很好，也不伤眼睛。只要当地是晚上，天气晴朗，就能从头看到尾，全程大约三个多小时。

== 外部链接 ==
* [http://example.org/moon 月食的日期]
""",
        9,
    ),
    WikiPage("龙门石", "'''龙门石'''是拱桥最后放上的一块石头。\n{{stub}}", 10),
]

EXTRACTED = [
    {
        "id": "21",
        "url": "https://example.org/wiki?curid=21",
        "title": "茶馆",
        "text": "茶馆\n\n茶馆（），是喝茶、聊天、听说书的地方。掌柜在门口挂一块布招子，里面摆几张方桌，一壶茶可以坐上半天。"
        "\n\n老茶馆还有一样用处：邻里之间有了争执，就请双方到茶馆里当众讲理，由年长的人评断，输的一方付茶钱。",
    },
    {
        "id": "22",
        "url": "https://example.org/wiki?curid=22",
        "title": "灯塔",
        "text": "灯塔\n\n灯塔（，）建在海岸或礁石上，夜里发光，告诉船只自己的位置。每座灯塔亮灭的节奏都不一样，"
        "水手数着秒数，查一查表，就知道眼前是-{zh-hans:哪一座;zh-hant:哪一座}-。\n\n从前守塔人每晚要给灯添油、擦镜子，如今大多由机器代劳。",
    },
]

CIRRUS = [
    {"index": {"_type": "_doc", "_id": "31"}},
    {
        "title": "水磨坊",
        "namespace": 0,
        "timestamp": "2024-03-09T10:00:00Z",
        "version": 1031,
        "template": ["Template:Reflist"],
        "opening_text": "水磨坊是用水流推动石磨的作坊。",
        "text": "水磨坊是用水流推动石磨的作坊。水冲着木轮转动，轮轴带着上面的磨盘，麦子从磨眼里漏下去，磨成面粉从四周流出来。"
        "它多建在村外的溪边，农闲时一天到晚响着，枯水的季节则只好停工，磨坊主便趁这时候修理木轮、凿新磨齿。",
    },
]


def write(folder: Path) -> None:
    """All files of the example."""
    write_multistream(folder, PAGES, per_stream=3)
    lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in EXTRACTED)
    (folder / "extracted").mkdir(exist_ok=True)
    (folder / "extracted" / "wiki_00").write_text(lines, encoding="utf-8", newline="\n")
    lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in CIRRUS)
    (folder / "examplewiki-20240401-cirrussearch-content.json").write_text(lines, encoding="utf-8", newline="\n")


if __name__ == "__main__":
    write(FOLDER)
