"""Title and author from file names and from first lines."""

from __future__ import annotations

import pytest

from builders.sources.book_titles import TitleAndAuthor, clean_author, from_head, from_name, title_and_author


@pytest.mark.parametrize(
    ("name", "title", "author"),
    [
        ("雪夜.txt", "雪夜", ""),
        ("雪夜.TXT", "雪夜", ""),
        ("雪夜.txt.gz", "雪夜", ""),
        ("雪夜归人.html", "雪夜归人", ""),
        ("《雪夜》.txt", "雪夜", ""),
        ("《雪夜》作者：林远.txt", "雪夜", "林远"),
        ("《雪夜》作者:林远.txt", "雪夜", "林远"),
        ("《雪夜》作者林远.txt", "雪夜", "林远"),
        ("《雪夜》（校对版全本）作者：林远.txt", "雪夜", "林远"),
        ("《雪夜》林远.txt", "雪夜", "林远"),
        ("《雪夜》 林遠 著.txt", "雪夜", "林遠"),
        ("《雪夜》作者：清.林遠.txt", "雪夜", "林遠"),
        ("《雪夜》作者：[明]林遠　周平.txt", "雪夜", "林遠、周平"),
        ("《雪夜》（明）林遠.txt", "雪夜", "林遠"),
        ("《雪夜》作者：清.佚名.txt", "雪夜", ""),
        ("《雪夜》作者：.txt", "雪夜", ""),
        ("雪夜 作者：林远.txt", "雪夜", "林远"),
        ("雪夜（作者：林远）.txt", "雪夜", "林远"),
        ("雪夜-林远.txt", "雪夜", "林远"),
        ("雪夜 - 林远.txt", "雪夜", "林远"),
        ("雪夜归人——林远.txt", "雪夜归人", "林远"),
        ("雪夜-priest.txt", "雪夜", "priest"),
        ("雪夜-上.txt", "雪夜-上", ""),
        ("雪夜-第二部.txt", "雪夜-第二部", ""),
        ("雪夜-校注本.txt", "雪夜-校注本", ""),
        ("雪夜 by 林远.txt", "雪夜", "林远"),
        ("雪夜_BY_林远.txt", "雪夜", "林远"),
        ("[林远]雪夜.txt", "雪夜", "林远"),
        ("【林远】雪夜.txt", "雪夜", "林远"),
        ("[玄幻]雪夜.txt", "雪夜", ""),
        ("[完结]雪夜.txt", "雪夜", ""),
        ("雪夜（校对版全本）.txt", "雪夜", ""),
        ("雪夜(精校版).txt", "雪夜", ""),
        ("雪夜【完结】.txt", "雪夜", ""),
        ("雪夜（上）.txt", "雪夜（上）", ""),
        ("雪夜全集txt下载.txt", "雪夜", ""),
        ("雪夜 全集.txt", "雪夜", ""),
        ("雪夜归人全集.txt", "雪夜归人", ""),
        ("雪夜txt下载.txt", "雪夜", ""),
        ("雪夜精校版.txt", "雪夜", ""),
        ("雪夜_GBK.txt", "雪夜", ""),
        ("雪夜 www.example.com.txt", "雪夜", ""),
        ("林远全集.txt", "林远全集", ""),
        ("林远散文全集.txt", "林远散文全集", ""),
        ("雪夜 清 林遠.txt", "雪夜", "林遠"),
        ("雪夜全本的秘密.txt", "雪夜全本的秘密", ""),
        ("全集.txt", "全集", ""),
        ("《雪夜》(《归人》)作者：[明]林遠.txt", "雪夜", "林遠"),
        ("0201《雪夜》作者：[明]林遠.txt", "雪夜", "林遠"),
        ("林远《雪夜》.txt", "雪夜", "林远"),
        ("读《雪夜》札记.txt", "读《雪夜》札记", ""),
        ("古典名著《雪夜》.txt", "雪夜", ""),
        ("无名作者的雪夜.txt", "无名作者的雪夜", ""),
        ("雪夜 作者林远.txt", "雪夜", "林远"),
        ("report-2024.txt", "report-2024", ""),
        ("test_sample_euc-jp.txt", "test_sample_euc-jp", ""),
        ("雪夜/text.txt", "雪夜", ""),
        ("书/雪夜/content.txt", "雪夜", ""),
        ("《雪夜》作者：林远/正文.txt", "雪夜", "林远"),
        ("雪夜/12.txt", "雪夜", ""),
        ("books/12.txt", "12", ""),
        ("books/text.txt", "books", ""),
        ("text.txt", "text", ""),
        ("", "", ""),
    ],
)
def test_from_name(name: str, title: str, author: str) -> None:
    assert from_name(name) == TitleAndAuthor(title, author)


@pytest.mark.parametrize(
    ("head", "title", "author"),
    [
        ("书名：雪夜\n作者：林远\n\n第一章", "雪夜", "林远"),
        ("書　名：《雪夜》\n作　者：林遠", "雪夜", "林遠"),
        ("书名：雪夜 作者：林远", "雪夜", "林远"),
        ("《雪夜》作者：林远\n内容简介", "雪夜", "林远"),
        ("雪夜\n作者：林远（远山）\n目录", "", "林远"),
        ("作者：佚名\n正文", "", ""),
        ("《雪夜》林远\n第一回", "雪夜", "林远"),
        ("[雪夜 / 林远 著 ]\n第一回", "雪夜", "林远"),
        ("雪夜　明 林遠著\n第一回", "", "林遠"),
        ("清 林遠 編次\n第一回", "", "林遠"),
        ("作者自云：因曾历过一番梦幻之后，故将真事隐去。", "", ""),
        ("他对作者说：你的书名：很好。" + "字" * 80, "", ""),
        ("\n" * 40 + "作者：林远", "", ""),
        ("", "", ""),
    ],
)
def test_from_head(head: str, title: str, author: str) -> None:
    assert from_head(head) == TitleAndAuthor(title, author)


def test_the_head_wins_over_the_name() -> None:
    assert title_and_author("xy12/雪.txt", "书名：雪夜\n作者：林远") == ("雪夜", "林远")
    assert title_and_author("雪夜-周平.txt", "他推门进去。") == ("雪夜", "周平")


@pytest.mark.parametrize("stated", ["明.林遠", "[明]林遠", "（清）林遠 著", "林遠編", "林遠（號遠山）", "《林遠》"])
def test_clean_author(stated: str) -> None:
    assert clean_author(stated) == "林遠"


@pytest.mark.parametrize(
    "text", ["(" * 5000, "作者" * 3000, "《" * 5000, "-" * 5000, "全集" * 3000, "a b" * 3000, "　" * 9000]
)
def test_no_name_takes_long(text: str) -> None:
    from_name(text[:4000] + ".txt")
    from_head(text)
    clean_author(text)
