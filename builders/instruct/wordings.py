"""Instructions worded in many ways, so that a model learns the task and not one sentence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from hashlib import blake2b


def draw(seed: int, name: str, count: int) -> int:
    """A number from 0 to `count` - 1, the same for the same seed and name on every machine.

    >>> draw(42, "3f2a9c1b7d20-0012", 8)
    0
    """
    return int.from_bytes(blake2b(f"{seed}\0{name}".encode("utf-8", "surrogatepass"), digest_size=8).digest()) % count


def worded(wordings: Sequence[str], number: int, given: Mapping[str, str]) -> str:
    """The wording of this number with `{name}` in it replaced; what is put in may hold brackets of its own."""
    pieces = wordings[number].split("{")
    filled = [pieces[0]]
    for piece in pieces[1:]:
        name, _, rest = piece.partition("}")
        filled += [given[name], rest]
    return "".join(filled)


PAPER_WORDINGS: Mapping[str, tuple[str, ...]] = {
    "title_to_abstract": (
        "请根据论文标题写出摘要。\n标题：{title}",
        "一篇论文题为《{title}》，请为它撰写一段摘要。",
        "{title}\n\n以上是一篇学术论文的题目，请写出与之相符的摘要。",
        "假如你要发表题为《{title}》的论文，摘要会怎样写？",
        "论文题目：{title}\n请据此拟一份中文摘要，说明研究目的、方法和结论。",
        "请用一段话概括《{title}》这篇论文可能的研究内容，按学术摘要的写法。",
        "下面给出论文的题目，请补全它的摘要。\n题目：{title}\n摘要：",
        "帮我为论文《{title}》写个摘要。",
    ),
    "abstract_to_title": (
        "请根据摘要为论文拟一个标题。\n摘要：{abstract}",
        "{abstract}\n\n以上是一篇论文的摘要，它的题目是什么？",
        "阅读下面的论文摘要，给出一个简洁、准确的题目。\n\n{abstract}",
        "下面这段摘要还没有标题，请补上。\n摘要：{abstract}\n标题：",
        "论文摘要如下：\n{abstract}\n请写出与它相配的论文题目。",
        "我写好了摘要，还差一个题目，请帮我想一个。\n{abstract}",
        "用一行话为这段摘要命名，像学术论文的标题那样。\n\n{abstract}",
        "请归纳下文的研究主题，写成论文标题：\n{abstract}",
    ),
    "keywords_to_abstract": (
        "请围绕这些关键词写一段论文摘要：{keywords}",
        "关键词：{keywords}\n请写出含有这些关键词的论文摘要。",
        "一篇论文的关键词是{keywords}，它的摘要可能是怎样的？",
        "根据下列关键词撰写中文学术摘要。\n{keywords}",
    ),
    "abstract_to_keywords": (
        "请从摘要中提炼关键词，用“；”隔开。\n摘要：{abstract}",
        "{abstract}\n\n为以上论文摘要列出关键词，以分号分隔。",
        "下面的摘要缺少关键词，请补上（用“；”分隔）。\n{abstract}\n关键词：",
        "阅读摘要，给出最能概括它的几个关键词，用“；”连接。\n\n{abstract}",
    ),
}

REVIEW_WORDINGS: tuple[str, ...] = (
    "请评审下面这篇论文。\n\n{paper}",
    "{paper}\n\n请就以上论文写一份审稿意见。",
    "以下是一篇投稿论文，请按各个方面给出评审意见。\n\n{paper}",
    "作为审稿人，请阅读这篇论文并写出评审报告。\n\n{paper}",
)
