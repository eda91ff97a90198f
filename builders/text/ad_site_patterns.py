"""What novel sites add to a text to be found again: addresses, first releases, fastest updates, apps."""

from __future__ import annotations

from builders.text.ad_family import BARE_ADDRESS_KIND, Family, Reach
from builders.text.ad_family import make_family as _family

SITE_FAMILIES: tuple[Family, ...] = (
    _family(BARE_ADDRESS_KIND, Reach.SENTENCE, "@", r"^@+[a-z]{0,8}$"),
    _family("remember this address", Reach.CLAUSE, "天才一秒 天才1秒 天才三秒 天才3秒", r"记住|牢记"),
    _family(
        "remember this address",
        Reach.CLAUSE,
        "一秒记住 1秒记住 一秒钟记住 1秒钟记住 三秒记住 3秒记住 秒就记住 秒就能记住 秒可记住",
        r"@|本站|网址|域名|小说|中文网|阅读|提供|记住.{1,6}[阁轩斋吧楼屋网]$",
    ),
    _family(
        "remember this address",
        Reach.CLAUSE,
        "首发域名 备用域名 永久域名 最新域名 首发网址 最新网址 永久网址 备用网址 本站网址 本站域名 本站地址 本书网址 "
        "阅读网址 记住网址 记住域名 牢记网址 牢记域名 记住本站 牢记本站 谨记本站 收藏本站 本站永久 网站最新网址 "
        "最新地址@ 记住@ 牢记@ 手打网址",
        r"@|请|记住|牢记|收藏|本站|本书|手机|更新|小说|首发",
    ),
    _family(
        "remember this address",
        Reach.SENTENCE,
        "记住本书 牢记本书 记住我们 收藏我们 收藏网址 收藏域名 记住网站 牢记网站 免迷路 网址@ 域名@ 地址@ 新地址 "
        "新域名 新网址 地址更改 域名更改 网址更改 地址更换 域名更换 网址更换 更换域名 更换地址 更改域名",
        r"本站|本书|小说|阅读|首发|手机|记住|牢记|收藏|[新改换].{0,4}@|迷路|书友|最新",
    ),
    _family(
        "remember this address",
        Reach.LINE,
        "@",
        r"网址|地址|域名|网站|官网|手机|客户端|移动|电脑|阅读|小说|章节|更新|收藏|迷路|下载",
    ),
    _family(
        "remember this address",
        Reach.SENTENCE,
        "网址@ 域名@ 地址@ 不迷路",
        template=r"^.{1,6}[阁轩斋吧楼屋网]的?(?:最新|手机)?(?:网址|域名|地址)@$|^记住.{1,6}[阁轩斋吧楼屋网](?:看书|追书)?不迷路$",
    ),
    _family(
        "remember this address",
        Reach.SENTENCE,
        "百度搜索 百度输入 百度一下 百度搜一下 搜索引擎 直接访问@",
        r"本站|本书|@|小说|章节|阅读|更新|看书|追书|[阁轩斋吧楼屋网]$",
        spare=6,
    ),
    _family(
        "first released here",
        Reach.CLAUSE,
        "首发@ 首发于@ 首发自@ 首发在@ 连载于@ 首发网站 首发更新 全网首发 文字首发 文字版首发",
        r"@|小说|章节|本书|本章|更新|首发",
    ),
    _family(
        "first released here",
        Reach.SENTENCE,
        "首发 发表于 发表在 盗文 盗版网站",
        template=r"本[文书章](?:由[^他她它“]{1,10})?(?:独家|首发|发表|连载)[^报刊#他她“]{0,10}(?:文学城|小说网|中文网|阅读网|[阁轩吧]).*",
    ),
    _family(
        "first released here",
        Reach.SENTENCE,
        "首发 首更 独家发布 抢先看 抢先阅读 抢先发布 独家连载",
        r"本书|本章|本文|小说|章节|#|作品|全文|网|[阁轩斋吧楼堂居坊馆苑]|更新|中文|阅读|@|转载",
    ),
    _family(
        "first released here",
        Reach.SENTENCE,
        "更新于@ 发布于@ 来自@ 来源@ 转载自@ 出自@ 整理于@ 下载于@",
        r"本书|本章|小说|章节|更新|首发|连载|电子书|全本|txt|下载",
    ),
    _family(
        "first released here",
        Reach.SENTENCE,
        "本书来自 小说来自 本章来自 书籍来源 小说来源 本书来源",
        r"^(?:本[书章]|小说|书籍)(?:来自|来源).{1,6}(?:[阁轩斋吧楼屋网]|@)$",
        spare=8,
    ),
    _family(
        "first released here",
        Reach.SENTENCE,
        "本章由 本章节由 章节由 本书由 本文由 小说由 文字由",
        r"更新|首发|提供|上传|整理|手打|发布|制作|转载|录入|校对",
        spare=8,
    ),
    _family(
        "fastest updates",
        Reach.CLAUSE,
        "更新速度全网最快 更新速度最快 全网更新最快 最快更新@ 更新最快@ 最快更新尽在 最快更新就在 最快更新无错 "
        "更新最快的小说 更新最快的网站 更新最快的站 更新速度更快 手打更新最快 最新最快最 最快最新的小说 "
        "最新最快的小说 更新快无 更新全网最快",
    ),
    _family(
        "fastest updates",
        Reach.SENTENCE,
        "更新最快 最快更新 更新更快 最新最快 最快最新 全网最快 最快的更新 更新快 更新超快 更新神速 第一时间更新 "
        "无延迟更新 更多更快 最快最全",
        r"稳定|小说|章节|本站|@|#|阅读|网|阁|无弹窗|手打|最新最快最|更新最快$|^最快更新",
    ),
    _family(
        "fastest updates",
        Reach.CLAUSE,
        "家收藏 更新速度",
        template=r"喜欢.{1,30}请(?:大家|您)?收藏.*更新(?:速度)?(?:全网)?最?快",
    ),
    _family(
        "fastest updates",
        Reach.SENTENCE,
        "最新章节",
        template=r"^(?:最快更新)?([^他她它我“]{2,20}?)最新章节(?:列表)?\1(?:最新|全文|无弹窗|免费|txt|在线|笔趣阁).*",
    ),
    _family(
        "fastest updates",
        Reach.CLAUSE,
        "分数越高更新越快 给个好评呗 更新越快据说",
        template=r"(?:亲点击进去|给个好评|分数越高).*",
    ),
    _family(
        "newest novels here",
        Reach.SENTENCE,
        "最新章节 最新小说 最新全本 最新vip 更多小说 更多章节 精彩小说 精彩章节 好看小说 好看的小说 免费小说 热门小说 "
        "全本小说 网络小说 手打小说 小说尽在 小说就在 小说就来 小说就上 小说请到 小说请上 小说请来 小说阅读 小说首发 "
        "看小说 读小说 后续章节 章节尽在 最快的小说 最全的小说 看书就 看书请 看书来 读书就 作品尽在 全文尽在 好书尽在 "
        "更多好书 完整章节 更快章节",
        r"尽在|就[在来上到]|[都全]在|请[到上来去搜]|请(?:访问|登[录陆]|关注|百度|浏览)|敬请|欢迎|@|为[您你]|更新|"
        r"列表|目录|无弹窗|首发|提供|海量|每日|点击|查看|中文网|小说网|(?:免费|在线|全文)(?:阅读|下载)|百度|搜索|"
        r"[到上来去].{1,6}[阁轩斋吧屋网楼堂居坊馆苑]",
    ),
    _family(
        "newest novels here",
        Reach.CLAUSE,
        "提供最快的 无错章节将持续 已经不更新最新章节",
        template=r".{0,20}(?:为[你您]提供最快的.{1,30}更新|无错章节将持续在.{1,12}更新|网站已经不更新最新章节).*",
    ),
    _family(
        "newest novels here",
        Reach.SENTENCE,
        "欢迎阅读本站 更多精彩 更多最新 精彩内容 后续内容 内容尽在 提供最新 提供精彩 提供免费 敬请关注 欢迎访问 "
        "请访问 请登录 请登陆 请浏览 请关注",
        r"小说|章节|看书|阅读网|全文|电子书|好书|网文|本书|连载|@.{0,6}阅读|中文网|尽在.{2,6}[阁轩斋吧网楼堂居坊馆苑]|书屋|"
        r"后续内容.*[阁轩斋吧网屋]$",
    ),
    _family(
        "read it free here",
        Reach.CLAUSE,
        "无弹窗 无弹出广告 无弹窗广告 无广告小说 无错小说 无广告阅读 无广告全文 txt全集 txt下载 txt全本 txt免费 "
        "txt电子书 txt小说 全集txt 全本txt 免费txt 无错版",
        r"小说|阅读|全文|更新|章节|免费|下载|txt",
    ),
    _family("read it free here", Reach.SENTENCE, "无弹窗", r"网|阁|看|读|^无弹窗"),
    _family(
        "read it free here",
        Reach.SENTENCE,
        "全文阅读 免费阅读 在线阅读 免费看 全本阅读 免费下载 全文免费 免费小说 正版阅读 免费试读 全本免费 免费全文 "
        "免费读 免费提供 无删减版",
        r"[阁轩吧]免费提供$|手机|尽在|全书|app|公众号|@|小说|全文|全本|章节|#|网|阁|本书|vip|即可|最新|正版|在线",
    ),
    _family(
        "read on your phone",
        Reach.CLAUSE,
        "手机版阅读网址 手机阅读网址 手机版网址 手机站网址 手机版访问 手机端访问 手机端@ 手机版@ 手机站@ 手机阅读@ "
        "手机访问@ 手机登录@ 手机登陆@ 手机看@ 手机直接访问 手机直接阅读 手机用户请 手机用户可 手机用户到 "
        "手机用户访问 手机用户浏览 手机用户阅读 手机读者请 手机书友请 手机请访问 手机请到 手机请上 手机阅读请 "
        "手机阅读更 手机看书更 手机看小说 手机阅读本 手机同步阅读 手机端阅读 手机版首发 手机版全新 手机站全新 "
        "移动端阅读 wap@ 移动版阅读",
        r"@|阅读|浏览|网址|看书|小说|本站|章节|客户端|app|上线|升级",
    ),
    _family(
        "read it free here",
        Reach.SENTENCE,
        "二维码 扫码",
        r"公众号|阅读|全文|看书|看小说|免费看",
    ),
    _family("read it free here", Reach.LINE, "免费阅读 免费看", r"点击|链接|请|就在|尽在"),
    _family(
        "read on your phone",
        Reach.SENTENCE,
        "用手机 手机请点击 手机点击 手机看# 手机请访问 手机请上",
        r"^(?:请|欢迎)?(?:使用|用)?手机(?:用户)?(?:看#?)?请?(?:点击|访问|登[录陆]|上|到)(?:此处|这里|本站|下方|链接|@)?(?:看书|阅读)?$",
    ),
    _family(
        "read on your phone",
        Reach.SENTENCE,
        "阅读app 小说app 读书app 追书app 看书app 阅读客户端 小说客户端 手机版阅读 手机阅读 手机看书 app阅读 手机用户 "
        "安卓版下载 苹果版下载 下载本站 下载手机版",
        r"@|下载|本站|章节|小说|本书|更新|更多|免费|更方便|点击|安装|访问|浏览|^手机阅读$",
    ),
    _family(
        "read on your phone",
        Reach.SENTENCE,
        "app 客户端",
        r"(?:下载|安装|打开|使用|来).{0,8}(?:app|客户端).*(?:看书|看小说|阅读|小说|章节|追书|追更|全文|永久免费)|"
        r"尽在.{1,6}(?:app|客户端)|(?:app|客户端)内?(?:免费|即可阅读|看书|看全文)|^请?(?:下载|安装)我们的(?:app|客户端)|"
        r"^(?:下载|扫码下载)本站|^(?:下载|安装).{0,6}(?:追书|小说|阅读|读书)app",
        spare=6,
    ),
    _family(
        "read on your phone",
        Reach.CLAUSE,
        "追书神器 看书神器 追书真的好用 追书app 小说app",
        template=r"推荐[^他她“]{0,8}(?:神器|真的好用|app).*(?:下载|@|免费看).*",
    ),
)
