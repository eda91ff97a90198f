"""Pages of an encyclopedia as browsers save them, in the two layouts there have been, with their chrome."""

from __future__ import annotations

HASHES = ("RF_t7", "x0Pq2", "-kE9_", "b_B1")


def old_page(
    title: str,
    *,
    sense: str = "",
    summary: str = "",
    info: str = "",
    body: str = "",
    senses: str = "",
    page_title: str | None = None,
) -> str:
    """Layout to 2022. `info`, `body` and `senses` are markup."""
    second = f"<h2>（{sense}）</h2>" if sense else ""
    return f"""<!DOCTYPE html><html><head><meta charset="UTF-8">
<title>{f"{title}_百度百科" if page_title is None else page_title}</title>
<meta name="description" content="{title}，这里是说明...">
<script>var lemma = {{"title": "<h1>脚本</h1>"}};</script><style>.para {{color: red}}</style></head>
<body><div class="header"><a href="/">百度首页</a><form><input><button>进入词条</button></form></div>
{senses}
<div class="main-content">
<dl class="lemmaWgt-lemmaTitle lemmaWgt-lemmaTitle-"><dd class="lemmaWgt-lemmaTitle-title">
<h1 >{title}</h1>
{second}
<a href="javascript:;" class="edit-lemma cmn-btn-28 j-edit-link"><em class="cmn-icon"></em>编辑</a>
<a class="lock-lemma" href="javascript:;">锁定</a><a class="lemma-discussion">讨论<span>9</span></a></dd></dl>
<div class="lemma-summary" label-module="lemmaSummary">{summary}</div>
<div class="basic-info cmn-clearfix"><dl class="basicInfo-block basicInfo-left">{info}</dl></div>
<div class="lemmaWgt-lemmaCatalog"><div class="lemma-catalog"><h2 class="block-title">目录</h2>
<ol><li class="level1"><a href="#1">目录里的一节</a></li></ol></div></div>
{body}
<dl class="lemma-reference collapse"><dt class="reference-title">参考资料</dt>
<dd><ul><li>1. <a href="https://example.org/">一本书</a>．某网</li></ul></dd></dl></div>
<div class="side-content"><div class="para">旁边的话</div></div>
<div class="footer">©Baidu <a href="/duty">使用前必读</a></div></body></html>"""


def new_page(
    title: str,
    *,
    sense: str = "",
    summary: str = "",
    info: str = "",
    body: str = "",
    senses: str = "",
    hashed: str = HASHES[0],
) -> str:
    """Layout since 2023: class names end in a hash."""
    described = f'<div class="lemmaDesc_{hashed}" id="lemmaDesc">{sense}</div>' if sense else ""
    in_title = f"（{sense}）" if sense else ""
    return f"""<!DOCTYPE html><html><head><title>{title}{in_title}_百度百科</title>
<link rel="canonical" href="https://baike.example/item/x/77"></head><body>
<div class="lemmaTitleWrapper_{hashed}"><div class="lemmaTitleBox_{hashed}">
<h1 class="lemmaTitle_{hashed} J-lemma-title">{title}</h1>
<div class="titleTools_{hashed}"><div class="ttsBtn_{hashed}">播报</div><a class="editBtn_{hashed}">编辑</a></div></div>
{described}{senses}</div>
<div class="lemmaSummary_{hashed} J-summary">{summary}</div>
<div class="basicInfo_{hashed} J-basic-info"><dl class="basicInfoBlock_{hashed} left">{info}</dl></div>
<div class="catalogList_{hashed}"><a href="#1">目录里的一节</a></div>
<div class="J-lemma-content">{body}</div>
<div class="sideContent_{hashed}"><div class="para_{hashed}" data-tag="paragraph">旁边的话</div></div>
<div class="reference_{hashed} J-reference"><li class="referenceItem_{hashed}">一本书</li></div></body></html>"""


def old_paragraph(markup: str) -> str:
    return f'<div class="para" label-module="para">{markup}</div>\n'


def new_paragraph(markup: str, hashed: str = HASHES[0]) -> str:
    return (
        f'<div class="para_{hashed} content_{hashed} MARK_MODULE" data-tag="paragraph">'
        f'<span class="text_{hashed}" data-text="true">{markup}</span></div>'
    )


def old_heading(name: str, heading: str, level: int = 2) -> str:
    return (
        f'<div class="anchor-list"><a name="1" class="lemma-anchor para-title"></a><a name="{heading}"></a></div>'
        f'<div class="para-title level-{level}" label-module="para-title"><h{level} class="title-text">'
        f'<span class="title-prefix">{name}</span>{heading}</h{level}>'
        '<a class="edit-icon j-edit-link" href="javascript:;"><em class="cmn-icon"></em>编辑</a></div>\n'
    )


def new_heading(heading: str, level: int = 1, hashed: str = HASHES[0]) -> str:
    return (
        f'<div class="paraTitle_{hashed} level-{level}_{hashed}" data-tag="header" data-level="{level}">'
        f'<h{level + 1} name="{level}">{heading}</h{level + 1}><div class="titleLine_{hashed}"></div>'
        f'<div class="paraTools_{hashed}"><span>播报</span></div><a class="editLemma_{hashed}">编辑</a></div>'
    )


def old_fact(name: str, value: str) -> str:
    return f'<dt class="basicInfo-item name">{name}</dt>\n<dd class="basicInfo-item value">\n{value}\n</dd>\n'


def new_fact(name: str, value: str, hashed: str = HASHES[0]) -> str:
    return (
        f'<div class="itemWrapper_{hashed}"><dt class="basicInfoItem_{hashed} itemName_{hashed}">{name}</dt>'
        f'<dd class="basicInfoItem_{hashed} itemValue_{hashed}"><span class="text_{hashed}">{value}</span></dd></div>'
    )
