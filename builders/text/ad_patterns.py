"""What novel sites and uploaders add to a text, as data: families of phrases.

All of it is compared with the *key* of a piece of text: simplified script, half width, lower case, only Han
characters, letters and digits. Blanks, punctuation and decorations are gone, so one phrase sees through the
usual disguises (`求、月、票`, `最⊥新⊥小⊥说`, `ＷＷＷ．`). Three signs of a key stand for more than themselves:
`@` a web address, `#` a book title in 《》, `“` quoted speech, which is never part of an addition.
"""

from __future__ import annotations

import enum
from typing import NamedTuple

from builders.text.ad_words import NAVIGATION_WORDS


class Reach(enum.IntEnum):
    """How much of the text around a phrase has to be an addition, too, before the phrase proves one."""

    CLAUSE = 1  # unmistakable: cut even where it is glued to a sentence of the story
    SENTENCE = 2  # a person in a story might say it: it must fill its sentence, with words of the same kind
    LINE = 3  # everyday words: it must fill its line or stand alone in brackets


BARE_ADDRESS_KIND = "site watermark"
SITE_NAME_KIND = "site name"


class Family(NamedTuple):
    """One kind of addition: any of `phrases` in a key, if the key also matches `requires`.

    `spare` characters may be left over beside phrases and vocabulary: the name of a site or of a book.
    `template` is a pattern with gaps for longer names; all that it matches is addition.
    """

    kind: str
    reach: Reach
    phrases: tuple[str, ...]
    requires: str
    spare: int
    template: str


def _family(
    kind: str, reach: Reach, phrases: str, requires: str = "", *, spare: int | None = None, template: str = ""
) -> Family:
    usual = {Reach.CLAUSE: 8, Reach.SENTENCE: 4, Reach.LINE: 0}[reach]
    return Family(
        kind, reach, tuple(phrases.split()), requires or template, usual if spare is None else spare, template
    )


def _begging() -> str:
    """求月票, 求一下收藏 and their like."""
    how = "个 张 点 波 下 些 一下 一波 一张 各种 大家 大家的 保底 双倍 几张"
    what = (
        "月票 推荐 收藏 订阅 首订 全订 追读 追订 打赏 鲜花 红票 粉红 评价票 票票 好评 五星 催更 包养 投票 点击 花花 "
        "用爱发电 免费的礼物 免费礼物 小礼物 人气票"
    )
    plain_and_polite = ["", *how.split()]
    return (
        " ".join(f"求{manner}{thing}" for thing in what.split() for manner in plain_and_polite)
        + " 求票 求各种 求月 求自动订阅"
    )


# The longest word first, so that the atomic group which repeats them never has to try another one.
_NAVIGATION = "|".join(sorted(NAVIGATION_WORDS, key=lambda word: (-len(word), word)))

# In this order: the first family that fits gives a cut its kind.
FAMILIES = (
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
        "阅读网址 记住网址 记住域名 牢记网址 牢记域名 记住本站 牢记本站 谨记本站 收藏本站 本站永久 本站最新 "
        "网站最新网址 最新地址@ 记住@ 牢记@ 手打网址",
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
        "首发 首更 独家发布 抢先看 抢先阅读 抢先发布 独家连载",
        r"本书|本章|本文|小说|章节|#|作品|全文|网|[阁轩斋吧楼堂居坊馆苑]|更新|中文|阅读|@",
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
        "本章由 本章节由 章节由 本书由 本文由 小说由",
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
        "更新最快 最快更新 更新更快 最新最快 最快最新 全网最快 最快的更新 更新快 更新超快 更新神速 更多更快",
        r"小说|章节|本站|@|#|阅读|网|阁|无弹窗|手打|最新最快最|更新最快$|^最快更新",
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
        "最新章节 最新小说 最新全本 最新vip 更多小说 更多章节 精彩小说 精彩章节 好看小说 好看的小说 免费小说 "
        "热门小说 全本小说 网络小说 手打小说 小说尽在 小说就在 小说就来 小说就上 小说请到 小说请上 小说请来 小说阅读 "
        "小说首发 看小说 读小说 后续章节 章节尽在 最快的小说 最全的小说 看书就 看书请 看书来 读书就 作品尽在 "
        "全文尽在 好书尽在 更多好书 完整章节 更快章节",
        r"尽在|就[在来上到]|[都全]在|请[到上来去搜]|请(?:访问|登[录陆]|关注|百度|浏览)|敬请|欢迎|@|为[您你]|更新|"
        r"列表|目录|无弹窗|首发|提供|中文网|小说网|(?:免费|在线|全文)(?:阅读|下载)|百度|搜索|"
        r"[到上来去].{1,6}[阁轩斋吧屋网楼堂居坊馆苑]",
    ),
    _family(
        "newest novels here",
        Reach.SENTENCE,
        "更多精彩 更多最新 精彩内容 后续内容 内容尽在 提供最新 提供精彩 提供免费 敬请关注 欢迎访问 请访问 请登录 "
        "请登陆 请浏览 请关注",
        r"小说|章节|看书|阅读网|全文|电子书|好书|网文|本书|连载|@.{0,6}阅读|中文网|尽在.{2,6}[阁轩斋吧网楼堂居坊馆苑]|书屋",
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
        "全文阅读 免费阅读 在线阅读 免费看 全本阅读 免费下载 全文免费 免费小说 正版阅读 免费试读 全本免费 免费全文",
        r"@|小说|全文|全本|章节|#|网|阁|本书|vip|即可|最新|正版|在线",
    ),
    _family(
        "read on your phone",
        Reach.CLAUSE,
        "手机版阅读网址 手机阅读网址 手机版网址 手机站网址 手机版访问 手机端访问 手机版@ 手机站@ 手机阅读@ 手机访问@ 手机登录@ 手机登陆@ "
        "手机看@ 手机直接访问 手机直接阅读 手机用户请 手机用户可 手机用户到 手机用户访问 手机用户浏览 手机用户阅读 "
        "手机读者请 手机书友请 手机请访问 手机请到 手机请上 手机阅读请 手机阅读更 手机看书更 手机看小说 手机阅读本 "
        "手机同步阅读 手机端阅读 手机版首发 手机版全新 手机站全新 移动端阅读 wap@ 移动版阅读",
        r"@|阅读|浏览|网址|看书|小说|本站|章节|客户端|app|上线|升级",
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
        r"^(?:下载|扫码下载)本站|^(?:下载|安装).{0,6}(?:追书|小说|阅读|读书)app",
        spare=6,
    ),
    _family(
        "read on your phone",
        Reach.CLAUSE,
        "追书神器 看书神器 追书真的好用 追书app 小说app",
        template=r"推荐[^他她“]{0,8}(?:神器|真的好用|app).*(?:下载|@|免费看).*",
    ),
    _family(
        "next page notice",
        Reach.CLAUSE,
        "本章未完 本章节未完 这章未完 本节未完 章没有结束 章还没结束 章节没结束 本章还未完 本章尚未完 本小章还未完 "
        "本章内容未完 此章未完 本章还没完 章尚未结束 章还未结束 未完请点击 未完请翻 未完接下 未完点击 本章未结束",
        r"[下一翻次]页|下一[页章]|继续|点击|翻",
    ),
    _family(
        "next page notice",
        Reach.SENTENCE,
        "下一页继续 下一章继续 下页继续 点击下一页 点击下一章 请看下一页 请翻页 翻下一页 翻页继续 下一页阅读 "
        "下一页精彩 看下一页 后面还有哦 章节后面还有 章后面还有 本章未完 本章未结束 章没有结束 进入下一页 进入下一章 请点下一页 请点下页 后面还有内容 内容加载中 章节加载中 正文加载中",
        r"继续|阅读|精彩|请|点[击此]|还有哦|^本章未完$|^本章未结束$|^这章没有结束$",
    ),
    _family(
        "page number",
        Reach.LINE,
        "0页 1页 2页 3页 4页 5页 6页 7页 8页 9页",
        r"^(?:本章|当前)?第?[0-9]{1,2}/[0-9]{1,2}页$|^第[0-9]{1,2}页共[0-9]{1,2}页$|^本章共[0-9]{1,2}页",
        spare=6,
    ),
    _family(
        "end-of-chapter mark",
        Reach.LINE,
        "本章完 本章已完 本章终 本章结束 本章已结束 本章节完 本节完 本回完 本卷完 本卷终 本卷结束 本集完 全书完 "
        "全书终 全文完 全文终 本书完 本书终",
    ),
    _family(
        "end-of-chapter mark",
        Reach.LINE,
        "章完 回完 节完",
        r"^第[0-9零〇一二三四五六七八九十百千]{1,8}[章节回]完$",
        spare=8,
    ),
    _family(
        "end-of-chapter mark", Reach.SENTENCE, "本章完 本章已完 本章终 本章节完", r"^本章节?已?[完终]结?$", spare=0
    ),
    _family(
        "please bookmark",
        Reach.CLAUSE,
        "收藏@ 书签@ 书架@ 书签方便 书架方便 收藏方便 书签以便 书架以便 收藏以便 方便下次阅读 方便下次继续 "
        "方便您下次 方便以后阅读 方便随时阅读 便于下次阅读 以便下次阅读 ctrld",
        r"@|加入|收藏|添加|保存|放入|本站|本书|请|点击|更新|ctrl",
    ),
    _family(
        "please bookmark",
        Reach.SENTENCE,
        "防止丢失 防丢失 以免丢失 防走丢 以防丢失 以防走失",
        r"收藏|书签|书架|本站|@|网址",
        spare=6,
    ),
    _family(
        "please bookmark",
        Reach.SENTENCE,
        "收藏本书 收藏本站 加入书签 加入书架 放入书架 添加书签 加书签 加书架 收藏一下 加收藏 加个收藏 点收藏 "
        "点个收藏 点击收藏 请收藏 家收藏 友收藏 者收藏 收藏# 收藏夹 收进书架 书架收藏 记得收藏",
        r"书|站|#|小说|@|更新|阅读|推荐|点[击个收]|加[个收]|(?:请|求|麻烦|喜欢|记得).{0,6}收藏[吧哦啊呀]?$",
    ),
    _family(
        "to be continued",
        Reach.CLAUSE,
        "未完待续",
        r"@|起点(?:中文|首发|读书)|支持作者|正版|月票|推荐票|您的支持|手机(?:用户|阅读|版)|章节更多|首发",
    ),
    _family("to be continued", Reach.LINE, "未完待续 未完待叙", r"^(?:本章|本书)?未完待[续叙](?:敬请期待)?$"),
    _family(
        "to be continued",
        Reach.SENTENCE,
        "您的支持 你的支持就 你们的支持就 喜欢这部作品 喜欢本作品",
        r"动力|投票|月票|推荐票|起点|@|正版|订阅",
    ),
    _family("vote begging", Reach.SENTENCE, _begging(), spare=2),
    _family(
        "vote begging",
        Reach.SENTENCE,
        "投月票 投推荐票 投张月票 投张推荐票 投个推荐票 月票推荐票 推荐票月票 推荐票收藏 收藏推荐票 月票砸 推荐票砸 "
        "票票砸 月票投 推荐票投 月票支持 推荐票支持 投票推荐 投票支持 张月票 张推荐票 有月票的 有推荐票的 有票的 "
        "月票呢 推荐收藏 收藏推荐 收藏订阅 保底月票 月票加更 打赏加更 盟主加更 月票走起 推荐票走起 求月求 票票呢 "
        "月票榜 点推荐票 些推荐票 些月票 点月票 票票支持 月票打赏 打赏月票 推荐票走 月票走",
        r"[投砸求请]|支持|收藏|订阅|打赏|加更|走起|推荐票|来[张点个些]|给",
        spare=2,
    ),
    _family(
        "vote begging",
        Reach.SENTENCE,
        "宝贵的推荐票 宝贵的月票 下推荐票 下月票 手中的推荐票 手中的月票 手里的推荐票 手里的月票",
        r"投|砸|请|支持",
    ),
    _family("error report link", Reach.CLAUSE, "点此举报 点此报错 点此报送 点这里举报 点我报错 点我举报 点此反馈"),
    _family(
        "error report link",
        Reach.CLAUSE,
        "点击举报 免注册举报 举报免注册 举报本章 举报错误 错误举报 点此报错 点击报错 错误报告 报错后 举报后维护 报送后维护",
        r"章节|本章|免注册|点击|小说内容|维护",
    ),
    _family(
        "error report link",
        Reach.SENTENCE,
        "章节错误 章节有误 章节缺失 章节内容有 章节内容错 章节内容缺 本章错误 本章有错 我要举报 本章有误 本章节有 "
        "章节出错 章节有错 章节出现 章节错乱 章节重复 章节报错 内容有误 章节断更 更新不及时 联系管理员 联系本站 "
        "联系客服 联系站长 小说有错 错误断更 本章如有 章节不显示 章节无法显示",
        r"举报|报错|反馈|联系|告知|通知|报告|刷新|提交|留言|点此|点击",
    ),
    _family("error report link", Reach.LINE, "报告错误 错误报告 内容报错 我要报错 章节纠错 内容纠错"),
    _family(
        "reading-mode warning",
        Reach.CLAUSE,
        "阅读模式 浏览器阅读模式 畅读模式 转码阅读 转码页面 转码声明 浏览器转码 广告屏蔽 广告拦截 拦截广告 屏蔽广告 "
        "广告过滤 过滤广告",
        r"(?:请|勿|不要|退出|关闭|取消|禁[用止]|不支持|停止).*(?:浏览器|阅读|畅读|转码|章节|内容|本站|小说)|"
        r"(?:无法|不能).{0,4}阅读.*关闭|浏览器阅读模式.*(?:本站|章节|内容)|阅读模式.{0,20}请(?:关闭|退出)",
    ),
    _family(
        "reading-mode warning",
        Reach.SENTENCE,
        "javascript 原网页 原网站 退出转码 转码状态 退出阅读 关闭畅读 浏览器自带",
        r"请|浏览器|不支持|阅读|刷新",
    ),
    _family(
        "readers' chat group",
        Reach.SENTENCE,
        "书友群 读者群 粉丝群 qq群 q群 扣扣群 企鹅群 vip群 微信群 交流群 官方群 订阅群 全订群 正版群 普通群 讨论群 "
        "本书群 书迷群 书友裙 群号 书友qq 书友会",
        r"[0-9]{5,12}|[〇零一二三四五六七八九]{6,12}|(?:欢迎|请|快来|可以?)[^@]{0,8}(?:加入|进|加)|加微信.*进群",
    ),
    _family(
        "readers' chat group",
        Reach.SENTENCE,
        "微信公众号 微信公众平台 关注公众号 搜索公众号 微信公号 微信搜 加微信 公众号搜 关注微信 入群 进群 加群",
        r"^(?:官方|作者|本书)?微信公众(?:号|平台).{1,10}$|关注|搜索?|添加|加入?|书友|读者|作者|小说|本书|"
        r"[0-9]{5,12}",
    ),
    _family(
        "readers' chat group",
        Reach.SENTENCE,
        "公众号 微信公号",
        template=r"^[^他她我“]{0,8}公(?:众)?号[^他她我“]{1,20}(?:继续阅读|免费看|免费读|看书|全文|后续|小说).{0,10}$",
    ),
    _family(
        "readers' chat group",
        Reach.SENTENCE,
        "书友群 读者群 粉丝群 vip群 正版群 书迷群",
        template=r"群号?[〇零一二三四五六七八九]{6,12}",
    ),
    _family(
        "update line", Reach.CLAUSE, "更新时间1 更新时间2 更新日期1 更新日期2 发布时间2 本章字数 更新字数", r"[0-9]{3,}"
    ),
    _family(
        "uploader's header",
        Reach.CLAUSE,
        "下载的小说来 下载的电子书来 下载的文件来 下载的txt来 章节内容开始 章节内容结束 电子书下载网 电子书免费分享 "
        "版权与本站 仅供读者预览 小时内删除 allrightsreserved 专题网址@ 专题@",
        r"@|本站|本书|小说|作品|电子书|txt|内容|资源|正版|reserved|图书|版权|下载",
    ),
    _family(
        "uploader's header", Reach.CLAUSE, "txt电子书 免费小说", template=r"^.{0,8}@[^他她我“]{0,20}小说.*(?:在线阅读|下载).*$"
    ),
    _family("uploader's header", Reach.CLAUSE, "书香门第", r"书香门第(?:论坛)?(?:整理|制作|@|小说下载)"),
    _family(
        "uploader's header",
        Reach.SENTENCE,
        "本站所有 本站只提供 本站提供 本站小说 本站收录 本站仅 本站不 txt全本 电子书网 电子书下载 用户上传 网友上传 "
        "来自互联网 转载自互联网 收集于互联网 来源于互联网 来源于网络 来自网络 收集自网络 不做任何负责 版权归作者 "
        "版权归原作者 仅供试阅 仅供个人学习 仅供预览 仅供试读 购买正版 购买实体书 icp备 copyright 商业用途 分享好书 "
        "分享txt 上传下载",
        r"本站|本书|小说|作品|txt|内容[开结]|转载|负责|版权归|侵权|[0-9]{6}|正版|全本|阅读全|@|好书|24小时",
    ),
    _family(
        "typing notice",
        Reach.SENTENCE,
        "手打 防盗章 防盗版 防盗内容 防盗文 防盗比例 正在手打 刷新页面 刷新即可 重新刷新 稍后刷新 刷新一下 "
        "获取最新更新",
        r"章|文字|小说|更新|稍[后等候]|内容|订阅|首发|手打$|无错",
    ),
    _family(
        "support the author",
        Reach.SENTENCE,
        "支持正版 支持作者 正版订阅 订阅正版 看正版 支持原创 支持本书 正版阅读 起点首发 支持订阅",
        r"请|阅读|订阅|正版|欢迎|大家|网|@|本书",
    ),
    _family(
        "tell your friends",
        Reach.SENTENCE,
        "朋友推荐 推荐给您 推荐给你的朋友 推荐给朋友 推荐给好友 推荐本书 推荐本站 分享本站 分享给朋友 分享给好友 "
        "书友要是觉得 分享本书",
        r"#|本书|本站|小说|qq|q群|微博|书友|微信|更多|觉得",
    ),
    _family(
        "navigation bar",
        Reach.SENTENCE,
        "方向键 左右键 回车键 快捷键 键盘左 键盘右 返回上一页 返回上一章 进入下一页 进入下一章",
        r"键.*(?:翻页|[上下]一?[章页]|返回|目录|列表)",
    ),
    _family(
        "navigation bar",
        Reach.SENTENCE,
        "当前位置首页 您的位置首页 位置首页 首页小说 首页玄幻 首页都市 首页武侠 首页仙侠 首页历史 首页言情 首页科幻 首页书库",
        template=r"^(?:当前|您的|所在)?(?:位置)?首页.{0,6}(?:小说|频道|书库|目录|列表|正文).{0,40}$",
    ),
    _family(
        "navigation bar",
        Reach.SENTENCE,
        "上一章 下一章 上一页 下一页 上一节 下一节 返回 回目录 书签 书架 章节目录 章节列表 章节报错 推荐本书 推荐票 "
        "上一篇 下一篇 夜间模式",
        rf"^(?>{_NAVIGATION}|[0-9]{{1,3}}){{2,}}+$",
    ),
    _family(
        "navigation bar",
        Reach.LINE,
        "上一章 下一章 返回目录 返回书页 返回列表 返回书目 返回首页 返回章节 加入书签 加入书架 加书签 回目录 "
        "章节列表 章节报错 投推荐票 我的书架 存书签 推荐本书",
    ),
    _family(
        "site address",
        Reach.SENTENCE,
        "@",
        r"^@+[a-z]{0,6}$|(?:小说|文学|中文|书|阅读|txt|下载)[^@]{0,4}@|[阁吧屋城站库轩斋网楼堂居坊馆苑]@|"
        r"@[a-z]{0,8}.{0,6}(?:小说|文学|中文|书|阅读|txt|更新|首发|[阁吧屋轩斋网楼堂居坊馆苑]$)",
    ),
    _family(
        SITE_NAME_KIND,
        Reach.LINE,
        "小说网 中文网 阅读网 看书网 文学网 读书网 笔趣阁",
        r"^[^@]{0,6}(?:(?:小说|中文|阅读|看书|文学|读书)网|笔趣阁)(?:首发|最新|更新|提供|整理|手打|免费|阅读)*$",
        spare=6,
    ),
)
