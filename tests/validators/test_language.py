"""`detect_language`: the rule `lang` of the shared cases, and that no input is too odd for it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from validators.language import detect_language


@pytest.mark.parametrize(
    ("text", "lang", "script"),
    [
        ("雨停了，孩子们又跑到街上去玩。", "zh", "Hans"),
        ("雨停了，孩子們又跑到街上去玩。", "zh", "Hant"),
        ("山水", "zh", None),
        ("風過長橋水自流，雁聲飛入舊時樓。", "zh", "Hant"),
        ("今天的 meeting 我来 present 我们 team 的 project", "zh", "Hans"),
        ("iPhone 15 Pro Max 发布", "zh", "Hans"),
        ("他给小店起名叫「花の木」，谁也不懂。", "zh", "Hans"),
        ("鮮の每日豆漿店", "zh", "Hant"),
        ("我们一起看《ワンピース》这部动漫", "zh", "Hans"),
        ("「ありがとう」是谢谢的意思", "zh", "Hans"),
        ("韩国演员李某某（이민수），生于首尔，身高一米八。", "zh", "Hans"),
        ("明日は雨が降るかもしれません。", "ja", None),
        ("新型車両導入計画発表、来春運行へ準備着々と", "ja", None),
        ("首相が辞任", "ja", None),
        ("ニューヨーク", "ja", None),
        ("北海道産の鮭", "ja", None),
        ("大谷が二打席連続本塁打", "ja", None),
        ("五輪開会式、無観客で開催へ", "ja", None),
        ("日语里的「の」相当于汉语的「的」", "zh", "Hans"),
        ("今日のメニュー很好吃，我們都點了兩份。", "zh", "Hant"),
        ("風蕭蕭兮易水寒，壯士一去兮不復還。", "zh", "Hant"),
        ("ＡＢＣ公司发布财报", "zh", "Hans"),
        ("櫻井さん", "ja", None),
        ("비가 그치고 아이들이 다시 거리로 나왔다.", "ko", None),
        ("尹대통령, 頂上會談 參席", "ko", None),
        ("The rain stopped and the children ran out again.", "en", None),
        ("The word 你好 means hello in Chinese.", "en", None),
        ("Дождь перестал, и дети снова вышли.", "", None),
        ("Le café était très élégant à l'étage", "", None),
        ("1234 ……！", "", None),
        ("", "", None),
        ("\ud800\udfff\x00", "", None),
    ],
)
def test_languages(text: str, lang: str, script: str | None) -> None:
    assert detect_language(text) == (lang, script)


@given(st.text())
def test_every_text_has_an_answer(text: str) -> None:
    language = detect_language(text)
    assert language.lang in ("zh", "ja", "ko", "en", "")
    assert language.script is None or language.lang == "zh"


@given(st.text(alphabet="雨停了孩子们又跑到街上去玩，。", min_size=1), st.integers(1, 4))
def test_length_does_not_matter(text: str, times: int) -> None:
    assert detect_language(text * times) == detect_language(text)
