"""Reviews to conversations, and their tokens."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from builders.document import Document, conversation
from builders.instruct.reviews import Reviews
from builders.instruct.tokens import TOKENS_PER_TURN, Tokens, _counter, estimate_tokens
from validators.errors import SikuError
from validators.step import Verdict

REVIEW = {
    "number": "3",
    "优点": "想法新颖，写得清楚，试验时间也足够长，读者很容易重复这一试验。",
    "缺点": "样本少，只在一座城市试验。",
    "评分": "6",
}
PAPER = "标题：汽笛\n\n正文：\n" + "渡轮按时刻表鸣笛。" * 50


def paper(*reviews: dict[str, str]) -> Document:
    return Document("p", PAPER, {"title": "汽笛", "reviews": list(reviews), "year": 2024})


def test_one_conversation_a_review() -> None:
    made = Reviews()(
        paper(REVIEW, {"number": "4", "意见": "写得清楚，建议补充不同季节的数据，并说明装置的维护费用和误差来源。"})
    )
    assert isinstance(made, list)
    first, second = made
    assert (first.id, second.id) == ("p-0003", "p-0004")
    assert first.messages is not None
    assert second.messages is not None
    assert [message["role"] for message in first.messages] == ["system", "user", "assistant"]
    assert PAPER in first.messages[1]["content"]  # whole, whatever its length
    assert first.messages[2]["content"] == f"【优点】\n{REVIEW['优点']}\n\n【缺点】\n{REVIEW['缺点']}\n\n评分：6"
    assert second.messages[2]["content"].startswith("写得清楚")
    form = first.meta.pop("form")
    assert form.startswith("review-")
    assert first.meta == {
        "title": "汽笛", "year": 2024, "aspects": "优点；缺点；评分", "rating": "6", "reviews_left_out": 0, "parents": ["p"]
    }  # fmt: skip


def test_aspects_are_chosen_and_ordered_by_the_settings() -> None:
    made = Reviews(aspects=("缺点", "优点"), system="")(paper(REVIEW))
    assert isinstance(made, list)
    assert made[0].messages is not None
    assert [message["role"] for message in made[0].messages] == ["user", "assistant"]
    assert made[0].messages[1]["content"] == f"【缺点】\n{REVIEW['缺点']}\n\n【优点】\n{REVIEW['优点']}"
    assert made[0].meta["aspects"] == "缺点；优点"


def test_short_reviews_are_left_out_and_counted() -> None:
    made = Reviews()(paper({"number": "1", "意见": "好。"}, REVIEW))
    assert isinstance(made, list)
    assert [part.meta["reviews_left_out"] for part in made] == [1]
    document = paper({"number": "1", "意见": "好。"})
    verdict = Reviews()(document)
    assert verdict == Verdict("reviews too short", "the longest has 2 characters, 30 needed")
    assert document.meta["reviews"]  # a refused paper keeps what it had


@pytest.mark.parametrize("aspects", [(), ("优势",)])
def test_mistakes_in_the_settings(aspects: tuple[str, ...]) -> None:
    with pytest.raises(SikuError):
        Reviews(aspects=aspects)


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("", 0),
        ("雪停了，天亮了。", 6),  # 6 x 0.7 and two marks
        ("GPU memory", 2),
        ("transformers", 2),
        ("2024", 4),
        ("a == b", 3),
        ("  \n\n", 0),
        ("かな", 2),
    ],
)
def test_the_estimate(text: str, tokens: int) -> None:
    assert estimate_tokens(text) == tokens


@given(st.text(max_size=60), st.text(max_size=60))
@settings(max_examples=200, deadline=None)
def test_the_estimate_grows_with_the_text(one: str, other: str) -> None:
    both = estimate_tokens(f"{one}\n{other}")
    assert abs(both - estimate_tokens(one) - estimate_tokens(other)) <= 1  # rounding
    assert 0 <= both <= len(one) + len(other) + 1


def test_tokens_of_conversations_and_texts() -> None:
    text = Tokens()(Document("d", "雪停了，天亮了。"))
    assert text.meta == {"tokens": 6, "tokens_by": "estimate"}
    talk = Tokens()(
        conversation("c", [{"role": "user", "content": "雪停了，天亮了。"}, {"role": "assistant", "content": "嗯"}])
    )
    assert talk.meta["tokens"] == 6 + 1 + 2 * TOKENS_PER_TURN
    assert talk.text == "雪停了，天亮了。\n嗯"


def test_without_transformers_the_error_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "transformers", None)
    _counter.cache_clear()
    with pytest.raises(SikuError) as error:
        Tokens(tokenizer="some/name")(Document("d", "雪"))
    assert "pip install transformers" in error.value.next


def test_a_folder_is_named_by_its_own_setting(tmp_path: Path) -> None:
    with pytest.raises(SikuError) as error:
        Tokens(tokenizer=str(tmp_path))
    assert "tokenizer_folder=" in error.value.why
    with pytest.raises(SikuError):
        Tokens(tokenizer="some/name", tokenizer_folder=(str(tmp_path),))


@pytest.fixture
def tokenizer_folder(tmp_path: Path) -> Path:
    """A tokenizer that knows five characters and takes each for a token."""
    vocabulary: dict[str, int] = {"<unk>": 0} | {character: number for number, character in enumerate("雪停了天亮", 1)}
    tokenizer: dict[str, Any] = {
        "version": "1.0",
        **dict.fromkeys(["truncation", "padding", "normalizer", "post_processor", "decoder"]),
        "added_tokens": [],
        "pre_tokenizer": {"type": "Split", "pattern": {"Regex": "."}, "behavior": "Isolated", "invert": False},
        "model": {"type": "WordLevel", "vocab": vocabulary, "unk_token": "<unk>"},
    }
    (tmp_path / "tokenizer.json").write_text(json.dumps(tokenizer), encoding="utf-8")
    (tmp_path / "tokenizer_config.json").write_text(
        '{"tokenizer_class": "PreTrainedTokenizerFast", "unk_token": "<unk>"}'
    )
    return tmp_path


def test_a_tokenizer_counts_exactly(tokenizer_folder: Path) -> None:
    _counter.cache_clear()
    step = Tokens(tokenizer_folder=(str(tokenizer_folder),))
    counted = step(conversation("c", [{"role": "user", "content": "雪停了"}, {"role": "assistant", "content": "天亮"}]))
    assert counted.meta == {"tokens": 3 + 2 + 2 * TOKENS_PER_TURN, "tokens_by": "tokenizer with 6 tokens"}


def test_a_chat_template_is_counted_where_there_is_one(tokenizer_folder: Path) -> None:
    """The template writes a mark of one token before each turn."""
    config = json.loads((tokenizer_folder / "tokenizer_config.json").read_text())
    config["chat_template"] = "{% for message in messages %}<{{ message['content'] }}{% endfor %}"
    (tokenizer_folder / "tokenizer_config.json").write_text(json.dumps(config))
    _counter.cache_clear()
    step = Tokens(tokenizer_folder=(str(tokenizer_folder),))
    counted = step(conversation("c", [{"role": "user", "content": "雪停了"}, {"role": "assistant", "content": "天亮"}]))
    assert counted.meta["tokens"] == 3 + 2 + 2


def test_a_folder_without_a_tokenizer(tmp_path: Path) -> None:
    _counter.cache_clear()
    with pytest.raises(SikuError) as error:
        Tokens(tokenizer_folder=(str(tmp_path),))(Document("d", "雪"))
    assert error.value.what.startswith("there is no tokenizer")
