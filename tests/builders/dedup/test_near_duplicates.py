"""The step: what goes, what stays, and the two promises, against a comparison of all pairs."""

from __future__ import annotations

import multiprocessing
import random
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from builders.dedup import verify
from builders.dedup.near_duplicates import NearDuplicates, exact_jaccard, kept_indices
from builders.document import Document
from builders.steps import Fate
from validators.errors import SikuError

Decide = Callable[..., dict[str, Fate]]
Write = Callable[[int, int], str]

PASSAGE = (
    "渡口的老人姓韩，撑了四十年的船。每逢初一和十五，他总要到对岸的庙里去烧一炷香，说是替过河的人还愿。\n"
    "那年秋天水大，县里贴出告示，不许夜里行船。偏偏就在那个晚上，有人在岸边敲响了铜锣：“韩伯，救命的事，求您渡一趟！”\n"
    "老人披上蓑衣，看了看天色，又看了看那个浑身湿透的年轻人，什么也没有问，只说了两个字：“上船。”"
)
COPIES = {
    "traditional": (
        "渡口的老人姓韓，撐了四十年的船。每逢初一和十五，他總要到對岸的廟裏去燒一炷香，說是替過河的人還願。\n"
        "那年秋天水大，縣裏貼出告示，不許夜裏行船。偏偏就在那個晚上，有人在岸邊敲響了銅鑼：「韓伯，救命的事，求您渡一趟！」\n"
        "老人披上蓑衣，看了看天色，又看了看那個渾身濕透的年輕人，什麼也沒有問，只說了兩個字：「上船。」"
    ),
    "punctuation": PASSAGE.replace("，", ",")
    .replace("。", ". ")
    .replace("“", '"')
    .replace("”", '"')
    .replace("！", "!!"),
    "wrapped": "\n".join(PASSAGE.replace("\n", "")[start : start + 17] for start in range(0, len(PASSAGE), 17)),
    "indented": "\n\n".join("　　" + line for line in PASSAGE.split("\n")),
}
LETTERS = st.text("甲乙丙", min_size=0, max_size=30)


def one_book(texts: list[str]) -> list[Document]:
    """Documents of equal rank, so that the order of the ids decides."""
    return [Document(f"{n:05}", text, {"book": "书", "quality": 1.0}) for n, text in enumerate(texts)]


def greedy(texts: list[str], threshold: float) -> list[int]:
    """The texts that stay, by comparing each with all that stay already."""
    stays: list[int] = []
    for n, text in enumerate(texts):
        if all(exact_jaccard(texts[other], text) < threshold for other in stays):
            stays.append(n)
    return stays


def staying(fates: dict[str, Fate], documents: list[Document]) -> list[int]:
    return [n for n, document in enumerate(documents) if document.id not in fates or fates[document.id].split]


def test_golden(decide: Decide) -> None:
    documents = [
        Document("a", PASSAGE),
        Document("b", PASSAGE.replace("老人", "老汉").replace("铜锣", "铁锣")),
        Document("c", COPIES["traditional"]),
        Document("d", "短句。"),
        Document("e", "短句！"),
        Document("f", "集市散得很早，卖糖人的收了摊子。"),
        Document("g", "……"),
        Document("h", "……"),
    ]
    assert NearDuplicates.version == 2
    assert decide(documents) == {
        "b": Fate("", "near duplicate", "Jaccard 0.787 with a", "a", 37 / 47),
        "c": Fate("", "exact duplicate", "Jaccard 1.000 with a", "a", 1.0),
        "e": Fate("", "exact duplicate", "Jaccard 1.000 with d", "d", 1.0),
        "h": Fate("", "exact duplicate", "Jaccard 1.000 with g", "g", 1.0),
    }


@pytest.mark.parametrize("kind", COPIES)
def test_a_copy_is_found_in_any_dress(decide: Decide, kind: str) -> None:
    fates = decide([Document("a", PASSAGE), Document("b", COPIES[kind]), Document("c", PASSAGE[:70])])
    assert fates == {"b": Fate("", "exact duplicate", "Jaccard 1.000 with a", "a", 1.0)}


@settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(LETTERS, max_size=25), st.sampled_from([0.5, 0.7, 0.9]), st.integers(1, 3))
def test_the_two_promises(decide: Decide, texts: list[str], threshold: float, shards: int) -> None:
    documents = one_book(texts)
    fates = decide(documents, NearDuplicates(jaccard=threshold), shards)
    assert staying(fates, documents) == greedy(texts, threshold)
    text_of = {document.id: document.text for document in documents}
    for gone, fate in fates.items():
        assert fate.duplicate_of is not None
        assert fate.duplicate_of not in fates
        assert fate.jaccard == exact_jaccard(text_of[gone], text_of[fate.duplicate_of]) >= threshold


def family(write: Write, seed: int, copies: int) -> list[str]:
    """A text and copies of it with more and more of its characters wrong, in any order."""
    choose = random.Random(seed)
    texts = [write(seed, 400)]
    for errors in range(copies):
        letters = list(texts[0])
        for place in choose.sample(range(400), 2 * errors):
            letters[place] = "错"
        texts.append("".join(letters))
    choose.shuffle(texts)
    return texts


def test_the_two_promises_on_longer_texts(decide: Decide, write_prose: Write) -> None:
    texts = [text for seed in range(12) for text in family(write_prose, seed, 12)]
    documents = one_book(texts)
    for threshold in (0.5, 0.7, 0.85):
        assert staying(decide(documents, NearDuplicates(jaccard=threshold), 4), documents) == greedy(texts, threshold)


def test_sliding_windows_are_a_chain_and_every_second_stays(decide: Decide, write_prose: Write) -> None:
    long = write_prose(1, 6000)
    texts = [long[start : start + 500] for start in range(0, 5500, 50)]  # neighbours .82, next but one .66
    documents = one_book(texts)
    assert staying(decide(documents), documents) == greedy(texts, 0.7) == list(range(0, 110, 2))


def test_the_order_of_rows_and_folders_does_not_matter(decide: Decide, write_prose: Write) -> None:
    texts = [text for seed in range(8) for text in family(write_prose, seed, 6)]
    documents = [
        Document(f"{n:03}", text, {"book": f"书{n % 5}"}, split="valid" if n % 17 == 0 else "train")
        for n, text in enumerate(texts)
    ]
    expected = decide(documents, shards=3)
    assert {fate.split for fate in expected.values()} == {"", "valid"}
    for seed, shards in ((1, 1), (2, 4), (3, 9)):
        shuffled = documents[:]
        random.Random(seed).shuffle(shuffled)
        assert decide(shuffled, shards=shards) == expected


def test_the_reference_engine_keeps_the_same_rows(decide: Decide, write_prose: Write) -> None:
    texts = [text for seed in range(6) for text in family(write_prose, seed, 8)]
    documents = [Document(f"{n:03}", text, split="valid" if n % 13 == 0 else "train") for n, text in enumerate(texts)]

    def kept(engine: str) -> dict[str, str]:
        fates = decide(documents, NearDuplicates(engine=engine))
        return {
            document.id: fates[document.id].split if document.id in fates else document.split for document in documents
        }

    ours = kept("siku")
    assert set(ours.values()) == {"", "train", "valid"}
    assert kept("datasketch") == ours


def test_different_short_texts_all_stay(decide: Decide) -> None:
    letters = sorted(set("".join(PASSAGE.split())) - set("，。：“”！？"))
    texts = [letters[n // 40] + letters[n % 40] for n in range(1000)]
    assert decide(one_book(texts)) == {}
    assert len(decide(one_book(texts * 2))) == 1000


def test_a_thousand_different_paragraphs_in_a_thousand_out(decide: Decide, write_prose: Write) -> None:
    assert decide([Document(str(n), write_prose(n, 80)) for n in range(1000)]) == {}


def test_five_thousand_equal_documents_leave_one(decide: Decide) -> None:
    fates = decide([Document(f"{n:04}", PASSAGE) for n in range(5000)])
    assert {fate.duplicate_of for fate in fates.values()} == {"0000"}
    assert len(fates) == 4999


def test_a_large_family_is_not_compared_pair_by_pair(decide: Decide, write_prose: Write) -> None:
    """A thousand letters from one form, which is most of the letter, or half of it."""
    form = write_prose(0, 200)
    assert len(decide([Document(f"{n:04}", form + write_prose(n + 1, 30)) for n in range(1000)])) == 999
    assert decide([Document(f"{n:04}", form + write_prose(n + 1, 200)) for n in range(1000)]) == {}


@pytest.mark.parametrize("text", ["", "\n" * 10**6, "。" * 10**6, "哈" * 10**6, "\ud800" * 10**5, "一二三\n" * 200_000])
def test_odd_texts_are_compared_like_all_others(decide: Decide, text: str) -> None:
    assert list(decide([Document("a", text), Document("b", PASSAGE), Document("c", text)])) == ["c"]


def test_the_better_book_stays_as_a_whole(decide: Decide, write_prose: Write) -> None:
    chapters = [write_prose(n, 300) for n in range(4)]
    clean = [Document(f"z{n}", text, {"book": "净本"}) for n, text in enumerate(chapters)]
    damaged = [
        Document(f"a{n}", text[:150] + "\ufffd" * (n + 1) + text[150:], {"book": "残本"})
        for n, text in enumerate(chapters)
    ]
    fates = decide(damaged + clean)
    assert {gone: fate.duplicate_of for gone, fate in fates.items()} == {f"a{n}": f"z{n}" for n in range(4)}


def test_a_copy_of_a_copy_names_the_one_that_stays(decide: Decide, write_prose: Write) -> None:
    text = write_prose(1, 300)
    near = text[:290] + write_prose(2, 10)
    fates = decide(one_book([text, near, near + "。"]))
    assert {(fate.check, fate.duplicate_of) for fate in fates.values()} == {("near duplicate", "00000")}
    assert len(fates) == 2


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"jaccard": 0.0}, "jaccard is 0.0"),
        ({"holdout_jaccard": 1.5, "holdout_share": -1.0}, "holdout_share is -1.0"),
        ({"bands": 65}, "bands x rows is 260"),
        ({"ngram_chars": 0}, "ngram_chars is 0"),
        ({"engine": "minhash"}, "engine is 'minhash'"),
    ],
)
def test_impossible_settings_are_refused(fields: dict[str, Any], words: str) -> None:
    with pytest.raises(SikuError) as caught:
        NearDuplicates(**fields)
    assert words in caught.value.why


def test_of_a_list_the_first_copy_stays() -> None:
    other = "集市散得很早，卖糖人的收了摊子，孩子们还追着车跑，笑声一直传到巷子的另一头。"
    assert kept_indices([]) == []
    assert kept_indices([PASSAGE[:70], *COPIES.values(), other, PASSAGE, other + "\n", "嗯。", "嗯", "哦。"]) == [
        0,
        1,
        5,
        8,
        10,
    ]


def test_lines_of_a_site_do_not_make_another_chapter_of_a_copy() -> None:
    chapter = "老人披上蓑衣，看了看天色，什么也没有问。\n那年秋天水大，县里贴出告示，不许夜里行船。"
    with_line = chapter.replace("\n", "\n请记住本站网址：www.example.com，手机用户请访问m.example.com\n")
    assert exact_jaccard(chapter, with_line) < 0.7
    assert kept_indices([with_line, chapter]) == [0]


@pytest.mark.parametrize(
    "line",
    [
        "（本章完）",
        "求月票！求推荐票！",
        "上一章 目录 下一章",
        "天才一秒記住本站地址：www.example.com。手機版閱讀網址：m.example.com",
        "（未完待续，请登陆www.example.com看更多章节）",
    ],
)
def test_a_short_chapter_is_found_again_whatever_the_site_adds(line: str) -> None:
    chapter = "他走了，再也没有回来。"
    assert kept_indices([chapter, f"{chapter}\n{line}", f"{line}\n{chapter}", f"{chapter}{line}"]) == [0]
    assert kept_indices([chapter, f"「他走了，再也沒有回來。」\n{line}", "她来了，又走了。"]) == [0, 2]


@pytest.mark.parametrize("engine", ["siku", "datasketch"])
def test_within_a_column_only_equal_values_are_copies(decide: Decide, engine: str) -> None:
    """Twelve villages in one pattern are twelve entries; the second crawl of one of them is a copy."""
    pattern = "{0}村是望江县长岭镇下辖的一个行政村，位于镇政府以东，全村以种植水稻和棉花为主，另有少量鱼塘。"
    names = ["石桥", "柳树", "沙河", "高岗", "白马", "石塘", "双井", "花园", "李家", "王庄", "东湖", "南坡"]
    entries = [Document(f"{n:02}", pattern.format(name), {"title": f"{name}村"}) for n, name in enumerate(names)]
    entries += [
        Document("x1", pattern.format("石桥"), {"title": "石橋村"}),
        Document("x2", pattern.format("石桥") + "村里有一座石桥。", {"title": "石桥村"}),
        Document("x3", pattern.format("石桥"), {}),
        Document("x4", pattern.format("石桥"), {"title": ""}),
    ]
    fates = decide(entries, NearDuplicates(within="title", engine=engine))
    assert {id: fate.duplicate_of for id, fate in fates.items()} == {"00": "x2", "x1": "x2", "x4": "x3"}
    assert len(decide(entries, NearDuplicates(engine=engine))) > 12


@pytest.mark.parametrize("engine", ["siku", "datasketch"])
def test_with_same_numbers_texts_that_differ_in_a_figure_are_no_copies(decide: Decide, engine: str) -> None:
    """Short answers of one pattern differ in a year and are two facts; in another script one of them is a copy."""
    pattern = "这座石桥建成于{0}年，横跨望江，长一百二十米，是全县最早的一座公路桥，至今仍在通行。"
    documents = [Document(f"{year}", pattern.format(year)) for year in (1954, 1955, 1956)]
    documents.append(
        Document("t", "這座石橋建成於１９５４年，橫跨望江，長一百二十米，是全縣最早的一座公路橋，至今仍在通行。")
    )
    fates = decide(documents, NearDuplicates(same_numbers=True, engine=engine))
    assert {id: fate.duplicate_of for id, fate in fates.items()} in ({"t": "1954"}, {"1954": "t"})
    assert len(decide(documents, NearDuplicates(engine=engine))) == 3
    assert (
        decide(
            [Document("a", "参加者有三十二人，都来自本县。"), Document("b", "参加者有三十三人，都来自本县。")],
            NearDuplicates(jaccard=0.3, same_numbers=True),
        )
        == {}
    )


def test_helpers_decide_nothing_else(tmp_path: Path, write_prose: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pairs that other processes compare are those that this one would have compared."""
    texts = [write_prose(seed, 400) for seed in range(40)]
    texts += [text[:150] + text[170:] for text in texts[:30]] + [text[:300] for text in texts[20:]]
    step = NearDuplicates()
    with step.sketch(tmp_path) as writer:
        for number, text in enumerate(texts):
            writer.add(Document(str(number), text))
    (alone,) = step.decide([tmp_path])
    assert len(alone) > 30
    monkeypatch.setattr(verify, "_WORTH_HELP_PAIRS", 1)
    for units in (1, verify._HELP_UNITS):
        monkeypatch.setattr(verify, "_HELP_UNITS", units)
        with ProcessPoolExecutor(2, multiprocessing.get_context("spawn")) as helpers:
            assert list(step.decide([tmp_path], helpers)) == [alone]
