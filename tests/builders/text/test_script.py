"""`to_simplified`: which lines are converted, and which character a word decides for."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders.document import Document
from builders.text.script import _SURELY_PARTICLE, _WORDS, Simplify, is_traditional, to_simplified
from validators.errors import SikuError


def simplified(text: str, profile: str = "auto") -> str:
    """The text among traditional lines, so that the words decide and not the line."""
    lines = to_simplified(f"這裡說過話\n{text}\n這裡說過話", profile, traditional_around=True).split("\n")
    assert lines[0] == lines[-1] == "这里说过话"
    return "\n".join(lines[1:-1])


def test_golden() -> None:
    meta = {
        "title": "雪夜歸人",
        "author": "葉聲",
        "chapter": "第一章 風起",
        "volume": "上卷",
        "url": "風",
        "year": 1932,
    }
    text = "老張看著門外的風雪，說：「乾杯！」\n他說好。\n这一行是简体。\nこの行は變換しない。"
    document = Simplify()(Document("1", text, meta))
    assert Simplify.version == 1
    assert document.text == "老张看着门外的风雪，说：「干杯！」\n他说好。\n这一行是简体。\nこの行は變換しない。"
    assert document.meta == {
        "title": "雪夜归人",
        "author": "叶声",
        "chapter": "第一章 风起",
        "volume": "上卷",
        "url": "風",
        "year": 1932,
    }


def test_a_title_follows_the_script_of_its_text() -> None:
    document = Simplify()(Document("1", "这里说的是一位姓後的人，写过书。", {"title": "風", "chapter": "論書畫"}))
    assert document.meta == {"title": "風", "chapter": "论书画"}
    assert Simplify(fields=())(Document("1", "這裡說話", {"title": "風"})).meta == {"title": "風"}


@pytest.mark.parametrize(
    "text",
    [
        "他说：“这门课讲‘說’和‘風’两个字。”",  # two quoted characters among more simplified ones
        "他编著的著作很著名，乾隆年间，慰藉，打坏了，钱锺书。",
        "你认得我么？他要走么？",
        "細",  # one character, and nothing around it
        "他姓後。\n他写的是後字，认得吗？",
        "細雨のあとで門を開いた",
        "説明ノ書類",
        "万俟卨",
        "程序、文件、智慧、建立、蚌埠",
        "",
        "\n\n",
    ],
)
def test_what_is_not_traditional_stays(text: str) -> None:
    assert to_simplified(text) == text
    assert to_simplified(text, "tw") == text


def test_a_line_with_one_traditional_character_follows_the_text() -> None:
    assert to_simplified("他說好", traditional_around=True) == "他说好"
    assert to_simplified("他說好", traditional_around=False) == "他說好"
    assert to_simplified("他說好\n這時門開了") == "他说好\n这时门开了"
    assert to_simplified("他說好\n这时门开了") == "他說好\n这时门开了"
    # one of each script: not even among traditional lines
    assert to_simplified("他說对", traditional_around=True) == "他說对"


@pytest.mark.parametrize(
    ("traditional", "expected"),
    [
        ("宮商角徵羽，徵求，徵兵", "宫商角徵羽，征求，征兵"),
        ("瞭望塔上瞭解情況", "瞭望塔上了解情况"),
        ("杯盤狼藉，藉口，慰藉", "杯盘狼藉，借口，慰藉"),
        ("坐著、站著都難受", "坐着、站着都难受"),
    ],
)
def test_a_word_counts_beside_one_traditional_character(traditional: str, expected: str) -> None:
    assert to_simplified(traditional) == expected
    # neither without one nor in a text that has simplified characters
    assert to_simplified("瞭解，徵求") == "瞭解，徵求"
    assert to_simplified(f"{traditional}\n这里") == f"{traditional}\n这里"


def test_line_ends_and_odd_characters_stay() -> None:
    text = "這裡說\r\n\n說著話\x00\ud800門\n"
    assert to_simplified(text) == "这里说\r\n\n说着话\x00\ud800门\n"


@pytest.mark.parametrize(
    ("traditional", "expected"),
    [
        ("乾隆說乾杯，衣服乾了，扭轉乾坤，餅乾，乾脆", "乾隆说干杯，衣服干了，扭转乾坤，饼干，干脆"),
        ("君子終日乾乾，把手擦得乾乾淨淨", "君子终日乾乾，把手擦得干干净净"),
        ("乾符三年，乾祐元年，乾封元年，把肉風乾封存", "乾符三年，乾祐元年，乾封元年，把肉风干封存"),
        ("晾乾位置，擦乾上面，烤乾後", "晾干位置，擦干上面，烤干后"),
        ("瞭望塔，瞭解，一目瞭然，明瞭", "瞭望塔，了解，一目了然，明了"),
        ("宮商角徵羽，徵求，象徵，特徵，廠商徵求羽毛", "宫商角徵羽，征求，象征，特征，厂商征求羽毛"),
        ("杯盤狼藉，慰藉，蘊藉，藉口，憑藉，藉此，藉酒澆愁", "杯盘狼藉，慰藉，蕴藉，借口，凭借，借此，借酒浇愁"),
        ("畢昇，洪昇，昇華，歌舞昇平，提昇元件", "毕昇，洪昇，升华，歌舞升平，提升元件"),
        ("頭髮，發現，理髮，發財，千鈞一髮", "头发，发现，理发，发财，千钧一发"),
        ("隻身一隻貓，只有，船隻", "只身一只猫，只有，船只"),
        ("祇是，祇有，天上的神祇，祇園", "只是，只有，天上的神祇，祇园"),
        ("沈從文在瀋陽沈默，船沈了，石沈大海，臉一沈，低沈", "沈从文在沈阳沉默，船沉了，石沉大海，脸一沉，低沉"),
        ("昨日沈先生打死沈某，江西沈葆楨，沈家", "昨日沈先生打死沈某，江西沈葆桢，沈家"),
        ("鍾情，鐘錶，鍾馗，老態龍鍾，錢鍾書", "钟情，钟表，钟馗，老态龙钟，钱锺书"),
        ("剩餘，餘光，余先生說", "剩余，余光，余先生说"),
        ("皇后，以後，太后，先後，皇天后土", "皇后，以后，太后，先后，皇天后土"),
        ("范仲淹，模範，範圍", "范仲淹，模范，范围"),
        ("覆蓋，反覆，顛覆核心，恢復，重複，答覆，覆核", "覆盖，反复，颠覆核心，恢复，重复，答复，复核"),
        ("駕御，防禦，御用，禦寒", "驾御，防御，御用，御寒"),
        ("丑時，醜陋，小丑，出醜", "丑时，丑陋，小丑，出丑"),
        ("咸豐年間的鹹魚，老少咸宜", "咸丰年间的咸鱼，老少咸宜"),
        ("五穀，山谷，不穀", "五谷，山谷，不谷"),
        ("憂鬱，郁達夫，馥郁", "忧郁，郁达夫，馥郁"),
        ("北斗，戰鬥，斗膽", "北斗，战斗，斗胆"),
        ("白朮，藝術，金兀朮", "白术，艺术，金兀术"),
        ("麵粉，面子，公里，裡面", "面粉，面子，公里，里面"),
        ("關係，繫鞋帶，系統，聯繫", "关系，系鞋带，系统，联系"),
        ("骯髒，心臟，臟腑", "肮脏，心脏，脏腑"),
        ("歷史，日曆，詞彙，匯款", "历史，日历，词汇，汇款"),
        ("儘管，盡力，叮噹，當然", "尽管，尽力，叮当，当然"),
        ("鬍鬚，胡說，必須，胡同", "胡须，胡说，必须，胡同"),
        ("颱風，天台，講臺，檯燈", "台风，天台，讲台，台灯"),
        ("茶几，幾乎，樹葉，葉公", "茶几，几乎，树叶，叶公"),
        ("人云亦云，藍天白雲", "人云亦云，蓝天白云"),
        ("樊於期，於是，商於之地，葬於陵寢", "樊於期，于是，商於之地，葬于陵寝"),
        ("秋韆，千秋，漢奸，姦淫，夥伴，獲益甚夥", "秋千，千秋，汉奸，奸淫，伙伴，获益甚夥"),
        ("規畫，企畫，圖畫，繪畫分類，動畫時代", "规划，企划，图画，绘画分类，动画时代"),
        ("報讎，讎敵，校讎", "报仇，仇敌，校雠"),
        ("屋簷，大砲，姪兒，慇懃，彷彿，徬徨，麻痺", "屋檐，大炮，侄儿，殷勤，仿佛，彷徨，麻痹"),
        ("衞生，粧奩，枱燈，裏面，綫路", "卫生，妆奁，台灯，里面，线路"),
        ("程序，文件，智慧，建立，軟體，計程車", "程序，文件，智慧，建立，软体，计程车"),
    ],
)
def test_words_decide(traditional: str, expected: str) -> None:
    for profile in ("auto", "tw", "hk"):
        assert simplified(f"說過的話：{traditional}", profile) == f"说过的话：{expected}"


@pytest.mark.parametrize(
    ("traditional", "expected"),
    [
        ("這位著名作家看著他穿著大衣走來", "这位著名作家看着他穿着大衣走来"),
        ("沿著河邊說著話，藉著燈光，睡著了，用不著著急", "沿着河边说着话，借着灯光，睡着了，用不着着急"),
        ("他的著作很顯著，是名著，原著有三卷，編著者", "他的著作很显著，是名著，原著有三卷，编著者"),
        ("拿著名單，寫著作業，看著書，等著有人來", "拿着名单，写着作业，看着书，等着有人来"),
        ("著書立說，著述，著錄，著稱於世，土著", "著书立说，著述，著录，著称于世，土著"),
        ("兩人合著的書，他合著眼睛", "两人合著的书，他合着眼睛"),
        ("沉著，衣著，附著，執著", "沉着，衣着，附着，执着"),
        ("著有小說三部，著有文集，開著有雨的窗", "著有小说三部，著有文集，开着有雨的窗"),
        ("論著與譯著，議論著，翻譯著", "论著与译著，议论着，翻译着"),
    ],
)
def test_particle(traditional: str, expected: str) -> None:
    assert simplified(f"說過的話：{traditional}", "tw") == f"说过的话：{expected}"


def test_particle_in_a_text_of_unknown_origin() -> None:
    # 看著 tells that the text writes the particle so; without a sign of it, or beside 着, 著 stays
    assert to_simplified("他看著門外，釘著的門開了") == "他看着门外，钉着的门开了"
    assert to_simplified("釘著的門開了，著名的書") == "钉著的门开了，著名的书"
    assert to_simplified("他看着門外，釘著的門開了") == "他看着门外，钉著的门开了"
    assert to_simplified("顯著、名著、著作、編著、著錄", "hk") == "顯著、名著、著作、編著、著錄".translate(
        str.maketrans("顯編錄", "显编录")
    )


def test_words_of_the_list_keep_their_length() -> None:
    words = [word.split(":") for word in _WORDS.split()]
    assert all(len(traditional) == len(simplified) for traditional, simplified in words)
    assert len(words) == len({traditional for traditional, _ in words})


def test_an_unknown_profile_is_refused() -> None:
    with pytest.raises(SikuError) as error:
        to_simplified("說話", "twn")
    assert "did you mean tw?" in error.value.why
    with pytest.raises(SikuError):
        Simplify(profile="cn")


def test_is_traditional() -> None:
    assert is_traditional("這裡說話")
    assert not is_traditional("这里说話")
    assert not is_traditional("說")
    assert not is_traditional("東京へ行く電車")
    assert not is_traditional("")


_CHARACTERS = st.sampled_from("說風這們看著乾藉沈祇后说风这着么の \n，。a\ud800\x00𠮷") | st.characters()


@given(st.text(_CHARACTERS))
def test_lines_and_characters_keep_their_places(text: str) -> None:
    converted = to_simplified(text)
    assert len(converted) == len(text)
    assert [place for place, character in enumerate(converted) if character in "\n，。\ud800"] == [
        place for place, character in enumerate(text) if character in "\n，。\ud800"
    ]


@pytest.mark.parametrize("piece", ["說", "說風\n", "著", "看著", "\n", "\ud800說風", "沈沈", "说"])
def test_time_grows_with_the_text_only(piece: str) -> None:
    text = piece * (600_000 // len(piece))
    start = time.perf_counter()
    to_simplified(text)
    assert time.perf_counter() - start < 3


_AS_TWO = re.compile(
    "(?<=[看走說笑跟隨沿拿坐站望聽想抱等睡穿帶活開接藉憑])著(?![名作述錄稱書者有])|著(?=[急涼迷慌魔陸])"
)


@given(st.lists(st.sampled_from("著著著看走憑他名有急涼，\n") | st.characters()).map("".join))
def test_a_sure_particle_is_found_by_itself(text: str) -> None:
    assert [match.span() for match in _SURELY_PARTICLE.finditer(text)] == [
        match.span() for match in _AS_TWO.finditer(text)
    ]
