"""Does a question about an entry of an encyclopedia ask what the entry is? And is its answer written evenly?"""

from __future__ import annotations

import re

from validators.folding import count_characters, to_folded, to_plain
from validators.question_types import question_type
from validators.step import Verdict

_MASK = "X"  # in place of the name, so that no rule takes a part of it for a word of the question
_NAME = rf"[《“「『]?{_MASK}[》”」』]?"
_ASKS = re.compile(
    r"[?]|请|介绍|讲|说|谈|聊|解释|说明|描述|概括|概述|简述|阐述|科普|告诉|想知道|想了解|求教|写一[段篇]|帮我|指[的]?什么|是[什谁何哪]"
)
_OPENS = re.compile(
    r"(?<![功性可职技智本机])能|可以|可否|知道|听说|听过|了解|认识|清楚|明白|熟悉"
)  # a yes or no that wants the whole answer
_EXPLAINS = re.compile(
    r"(?:怎么|怎样|如何|怎么样)[^,。?]{0,12}(?:理解|解释|介绍|定义|描述|说明|概括|讲|说|看待|认识)"
    r"|怎么一?回事|怎样的|怎么样的|是怎样|是怎么样"
)
_MADE_BY = re.compile(
    rf"[由被]谁|谁[^,。?]{{0,4}}(?:写|创|发明|导演|主演|修建|建造|提出|发现|设计|主持|画|唱|拍|翻译|担任|领导)|{_NAME}的[^,。?]{{1,8}}是谁"
)
_FIELD = re.compile(rf"{_NAME}的([^,。?]{{1,8}}?)(?:是什么|是哪|有哪|有什么|包括|如何|怎么样|怎样)")
_OF_THE_WHOLE = re.compile(r"含义|意思|定义|概念|情况|概况|简介|信息|来历|身份|生平|本义|全貌|大意|所指|内涵|介绍|面貌")
_OF_NO_PERSON = re.compile(
    rf"什么(?:叫做?|是){_NAME}|{_NAME}(?:到底|究竟)?(?:指的)?是(?:个|一种)?(?:什么|啥)(?:东西|意思|呢)?[?。]?$"
)
_COUNTS = re.compile(r"几(?![乎何句段点])")
_ASKED_FOR = re.compile(r"什么|哪")
_OF_THE_ENTRY = re.compile(  # 是什么, 指哪件事, 讲了什么, 有什么特点; not 吃什么, 喜欢哪种
    r"(?:是|算|叫|指|属于|为)[^,。?]{0,5}(?:什么|哪)|什么(?:是|叫|样)|(?:讲|说|写|做|从事|知道|了解|听过)[^,。?]{0,3}什么"
    r"|(?:什么|哪些)(?:特点|特征|来头|来历|(?:基本)?信息|介绍|说法|意思|含义)"
)
_DETAIL_TYPES = {"when": "时间", "how many": "数量", "why": "原因"}
_INFORMAL = re.compile(
    r"[！!？?~～…]|[呢吧啊哦呀啦嘛哟噢咯哈嗯]|我们|咱|[我你您]|大家|小编|[\U0001F300-\U0001FAFF]"
    r"|\*\*|`|^\s*(?:#|[-*•] )",
    re.MULTILINE,
)


def masked(question: str, title: str) -> str:
    """The question with X in place of the entry's name.

    >>> masked("请介绍一下《桃花源记》。", "桃花源记")
    '请介绍一下《X》。'
    """
    return question.replace(title, _MASK)


def check_entry_question(question: str, title: str, sense: str, kind: str, max_chars: int) -> list[Verdict]:
    """What keeps a question from being one more way to ask what an entry is, as sentences for the model that wrote it.

    `sense` tells entries of one title apart, "" for the only one; `kind` is an `EntryType`; `max_chars` are characters
    beside the name, without punctuation. Pronouns and repeats are for `check_pairs`.

    >>> [one.check for one in check_entry_question("白鹭有多少种？", "白鹭", "", "species", 20)]
    ['asks_detail']
    """
    bare = masked(to_plain(question), to_plain(title))
    found: list[Verdict] = []
    folded, name = to_folded(question), to_folded(title)
    if name not in folded:
        return [Verdict("unnamed_entry", f"问法里没有写出“{title}”")]
    if sense and not _shares_a_piece(folded.replace(name, "\0"), to_folded(sense)):
        found.append(Verdict("unclear_sense", f"“{title}”有几个意思，问法要让人看得出是“{sense}”"))
    if (count := count_characters(bare) - bare.count(_MASK)) > max_chars:
        found.append(Verdict("too_long_question", f"问法除名称以外有 {count} 个字，最多 {max_chars} 个字"))
    if kind == "person" and _OF_NO_PERSON.search(bare):
        found.append(Verdict("not_of_a_person", f"“{title}”是人，应当问“{title}是谁”"))
    if not _ASKS.search(bare):
        found.append(Verdict("no_question", "这不是一个问题，也不是请人介绍的话"))
    elif detail := _detail(bare, kind):
        found.append(Verdict("asks_detail", f"这个问法问的是{detail}，应当问“{title}”是什么"))
    return found


def _detail(bare: str, kind: str) -> str:
    """Which detail a question asks for, or nothing where it asks for the whole."""
    what = question_type(bare)
    if what in _DETAIL_TYPES:
        return _DETAIL_TYPES[what]
    if _COUNTS.search(bare):
        return "数量"
    if what == "where":
        return "" if kind in ("place", "organisation") else "地点"
    if what == "yes or no" and not _OPENS.search(bare):
        return "是与否"
    if what == "how" and not _EXPLAINS.search(bare):
        return "做法或状态"
    if _MADE_BY.search(bare):
        return "与它有关的人"
    if _ASKED_FOR.search(bare) and not _OF_THE_ENTRY.search(bare):
        return "某一方面"
    if (field := _FIELD.search(bare)) and not _OF_THE_WHOLE.search(field[1]):
        return f"“{field[1]}”"
    return ""


def _shares_a_piece(folded: str, sense: str) -> bool:
    """Whether two characters in a row of a sense stand in a text; of a single character, that one."""
    return any(sense[at : at + 2] in folded for at in range(max(len(sense) - 1, 1)))


def check_official_tone(answer: str, passage: str) -> Verdict | None:
    """Whether an answer reads like an encyclopedia: no exclamation, question, particle, 我 or 你, emoji or Markdown.

    What the passage has itself may stay: 呢 in 呢绒, the question mark of a title.

    >>> check_official_tone("白鹭是一种很美的鸟哦！", "白鹭是一种涉禽。").why
    '答案的语气要平实、正式，不用“哦”“！”'
    """
    odd = list(dict.fromkeys(one[0].strip() for one in _INFORMAL.finditer(answer) if one[0].strip() not in passage))
    if not odd:
        return None
    return Verdict("informal_answer", f"答案的语气要平实、正式，不用{''.join(f'“{one}”' for one in odd[:5])}")
