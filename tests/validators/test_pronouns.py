"""`find_pronoun`: questions that point at something outside themselves, and words that merely hold such a character."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from validators.pronouns import find_pronoun

POINTING = {
    "pronoun": "它的流域面积是多少？|他为什么离开？|她买了什么？|它们吃什么？|他们去了哪里？|她们是谁？|長江為什麼說牠最長？|牠們吃什麼？"
    "|长江和它的支流有多长？|为什么说他是诗人？|谁跟他吵了架？|吉他手为什么喜欢它？|《背影》中他买了什么？|其他人和他有何不同？",
    "其": "其首都是哪里？|其面积多大？|土耳其和其邻国有哪些？|长江应该怎样保护其水质？|其中最长的是哪条？|与其首都相距多远？|其实验结果如何？|其次数是多少？|其後果是什麼？",
    "该": "该河注入哪片海？|该国首都在哪？|该用户是谁？|该公司何时成立？|為何該國人口減少？|为什么要建立该纪念碑？|该如何评价该书？|该负责人是谁？",
    "此": "此人生于何年？|此事如何结束？|为此谁做了什么？|长江由此流向哪里？|此后发生了什么？|此前谁当皇帝？|从此地出发去哪里？|此類植物有哪些？",
    "这": "这条河发源于哪里？|这些地方在哪里？|这样做有什么好处？|这是什么？|這裡有什麼？|《背影》里的这位父亲买了什么？|天气对这次战事有何影响？|这么做对吗？",
    "那": "那篇小说的作者是谁？|那里有什么？|那年发生了什么？|那么长江有多长？|那些人是谁？|那曲子叫什么？|那英语怎么说？|長江那時叫什麼？",
    "text": "文中提到了哪片海？|根据上文，长江有多长？|文章中谁买橘子？|本文作者是谁？|根据本文，长江多长？|上述地区有哪些？|原文中谁买橘子？|材料中提到什么？"
    "|根据材料中的数据，长江多长？|本段讲了什么？|在文中，谁买橘子？|从文中可知什么？|短文中谁哭了？|課文中的老師是誰？|上文提到誰？|結合材料中的例子說明什麼？"
    "|作者在文中表达了什么？|请问文中的父亲是谁？|本书的作者是谁？|下文讲了什么？|请概括本文的主旨。|怎样概括上文内容？|作者写本文的目的是什么？|请概括本段大意。"
    "|找出文中的比喻句。|用文中的话回答谁赢了？|课文中学到了什么？|概括材料中的观点。",
}
STANDING_ALONE = {
    "他": "吉他有几根弦？|吉他与其他弦乐器有何不同？|维他命C有什么作用？|維他命有幾種？|利他主义是什么？|排他性是什么？|侵犯他人隐私要负什么责任？|他乡遇故知出自哪首诗？"
    "|马耳他的首都在哪里？|犹他州在哪里？|阿托伐他汀有什么作用？|奥司他韦治什么病？|他山之石是什么意思？|其它国家有哪些？",
    "其": "其他人去了哪里？|其余的人去了哪里？|其实谁写了信？|其次是谁？|尤其重要的是什么？|极其重要的是什么？|土耳其的首都在哪里？|馬其頓在哪裡？|莫名其妙是什么意思？"
    "|首当其冲是什么意思？|名副其实怎么用？|突如其来的是什么？|各司其职是什么意思？|米其林是什么公司？|萨其马怎么做？|何其芳是谁？|陈其美是谁？|与其说是山，不如说是什么？"
    "|自圆其说是什么意思？|恰如其分是什么意思？",
    "该": "吉他应该怎样保养？|长江该不该开发？|应不应该保护长江？|遇到火灾该怎么办？|吉他该如何保养？|谁该负责？|司机何时该减速？|本该谁去？|该隐是谁？|應該怎麼辦？",
    "此": "因此长江有多长？|此外还有谁？|彼此之间距离多远？|如此大的湖有多深？|从此谁掌权？|此起彼伏是什么意思？|岂有此理是什么意思？|多此一举是什么意思？|因此誰獲勝？|此岸和彼岸有何不同？",
    "那": "那不勒斯在哪里？|那曲在哪个省？|刹那是多长时间？|支那是什么意思？|那英是哪里人？|那达慕在哪里举行？|亚利桑那州在哪里？|圭亚那的首都在哪里？|印第安那州在哪里？"
    "|那霸在哪里？|西地那非治什么病？|依那普利治什么病？|史堪地那維亞在哪裡？|麦地那在哪里？|哪里最热？|哪些人去过北京？|哪篇小说最长？",
    "quoted": "《他和她》的作者是谁？|《這裡的黎明靜悄悄》寫什麼？|“这”字怎么写？|「它」字有幾畫？|『此』是什麼意思？|\"她\"是谁写的？|'他'字怎么写？|〈那個人〉的作者是誰？|“该国”一词从何而来？",
    "titled": "《背影》一文中谁买橘子？|《背影》的原文中谁买橘子？|《背影》的文章中谁买橘子？|阅读《背影》，文中谁买橘子？|“背影”一文中谁买橘子？|《背影》上文写了什么？|〈背影〉一文中誰買橘子？|《背影》本段写什么？",
    "words": "中文中有多少汉字？|英文中怎样表达时间？|甲骨文中有多少字？|散文中常用什么手法？|论文中应包含什么？|应用文中常用什么格式？|语文中考考什么？|张文中创办了什么？"
    "|日本文化有何特点？|日本文学始于何时？|剧本文字有什么特点？|文本文件怎么打开？|历史上文明古国有哪些？|身上文了什么图案？|文章由谁写成？|怎样写好一篇文章？"
    "|材料有哪些性质？|复合材料中哪种最轻？|建筑材料中哪种最贵？|本草纲目是谁写的？|日本书法始于何时？|课文有多长？|原文由谁翻译？|长江全长多少公里？|崇文中学在哪里？|版本文档由谁写？|纸本文物怎样保存？|网上文学有何特点？"
    "|说明文中常用哪些方法？|议论文中怎样举例？|金属材料中哪种最硬？",
}


def each(groups: dict[str, str]) -> list[str]:
    return [question for questions in groups.values() for question in questions.split("|")]


def test_there_are_enough_cases() -> None:
    questions = each(POINTING) + each(STANDING_ALONE)
    assert len(questions) == len(set(questions)) >= 180


@pytest.mark.parametrize("question", each(POINTING))
def test_pointing(question: str) -> None:
    assert find_pronoun(question)


@pytest.mark.parametrize("question", each(STANDING_ALONE))
def test_standing_alone(question: str) -> None:
    assert find_pronoun(question) is None


@pytest.mark.parametrize(
    ("question", "pronoun"),
    [("長江和它們的支流？", "它们"), ("該國的首都？", "该国"), ("根據上述內容？", "上述"), ("請問文中的人？", "文中")],
)
def test_the_pronoun_is_named_in_simplified_script(question: str, pronoun: str) -> None:
    assert find_pronoun(question) == pronoun


def test_an_open_quotation_mark_hides_nothing() -> None:
    assert find_pronoun("“他是谁？") == "他"
    assert find_pronoun("他》是谁？") == "他"


@given(st.text("它他其该此这那的文中本上述材料章“”《》「」？ a應該吉因", max_size=30))
def test_a_question_in_quotation_marks_points_nowhere(question: str) -> None:
    inside = question.translate(dict.fromkeys(map(ord, "“”《》「」\"'")))
    assert find_pronoun(f"《{inside}》") is None
    find_pronoun(question)
