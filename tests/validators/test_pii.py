"""`find_pii`: what is personal data by rule and check digit, beside any neighbour, and what only looks like it."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from validators.pii import Entity, PiiType, find_pii, is_cn_id, is_luhn, redact

WIDE = str.maketrans("0123456789X", "０１２３４５６７８９Ｘ")
WEIGHTS = [2 ** (17 - place) % 11 for place in range(17)]  # ISO 7064 mod 11-2, worked out and not copied


def id_number(body: str) -> str:
    """17 digits with their check character, by the definition: the weighted sum of all is 1 modulo 11."""
    total = sum(weight * int(digit) for weight, digit in zip(WEIGHTS, body, strict=True))
    check = (1 - total) % 11
    return body + ("X" if check == 10 else str(check))


def card_number(body: str) -> str:
    """The digits with their check digit, by Luhn's definition: double every second from the right, add the digits."""
    total = sum(sum(map(int, str(2 * int(digit)))) for digit in body[::-2]) + sum(map(int, body[-2::-2]))
    return body + str(-total % 10)


ID = id_number("33010219870304128")
CARD_16, CARD_19, AMEX = (
    card_number("622588013000456"),
    card_number("621700123000456789"),
    card_number("37144963539843"),
)
VISA_13 = card_number("422222222222")


def found(text: str) -> list[tuple[str, str]]:
    entities = find_pii(text)
    for one in entities:
        assert text[one.start : one.end] == one.text
    return [(one.type, one.text) for one in entities]


def fours(number: str, gap: str) -> str:
    return gap.join(number[place : place + 4] for place in range(0, len(number), 4))


@pytest.mark.parametrize(
    ("type", "text"),
    [
        ("cn_id", ID),
        ("cn_id", id_number("11010120000229100")),  # a leap day
        ("cn_id", id_number("71000019561231001")),
        ("cn_id", id_number("83000019901010001")),
        ("cn_id", id_number("65010319990101001").lower()),
        ("cn_id", ID.translate(WIDE)),
        ("cn_mobile", "13911112222"),
        ("cn_mobile", "19911112222"),
        ("cn_mobile", "１３９１１１１２２２２"),
        ("cn_mobile", "139 1111 2222"),
        ("cn_mobile", "139-1111-2222"),
        ("cn_mobile", "139－1111－2222"),
        ("cn_mobile", "139\u30001111\u30002222"),
        ("cn_mobile", "139\xa01111\xa02222"),
        ("cn_mobile", "+8613911112222"),
        ("cn_mobile", "+86 13911112222"),
        ("cn_mobile", "+86-13911112222"),
        ("cn_mobile", "+86 139-1111-2222"),
        ("cn_mobile", "+86-139-1111-2222"),
        ("cn_mobile", "＋８６　１３９１１１１２２２２"),
        ("cn_mobile", "008613911112222"),
        ("cn_mobile", "0086 139 1111 2222"),
        ("cn_mobile", "8613911112222"),
        ("cn_mobile", "86-13911112222"),
        ("cn_mobile", "(+86)13911112222"),
        ("cn_mobile", "（+86） 139 1111 2222"),
        ("cn_mobile", "(86)13911112222"),
        ("cn_phone", "010-87654321"),
        ("cn_phone", "021-87654321"),
        ("cn_phone", "0571-87654321"),
        ("cn_phone", "0912-7654321"),
        ("cn_phone", "010－87654321"),
        ("cn_phone", "０２１－８７６５４３２１"),
        ("cn_phone", "0571—87654321"),
        ("cn_phone", "(0571)87654321"),
        ("cn_phone", "（010）87654321"),
        ("bank_card", CARD_16),
        ("bank_card", CARD_19),
        ("bank_card", AMEX),
        ("bank_card", VISA_13),
        ("bank_card", card_number("521234567890123")),
        ("bank_card", fours(CARD_16, " ")),
        ("bank_card", fours(CARD_16, "-")),
        ("bank_card", fours(CARD_19, " ")),
        ("bank_card", f"{AMEX[:4]} {AMEX[4:10]} {AMEX[10:]}"),
        ("bank_card", f"{CARD_19[:6]} {CARD_19[6:]}"),
        ("bank_card", CARD_16.translate(WIDE)),
        ("email", "xiaoming@example.com"),
        ("email", "xiao.ming+dushu@mail.example.com.cn"),
        ("email", "X_M-9%a@a-b.example.io"),
        ("email", "13911112222@example.com"),  # the whole is an address, not a phone in front of one
        ("email", "10001@qq.com"),
        ("ip", "8.8.4.4"),
        ("ip", "192.168.10.254"),
        ("ip", "255.255.255.255"),
        ("ip", "８.８.４.４"),
        ("ip", "10.0.0.1"),
    ],
)
def test_found_beside_any_neighbour(type: PiiType, text: str) -> None:
    for around in ("{}", "我的是{}谢谢", "“{}”。", "，{}，", "联系:{}\n", "({})", "他{}。", "一{}二", "🙂{}🙂"):
        if around == "({})" and text.startswith(("(", "（")):
            continue
        assert found(around.format(text)) == [(type, text)], around


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("QQ：10001234", "10001234"),
        ("QQ:10001234", "10001234"),
        ("加qq10001234聊", "10001234"),
        ("我的Qq 10001", "10001"),
        ("QQ号：10001234567，", "10001234567"),
        ("QQ号码是10001234", "10001234"),
        ("ＱＱ：１０００１２３４", "１０００１２３４"),
        ("QQ群：10001234", "10001234"),
        ("QQ交流群10001234", "10001234"),
        ("Q群 10001234", "10001234"),
        ("书友QQ: 10001234", "10001234"),
    ],
)
def test_qq_by_its_cue(text: str, number: str) -> None:
    assert found(text) == [("qq", number)]
    assert found(text.replace("Q", "").replace("q", "").replace("Ｑ", "").replace("群", "")) == []


@pytest.mark.parametrize(
    "text",
    [
        "",
        "他推门进去，屋里没有人。",
        "编号12911112222",  # no such prefix
        "流水139111122223",  # twelve digits
        "流水013911112222",
        "流水9139111122223",
        "１２３１３９１１１１２２２２",
        "圆周率3.14159265358",
        "收入13911112222.5元",
        "0.13911112222",
        "编号978-139-1111-2222",  # grouped digits that go on
        "编号139-1111-2222-3333",
        "共1,391,111,222元",
        "2024年5月1日，2024-05-01，2024/5/1 13:45:59，20240501134559",
        "ISBN 978-7-02-000220-7，ISBN 9787020002207，ISSN 1000-1234",
        "时间戳1714567890，1714567890123",
        "销量达到987654321台，人口1411780000",
        "客服95588，热线12345，邮编100871",
        "上证指数3012.45点，涨1.23%，3.1415926535897932",
        f"流水{ID}7",
        f"流水{ID[:-1]}77",
        f"流水7{ID}",
        id_number("99010219870304128"),  # no such province
        id_number("16010219870304128"),
        id_number("33010219870230128"),  # no such day
        id_number("11010119000229100"),  # no leap year
        id_number("33010219871304128"),
        "33010219870304128",  # 17 digits
        f"{id_number('65010319990101001')[:-1]}XY",
        f"卡号{CARD_16}5678",
        f"卡号{CARD_16[:12]}",
        f"卡号1{CARD_16}",
        card_number("912345678901234"),
        card_number("612345678901234"),
        card_number("012345678901234"),
        f"9999 {fours(CARD_16, ' ')} 9999",
        f"{fours(CARD_16, '-')}-1234",
        f"1-{fours(CARD_16, '-')}",
        f"0.{CARD_16}",
        "@张三 你好，@zhangsan 也好",
        "谢谢@zhangsan.com的转发",
        "abc@例子.com",
        "abc＠example.com",
        "abc@example",
        "abc@@example.com",
        "abc.@example.com",
        "@user@social.example",  # a mention on another server
        "a@192.168",
        "图片icon@2x.png",
        "版本1.2.3.4567发布",
        "版本1.2.3.4发布，v2.0.1.5，V 2.0.1.5，Version: 10.0.0.1，版本号：10.0.0.1",
        "1.2.3.4.5",
        "0.1.2.3.4",
        "256.1.1.1",
        "1.1.1.999",
        "见第3.2.1.4节",
        "见第 3.2.1.4 节，3.2.1.4小节，3.2.1.4节",
        "1.2.3",
        "10.12.13日",
        "QQ浏览器，QQ2024版，QQ1234",
        "QQ：123456789012",
        "QQ邮箱",
        "BQQ10001234",
        "QQ.10001234",
        "QQ10001.5",
        "010-876543",
        "010-876543210",
        "100-87654321",
        "000-87654321",
        "10-87654321",
        "2010-87654321",
        "010)87654321",
        "1-010-87654321",
        "86)139",
    ],
)
def test_what_only_looks_like_it(text: str) -> None:
    assert found(text) == []
    assert found(f"他说{text}了") == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("电话010-87654321转12", [("cn_phone", "010-87654321")]),
        ("电话010-87654321-8012", [("cn_phone", "010-87654321")]),
        ("+86-010-87654321", [("cn_phone", "010-87654321")]),
        ("0571-13911112222", [("cn_mobile", "13911112222")]),
        ("13911112222 13811112222", [("cn_mobile", "13911112222"), ("cn_mobile", "13811112222")]),
        ("13911112222/13811112222，", [("cn_mobile", "13911112222"), ("cn_mobile", "13811112222")]),
        ("139 1111 2222 138 1111 2222", [("cn_mobile", "139 1111 2222"), ("cn_mobile", "138 1111 2222")]),
        ("(13911112222)", [("cn_mobile", "13911112222")]),
        ("TEL13911112222", [("cn_mobile", "13911112222")]),
        ("86）13911112222", [("cn_mobile", "13911112222")]),
        ("13911112222.", [("cn_mobile", "13911112222")]),
        (f"{ID}，{ID}", [("cn_id", ID)] * 2),
        (f"{fours(CARD_16, ' ')} 3次", [("bank_card", fours(CARD_16, " "))]),
        (f"{CARD_16} 13911112222", [("bank_card", CARD_16), ("cn_mobile", "13911112222")]),
        ("440524188001010014", [("cn_id", "440524188001010014")]),  # by Luhn, too: an ID goes before a card
        ("QQ：10001@qq.com", [("email", "10001@qq.com")]),
        ("139 1111 2222@example.com", [("email", "2222@example.com")]),
        ("a@b.com，c@d.org", [("email", "a@b.com"), ("email", "c@d.org")]),
        ("见a.b@example.com.", [("email", "a.b@example.com")]),
        ("写信到abc@example.com2024年", [("email", "abc@example.com")]),
        ("..abc@example.com", [("email", "abc@example.com")]),
        ("10.0.0.1:8080和10.0.0.0/8", [("ip", "10.0.0.1"), ("ip", "10.0.0.0")]),
        ("10.0.0.1节点", [("ip", "10.0.0.1")]),
        ("第一台10.0.0.1。", [("ip", "10.0.0.1")]),
        ("IP8.8.4.4、DNS：8.8.8.8", [("ip", "8.8.4.4"), ("ip", "8.8.8.8")]),
        (
            f"张三，{ID}，13911112222，QQ10001，a@b.com",
            [("cn_id", ID), ("cn_mobile", "13911112222"), ("qq", "10001"), ("email", "a@b.com")],
        ),
    ],
)
def test_several_and_where_each_ends(text: str, expected: list[tuple[str, str]]) -> None:
    assert found(text) == expected


DIGITS = "0123456789０１２３４５６７８９"
not_digits = st.characters(
    exclude_characters=f"{DIGITS}.．-–—−‐‑‒－+＋()（） \xa0\u3000QqＱｑXx@ｘＸ", exclude_categories=["Cs"]
)
han = st.text(alphabet=st.characters(min_codepoint=0x4E00, max_codepoint=0x9FFF), max_size=6)
provinces = st.sampled_from([11, 15, 21, 23, 31, 37, 41, 46, 50, 54, 61, 65, 71, 81, 82, 83])
dates = st.dates(min_value=date(1900, 1, 1), max_value=date(2029, 12, 31))
ids = st.builds(
    lambda province, place, date, order: id_number(f"{province}{place:04d}{date:%Y%m%d}{order:03d}"),
    provinces,
    st.integers(0, 9999),
    dates,
    st.integers(1, 999),
)
cards = st.builds(
    lambda first, rest: card_number(first + rest),
    st.sampled_from(["62", "40", "51", "35"]),
    st.text(alphabet="0123456789", min_size=10, max_size=16),
)


@given(ids, han, han)
def test_every_id_is_found_and_no_other_check_character(number: str, before: str, after: str) -> None:
    assert is_cn_id(number)
    assert found(before + number + after) == [("cn_id", number)]
    assert found(before + number.translate(WIDE) + after) == [("cn_id", number.translate(WIDE))]
    for check in "0123456789X":
        if check != number[-1]:
            assert ("cn_id", number[:-1] + check) not in found(before + number[:-1] + check + after)


@given(ids, st.integers(0, 16), st.integers(1, 9))
def test_no_single_wrong_digit_passes_in_an_id(number: str, place: int, shift: int) -> None:
    wrong = number[:place] + str((int(number[place]) + shift) % 10) + number[place + 1 :]
    assert not is_cn_id(wrong)


@given(cards, han, han, st.sampled_from(["", " ", "-", "\u3000"]))
def test_every_card_is_found_and_no_other_check_digit(number: str, before: str, after: str, gap: str) -> None:
    assert is_luhn(number)
    types = {"cn_id", "bank_card"}  # by chance a card is an identity card, too
    if gap:
        number = fours(number, gap)
    assert {type for type, _ in found(before + number + after)} <= types | {"cn_mobile"}
    assert [text for _, text in found(before + number + after)] == [number]
    wrong = number[:-1] + str((int(number[-1]) + 1) % 10)
    assert ("bank_card", wrong) not in found(before + wrong + after)


@given(st.from_regex("1[3-9][0-9]{9}", fullmatch=True), not_digits, not_digits)
def test_a_mobile_is_found_beside_any_character(number: str, before: str, after: str) -> None:
    assert ("cn_mobile", number) in found(before + number + after)


@given(st.text(alphabet="1345628", min_size=20, max_size=60), han)
def test_nothing_in_long_runs_of_digits(digits: str, around: str) -> None:
    assert found(around + digits + around) == []


soup = st.text(alphabet=st.sampled_from("0123456789139１３.-－ +()（）@QqXx:：\u3000。号码第节abc汉"), max_size=80)


@given(st.one_of(soup, st.text(max_size=80)))
def test_any_text_gives_spans_in_order(text: str) -> None:
    entities = find_pii(text)
    done = 0
    for one in entities:
        assert done <= one.start < one.end <= len(text)
        assert text[one.start : one.end] == one.text
        assert redact(one) != one.text
        done = one.end


@pytest.mark.parametrize(
    ("text", "times", "count"),
    [
        ("1", 400_000, 0),
        ("@", 400_000, 0),
        ("a.", 200_000, 0),
        ("a@b.", 100_000, 0),
        ("1.", 200_000, 0),
        ("139-", 100_000, 0),
        ("86)", 100_000, 0),
        ("6225 ", 80_000, 0),
        ("QQ", 200_000, 0),
        ("a@b.com ", 40_000, 40_000),
        ("13911112222 ", 40_000, 40_000),
    ],
)
def test_hostile_text_ends(text: str, times: int, count: int) -> None:
    assert len(find_pii(text * times)) == count  # quadratic work would take minutes


@pytest.mark.parametrize(
    ("type", "text", "redacted"),
    [
        ("cn_mobile", "13911112222", "139****2222"),
        ("cn_mobile", "+86 139-1111-2222", "+86 139-****-2222"),
        ("cn_mobile", "１３９１１１１２２２２", "１３９****２２２２"),
        ("cn_id", ID, "330102************"),
        ("cn_id", id_number("65010319990101001"), "650103************"),
        ("bank_card", fours(CARD_16, " "), "6225 88** **** ****"),
        ("cn_phone", "0571-87654321", "057*-******21"),
        ("email", "xiaoming@example.com", "x***@example.com"),
        ("ip", "192.168.10.254", "192.168.*.*"),
        ("qq", "10001234", "10******"),
    ],
)
def test_redacted_for_the_eye(type: PiiType, text: str, redacted: str) -> None:
    assert redact(Entity(type, text, 0, len(text))) == redacted
