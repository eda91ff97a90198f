"""Stories to put below headings, and what is asked of the chapters that come out."""

from __future__ import annotations

from builders.text.chapters import Book

STORIES = (
    "　　河边的柳树已经发了芽，风从南面吹来，带着泥土的气味。小船靠在岸边，只有水声一下一下地拍着木板。\n"
    "　　老人把网收起来，数了数里面的鱼，一共七条，都不大。他叹了口气，把最小的两条放回水里。",
    "　　城门开得很早，赶集的人排成长队，挑着担子，推着车，往里走。守门的兵打着哈欠，连看也不看。\n"
    "　　她夹在人群里，低着头，怀里抱着一个布包，走得又快又轻，谁也没有注意到她。",
    "　　雨一直下到半夜才停。院子里积了水，月亮照在上面，亮得像一面镜子。\n"
    "　　他点上灯，翻开那本旧书，第一页上写着三个字，墨迹已经淡得快要看不清了。",
)


def book(*headings: str) -> str:
    """A book with a story below each heading."""
    return "\n".join(f"{heading}\n{STORIES[at % len(STORIES)]}" for at, heading in enumerate(headings))


def titles(found: Book) -> list[str]:
    return [chapter.title for chapter in found.chapters]


def volumes(found: Book) -> list[str]:
    return [chapter.volume for chapter in found.chapters]


def assert_clean(found: Book, text: str) -> None:
    """Every body is one of the stories, and stands where the chapter says."""
    for chapter in found.chapters:
        assert chapter.text in STORIES
        assert text[chapter.start : chapter.end] == chapter.text
