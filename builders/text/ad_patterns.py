"""What novel sites, uploaders and authors add to a text, as data: all families of phrases (see `ad_family`)."""

from __future__ import annotations

from builders.text.ad_family import SITE_NAME_KIND, Reach
from builders.text.ad_family import make_family as _family
from builders.text.ad_site_patterns import SITE_FAMILIES
from builders.text.ad_words import NAVIGATION_WORDS


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
        + " 求票 求各种 求月 求自动订阅 求一切"
    )


# The longest word first, so that the atomic group which repeats them never has to try another one.
_NAVIGATION = "|".join(sorted(NAVIGATION_WORDS, key=lambda word: (-len(word), word)))

# In this order: the first family that fits gives a cut its kind.
FAMILIES = (
    *SITE_FAMILIES,
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
        "下一页精彩 看下一页 后面还有哦 章节后面还有 章后面还有 本章未完 本章未结束 章没有结束 进入下一页 进入下一章 "
        "请点下一页 请点下页 后面还有内容 内容加载中 章节加载中 正文加载中 下一页更 下一章更 章还没有完 剩余内容 "
        "剩余全文 点击阅读全文 点击继续阅读 查看全文 翻页阅读",
        r"继续|阅读|精彩|请|点[击此]|还有哦|^本章未完$|^本章未结束$|^这章没有结束$",
    ),
    _family(
        "next page notice",
        Reach.LINE,
        "下一页 下一章 后续内容",
        r"点[击此]?下一[页章]|下一[页章].*(?:更多|精彩|继续)|请[点看翻].{0,3}下一[页章]|(?:点击|请看).*后续内容",
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
        "本章完 本章已完 本章终 本章结束 本章已结束 本章到此结束 本章节完 此章完 这章完 全章完 本章到此完 本章完结 "
        "章末 章节完 本节完 本回完 本卷完 本卷终 本卷结束 本集完 全书完 全书终 全文完 全文终 本书完 本书终",
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
    _family("please bookmark", Reach.LINE, "收藏 加入书架 加入书签", r"请|麻烦|求|记得|欢迎|喜欢"),
    _family(
        "please bookmark",
        Reach.CLAUSE,
        "收藏@ 书签@ 书架@ 书签方便 书架方便 收藏方便 书签以便 书架以便 收藏以便 方便下次阅读 方便下次继续 方便您下次 "
        "方便以后阅读 方便随时阅读 便于下次阅读 以便下次阅读 ctrld",
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
        "加入桌面 添加到桌面 欢迎收藏 喜欢就收藏 入收藏夹 收藏本书 收藏本站 加入书签 加入书架 放入书架 添加书签 "
        "加书签 加书架 收藏一下 加收藏 加个收藏 点收藏 点个收藏 点击收藏 请收藏 家收藏 友收藏 者收藏 收藏# 收藏夹 "
        "收进书架 书架收藏 记得收藏",
        r"桌面|[阁轩斋]|喜欢就收藏吧?$|书|站|#|小说|@|更新|阅读|推荐|点[击个收]|加[个收]|(?:请|求|麻烦|喜欢|记得).{0,6}收藏[吧哦啊呀]?$",
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
        Reach.LINE,
        "月票 推荐票 投票 没票",
        r"[请求给砸投来].*(?:月票|推荐票)|(?:月票|推荐票).*(?:[给砸投来]|支持)|(?:大佬|大家|各位|书友|读者).*投票|有票没票",
    ),
    _family(
        "vote begging",
        Reach.SENTENCE,
        "投月票 投推荐票 投张月票 投张推荐票 投个推荐票 月票推荐票 推荐票月票 推荐票收藏 收藏推荐票 月票砸 推荐票砸 "
        "票票砸 月票投 推荐票投 月票支持 推荐票支持 投票推荐 投票支持 张月票 张推荐票 有月票的 有推荐票的 有票的 "
        "月票呢 推荐收藏 收藏推荐 收藏订阅 保底月票 月票加更 打赏加更 盟主加更 月票走起 推荐票走起 求月求 票票呢 "
        "月票榜 点推荐票 些推荐票 些月票 点月票 票票支持 月票打赏 打赏月票 推荐票走 月票走 月票月票 推荐票推荐票 "
        "推荐票啊 月票啊 记得投票 忘了投票 忘投票 投个票 投票吧 给个收藏 求一下",
        r"^(?:月票|推荐票|票|啊|呀)+$|[投砸求请赏]|记得|别忘|支持|收藏|订阅|打赏|加更|走起|推荐票|来[张点个些]|给",
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
        "点击举报 免注册举报 举报免注册 举报本章 举报错误 错误举报 点此报错 点击报错 错误报告 报错后 举报后维护 "
        "报送后维护 防采集章节 换源阅读",
        r"章节|本章|免注册|点击|小说内容|维护|换源",
    ),
    _family(
        "error report link",
        Reach.SENTENCE,
        "章节错误 章节有误 章节缺失 章节内容有 章节内容错 章节内容缺 本章错误 本章有错 我要举报 本章有误 本章节有 "
        "章节出错 章节有错 章节出现 章节错乱 章节重复 章节报错 内容有误 章节断更 章节乱码 错误章节 发现乱码 "
        "有错误请点击 章节不存在 本章内容 正文未加载 更新不及时 联系管理员 联系本站 联系客服 联系站长 小说有错 "
        "错误断更 本章如有 章节不显示 章节无法显示",
        r"举报|报错|反馈|联系|告知|通知|报告|刷新|提交|留言|点此|点击|重新尝试",
    ),
    _family(
        "error report link", Reach.LINE, "错误 有误 举报 报错", r"(?:错误|有误|章节|本章).*(?:举报|报错|报告|反馈)"
    ),
    _family(
        "error report link",
        Reach.LINE,
        "报告错误 错误报告 错误举报 点击这里报错 点击报错 内容报错 我要报错 章节纠错 内容纠错",
    ),
    _family(
        "reading-mode warning",
        Reach.CLAUSE,
        "阅读模式 浏览器阅读模式 畅读模式 转码阅读 转码页面 转码声明 浏览器转码 广告屏蔽 广告拦截 拦截广告 屏蔽广告 "
        "广告过滤 过滤广告",
        r"(?:请|勿|不要|退出|关闭|取消|禁[用止]|不支持|停止).*(?:浏览器|阅读|畅读|转码|章节|内容|本站|小说)|"
        r"(?:无法|不能).{0,4}阅读.*关闭|浏览器阅读模式.*(?:本站|章节|内容)|阅读模式.{0,20}请(?:关闭|退出)|"
        r"请(?:先|您)?关闭.{0,6}广告",
    ),
    _family(
        "reading-mode warning",
        Reach.LINE,
        "阅读模式 浏览模式 转码模式 转码",
        r"导致|缺失|丢失|不全|请?(?:切换|退出|关闭|返回)",
    ),
    _family("reading-mode warning", Reach.CLAUSE, "阅读模式", template=r"如果被?浏览器.{0,8}阅读模式.*"),
    _family(
        "reading-mode warning",
        Reach.SENTENCE,
        "javascript 原网页 原网站 退出转码 转码状态 退出阅读 关闭畅读 浏览器自带",
        r"请|浏览器|不支持|阅读|刷新",
    ),
    _family(
        "readers' chat group",
        Reach.SENTENCE,
        "书友群 读者群 粉丝群 催更群 书友v群 v群 扣群 qq群 q群 扣扣群 企鹅群 vip群 微信群 交流群 官方群 订阅群 全订群 "
        "正版群 普通群 讨论群 本书群 书迷群 书友裙 群号 书友qq 书友会",
        r"[0-9]{5,12}|[〇零一二三四五六七八九]{6,12}|(?:欢迎|请|快来|可以?)[^@]{0,8}(?:加入|进|加)|加微信.*进群",
    ),
    _family(
        "readers' chat group",
        Reach.SENTENCE,
        "微信公众号 微信公众平台 关注公众号 搜索公众号 微信公号 微信搜 加微信 公众号搜 关注微信 进群 加群",
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
        Reach.LINE,
        "群号 群0 群1 群2 群3 群4 群5 群6 群7 群8 群9",
        r"^(?:.{0,4}群号?[0-9]{6,11})+$",
    ),
    _family("readers' chat group", Reach.SENTENCE, "加作者微信", template="加作者微信.{0,20}"),
    _family(
        "readers' chat group",
        Reach.SENTENCE,
        "书友群 读者群 粉丝群 vip群 正版群 书迷群 qq群",
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
        "uploader's header",
        Reach.CLAUSE,
        "txt电子书 免费小说",
        template=r"^.{0,8}@[^他她我“]{0,20}小说.*(?:在线阅读|下载).*$",
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
        r"防盗版.*刷新|章|文字|小说|更新|稍[后等候]|内容|订阅|首发|手打$|无错",
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
        r"键.*(?:阅读|翻页|[上下]一?[章页]|返回|目录|列表)",
    ),
    _family(
        "navigation bar",
        Reach.SENTENCE,
        "位置首页 首页小说 首页玄幻 首页都市 首页武侠 首页仙侠 首页历史 首页言情 首页科幻 首页书库",
        template=r"^您?(?:当前的?|的|所在)?(?:位置)?首页.{0,6}(?:小说|频道|书库|目录|列表|正文).{0,40}$",
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
        Reach.CLAUSE,
        "上一章 上一页 上一节 上一篇",
        template=rf"上一[章页节篇](?>(?!下一){_NAVIGATION})*(?:目录|返回|书[目页]|列表)(?>(?!下一){_NAVIGATION})*下一[章页节篇](?>{_NAVIGATION})*+",
    ),
    _family(
        "navigation bar",
        Reach.SENTENCE,
        "上一篇 上一章 上一节 上一页",
        template=r"^上一[篇章节页]第.{1,8}[章节回].{0,15}下一[篇章节页](?:第.{1,8}[章节回].{0,15}|没有了)$",
    ),
    _family("navigation bar", Reach.LINE, "目录 快捷键 键盘", r"^返回.{0,4}目录$|^快捷键$|^键盘左?右?键?翻页$"),
    _family(
        "navigation bar",
        Reach.LINE,
        "返回顶部 章节目录 上一章 下一章 返回目录 返回书页 返回列表 返回书目 返回首页 返回章节 加入书签 加入书架 "
        "加书签 回目录 章节列表 章节报错 投推荐票 我的书架 存书签 推荐本书",
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
