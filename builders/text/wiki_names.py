"""Names that wikitext knows by code: languages, units, currencies, namespaces and other wikis."""

from __future__ import annotations


def _words(words: str) -> frozenset[str]:
    return frozenset(words.split())


def _pairs(words: str) -> dict[str, str]:
    return dict(pair.split(":") for pair in words.split())


LANGUAGES = _pairs("""
en:英语 de:德语 fr:法语 ja:日语 jp:日语 ko:韩语 kr:韩语 ru:俄语 rus:俄语 es:西班牙语 pt:葡萄牙语 it:意大利语 la:拉丁语
el:希腊语 grc:古希腊语 ar:阿拉伯语 he:希伯来语 fa:波斯语 tr:土耳其语 hi:印地语 sa:梵语 pi:巴利语 bn:孟加拉语
ur:乌尔都语 ta:泰米尔语 te:泰卢固语 th:泰语 vi:越南语 km:高棉语 lo:老挝语 my:缅甸语 ms:马来语 id:印尼语 tl:他加禄语
fil:菲律宾语 mn:蒙古语 bo:藏语 ug:维吾尔语 za:壮语 kk:哈萨克语 ky:吉尔吉斯语 uz:乌兹别克语 tg:塔吉克语 tk:土库曼语
az:阿塞拜疆语 hy:亚美尼亚语 ka:格鲁吉亚语 uk:乌克兰语 be:白俄罗斯语 pl:波兰语 cs:捷克语 sk:斯洛伐克语 hu:匈牙利语
ro:罗马尼亚语 bg:保加利亚语 sr:塞尔维亚语 hr:克罗地亚语 sh:塞尔维亚-克罗地亚语 bs:波斯尼亚语 sl:斯洛文尼亚语
mk:马其顿语 sq:阿尔巴尼亚语 nl:荷兰语 da:丹麦语 sv:瑞典语 no:挪威语 nb:书面挪威语 nn:新挪威语 is:冰岛语 fo:法罗语
fi:芬兰语 et:爱沙尼亚语 lv:拉脱维亚语 lt:立陶宛语 ga:爱尔兰语 gd:苏格兰盖尔语 cy:威尔士语 br:布列塔尼语 eu:巴斯克语
ca:加泰罗尼亚语 gl:加利西亚语 oc:奥克语 mt:马耳他语 lb:卢森堡语 af:南非语 sw:斯瓦希里语 am:阿姆哈拉语 so:索马里语
zu:祖鲁语 xh:科萨语 yo:约鲁巴语 ha:豪萨语 ig:伊博语 mg:马达加斯加语 eo:世界语 yi:意第绪语 ku:库尔德语 ps:普什图语
ne:尼泊尔语 si:僧伽罗语 ml:马拉雅拉姆语 kn:卡纳达语 mr:马拉地语 gu:古吉拉特语 pa:旁遮普语 mi:毛利语 haw:夏威夷语
sm:萨摩亚语 to:汤加语 fj:斐济语 mnc:满语 mo:摩尔多瓦语 ain:阿伊努语 got:哥特语 ang:古英语 non:古诺尔斯语 syr:叙利亚语
arc:亚拉姆语 cop:科普特语 akk:阿卡德语 tet:德顿语 dz:宗喀语
""")
"""Language codes as `{{lang-xx}}` has them, and what it writes before its text."""

UNITS = _pairs("""
km:公里 m:米 cm:厘米 mm:毫米 µm:微米 μm:微米 nm:纳米 mi:英里 mile:英里 miles:英里 yd:码 ft:英尺 foot:英尺 in:英寸
inch:英寸 nmi:海里 ly:光年 pc:秒差距 au:天文单位 km2:平方公里 sqkm:平方公里 m2:平方米 sqm:平方米 cm2:平方厘米 ha:公顷
hectare:公顷 acre:英亩 acres:英亩 sqmi:平方英里 mi2:平方英里 sqft:平方英尺 ft2:平方英尺 km3:立方公里 m3:立方米
cm3:立方厘米 cuft:立方英尺 ft3:立方英尺 cuin:立方英寸 l:升 litre:升 ml:毫升 usgal:美制加仑 impgal:英制加仑 kg:千克
g:克 mg:毫克 t:吨 tonne:吨 tonnes:吨 lb:磅 lbs:磅 oz:盎司 st:英石 lt:长吨 long_ton:长吨 short_ton:短吨 km/h:公里每小时
kph:公里每小时 mph:英里每小时 kn:节 knot:节 m/s:米每秒 c:°C °c:°C f:°F °f:°F k:K w:瓦 kw:千瓦 mw:兆瓦 gw:吉瓦 hp:马力
ps:马力 bhp:制动马力 pa:帕 kpa:千帕 mpa:兆帕 psi:磅每平方英寸 bar:巴 atm:标准大气压 hpa:百帕 n:牛顿 kn:千牛 nm:牛米
j:焦耳 kj:千焦 cal:卡路里 kcal:千卡 wh:瓦时 kwh:千瓦时 /km2:人/平方公里 pd/km2:人/平方公里 /sqkm:人/平方公里
pd/sqkm:人/平方公里 /sqmi:人/平方英里 m3/s:立方米每秒 cuft/s:立方英尺每秒
""")
"""Units of `{{convert}}`, in lower case."""

CURRENCIES = _pairs("""
us$:$ usd:$ hk$:港币 hkd:港币 nt$:新台币 ntd:新台币 twd:新台币 cny:¥ rmb:¥ jpy:¥ jp¥:¥ ¥:¥ ￥:¥ £:£ gbp:£ €:€ eur:€
krw:₩ ₩:₩ inr:₹ a$:澳元 aud:澳元 c$:加元 cad:加元 s$:新加坡元 sgd:新加坡元 mop:澳门币
""")

FILE_NAMESPACES = _words("file image 文件 檔案 档案 图像 圖像 图片 圖片 影像 ファイル 画像 파일 fichier datei archivo")
CATEGORY_NAMESPACES = _words("category 分类 分類 cat カテゴリ 분류")

# Two and three letters are one language or another; what is no language but looks like one (dr, mp, wp) has no place
# of its own in a title before a colon.
OTHER_LANGUAGES = _words("""
aa ab ace ady af ak als alt am ami an ang ann anp ar arc ary arz as ast atj av avk awa ay az azb ba ban bar bat-smg
bbc bcl be be-tarask be-x-old bew bg bh bi bjn blk bm bn bo bpy br bs btm bug bxr ca cbk-zam cdo ce ceb ch cho chr chy
ckb co cr crh cs csb cu cv cy cz da dag de dga din diq dk dsb dtp dty dv dz ee el eml en eo epo es et eu ext fa fat ff
fi fiu-vro fj fo fon fr frp frr fur fy ga gag gan gcr gd gl glk gn gom gor got gpe gsw gu guc gur guw gv ha hak haw he
hi hif ho hr hsb ht hu hy hyw hz ia iba id ie ig igl ii ik ilo inh io is it iu ja jam jbo jp jv ka kaa kab kbd kbp kcg
kg kge ki kj kk kl km kn knc ko koi kr krc ks ksh ku kus kv kw ky la lad lb lbe lez lfn lg li lij lld lmo ln lo lrc lt
ltg lv lzh lzz mad mai map-bms mdf mg mh mhr mi min minnan mk ml mn mni mnw mo mos mr mrj ms mt mus mwl my myv mzn na
nah nan nap nb nds nds-nl ne new ng nia nl nn no nov nqo nr nrm nso nup nv ny oc olo om or os pa pag pam pap pcd pcm
pdc pfl pi pih pl pms pnb pnt ps pt pwn qu rm rmy rn ro roa-rup roa-tara rsk ru rue rup rw sa sah sat sc scn sco sd se
sg sgs sh shi shn shy si simple sk skr sl sm smn sn so sq sr srn ss st stq su sv sw syl szl szy ta tay tcy tdd te tet
tg th ti tig tk tl tly tn to tok tpi tr trv ts tt tum tw ty tyv udm ug uk ur uz ve vec vep vi vls vo vro wa war wo wuu
xal xh xmf yi yo yue za zea zgh zh zh-cfr zh-classical zh-cn zh-hans zh-hant zh-hk zh-min-nan zh-mo zh-my zh-sg zh-tw
zh-yue zu
""")
"""Prefixes of links to other languages, which a page does not show."""

OTHER_PROJECTS = _words("""
w wikipedia wikt wiktionary b wikibooks n wikinews q wikiquote s wikisource v wikiversity voy wikivoyage species
wikispecies c commons d wikidata f wikifunctions m meta metawikipedia mw mediawikiwiki foundation wmf phab phabricator
bugzilla mail incubator outreach toolforge tools doi rfc imdb google iarchive wikia fandom
""")
"""Prefixes of links to sister projects: shown where they have a text of their own."""
