"""Source and target as tokens, beside what the tokenizer itself makes of the texts; what is cut, what is left out."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from builders.document import Message
from builders.engine.progress import Progress
from tests.corpora import passage
from tests.trainers.small_datasets import talks, write_dataset
from tests.trainers.tiny_t5 import unigram_tokenizer
from trainers.rows.chat import ChatEncoder
from trainers.rows.dataset import open_dataset
from trainers.rows.seq2seq_tokens import KEPT, LEARNT, SOURCE, TURN, Seq2SeqEncoder, cut_source, source_and_target
from trainers.rows.tokens import Encoded
from trainers.training.material import open_tokens
from trainers.training.seq2seq import Pairs

CHAT = [
    ["在吗", "在"],
    ["系统：你是医生", "头疼", "多久了", "三天了，晚上睡不着", "多休息"],
    ["你好", "你好", "几点了", "三点"],
]
SOURCES = [
    "在吗",
    "系统：你是医生\n用户：头疼\n助手：多久了\n用户：三天了，晚上睡不着\n助手：",
    "用户：你好\n助手：你好\n用户：几点了\n助手：",
]
TARGETS = ["在", "多休息", "三点"]


@pytest.fixture(scope="module")
def tokenizer() -> Any:
    lines = passage("seq2seq", 6_000).replace("。", "。\n").splitlines()
    return unigram_tokenizer([line for line in lines if line] + SOURCES * 20)


def messages(turns: list[str]) -> list[Message]:
    found: list[Message] = talks(turns)[0]["messages"]
    return found


def encode(tokenizer: Any, *conversations: list[str]) -> list[Encoded]:
    return Seq2SeqEncoder(tokenizer).encode([messages(turns) for turns in conversations])


def parts(one: Encoded) -> tuple[list[int], list[int]]:
    return one.ids[one.marks != LEARNT].tolist(), one.ids[one.marks == LEARNT].tolist()


def test_ids_are_those_of_the_tokenizer_with_its_end_token(tokenizer: Any) -> None:
    for one, source, target in zip(encode(tokenizer, *CHAT), SOURCES, TARGETS, strict=True):
        assert parts(one) == (tokenizer(source).input_ids, tokenizer(target).input_ids)
        assert parts(one)[1].count(tokenizer.eos_token_id) == 1
        assert (one.characters, one.fault) == (len(target), "")


def test_one_user_turn_stands_as_it_is(tokenizer: Any) -> None:
    (one,) = encode(tokenizer, CHAT[0])
    assert one.marks.tolist() == [SOURCE] * (len(parts(one)[0]) - 1) + [KEPT] + [LEARNT] * len(parts(one)[1])


def test_marks_are_at_the_beginning_of_turns_and_at_the_name_of_the_assistant(tokenizer: Any) -> None:
    (one,) = encode(tokenizer, CHAT[1])
    ids = parts(one)[0]
    starts = [*np.flatnonzero(one.marks == TURN), np.flatnonzero(one.marks == KEPT)[0], len(ids)]
    said = [tokenizer.decode(ids[begin:end]).strip() for begin, end in itertools.pairwise(starts)]
    normal = [tokenizer.backend_tokenizer.normalizer.normalize_str(line).strip() for line in SOURCES[1].split("\n")]
    assert said == [*normal[:-1], f"{normal[-1]}</s>"]


def test_an_end_token_within_a_text_ends_nothing(tokenizer: Any) -> None:
    target = parts(encode(tokenizer, ["问", "走到</s>药铺"])[0])[1]
    assert tokenizer("走到</s>药铺").input_ids.count(tokenizer.eos_token_id) == 2
    assert target.count(tokenizer.eos_token_id) == 1
    assert target[-1] == tokenizer.eos_token_id


def test_the_target_is_the_last_assistant_turn() -> None:
    told: list[Message] = [*messages(CHAT[2]), {"role": "user", "content": "谢谢"}]
    source, target = source_and_target(told)
    assert (source.text, target) == (SOURCES[2], TARGETS[2])


@pytest.mark.parametrize("turns", [["只问不答"], ["问", ""]])
def test_nothing_to_learn_is_a_fault(tokenizer: Any, turns: list[str]) -> None:
    assert encode(tokenizer, turns)[0].fault == "empty"


def test_without_special_tokens_of_its_own_the_source_has_none() -> None:
    bare = unigram_tokenizer(SOURCES * 20)
    bare.backend_tokenizer.post_processor = None
    (one,) = encode(bare, CHAT[0])
    assert parts(one)[0] == bare("在吗").input_ids
    assert parts(one)[1] == [*bare("在").input_ids, bare.eos_token_id]


def test_the_oldest_turns_go_first_then_the_end_of_the_last() -> None:
    marks = np.array([TURN, SOURCE, SOURCE, TURN, SOURCE, TURN, SOURCE, SOURCE, KEPT, KEPT], dtype=np.uint8)
    assert cut_source(marks, 10).tolist() == [*range(10)]
    assert cut_source(marks, 9).tolist() == [3, 4, 5, 6, 7, 8, 9]
    assert cut_source(marks, 6).tolist() == [5, 6, 7, 8, 9]
    assert cut_source(marks, 4).tolist() == [5, 6, 8, 9]
    assert cut_source(marks, 1).tolist() == [9]


def test_one_turn_loses_its_end() -> None:
    assert cut_source(np.array([SOURCE] * 5 + [KEPT], dtype=np.uint8), 3).tolist() == [0, 1, 5]


@given(st.lists(st.sampled_from([SOURCE, TURN]), max_size=30), st.integers(0, 4), st.integers(1, 40))
@settings(max_examples=200, deadline=None)
def test_a_cut_source_is_short_and_in_order(some: list[int], ends: int, limit: int) -> None:
    marks = np.array(some + [KEPT] * ends, dtype=np.uint8)
    places = cut_source(marks, limit)
    assert len(places) <= limit
    assert np.all(np.diff(places) > 0)
    assert (marks[places] == KEPT).sum() == min(ends, limit)
    if len(marks) <= limit:
        assert len(places) == len(marks)


def pairs(folder: Path, tokenizer: Any, too_long: str, longest: tuple[int, int] = (24, 12), **more: Any) -> Pairs:
    rows = talks(*CHAT, ["长" * 30, "短"], ["短", "长" * 30 + "。"])
    write_dataset(folder, rows, name="pairs")
    data = open_dataset(str(folder), folder)
    cache, _ = open_tokens(data, Seq2SeqEncoder(tokenizer), tokenizer, Progress(quiet=True))
    return Pairs(cache, *longest, too_long, **more)


def test_too_long_rows_are_named_with_the_lengths_needed(tmp_path: Path, tokenizer: Any) -> None:
    (problem,) = pairs(tmp_path / "d", tokenizer, "stop", (24, 9)).problems()
    needed = [len(tokenizer(text).input_ids) for text in ("长" * 30, "长" * 30 + "。")]
    assert needed[0] > 24
    assert needed[1] > 9
    assert problem.what.endswith("of 5 rows of train: longer than max_source_length 24 or max_target_length 9")
    assert "pairs@1" in problem.where
    assert "m3, m4" in problem.where
    for name, length in zip(("max_source_length", "max_target_length"), needed, strict=True):
        assert f"--set {name}={length}" in problem.next
    assert "too_long=skip" in problem.next
    assert "too_long=cut" in problem.next


def test_too_long_rows_are_left_out(tmp_path: Path, tokenizer: Any) -> None:
    kept = pairs(tmp_path / "d", tokenizer, "skip")
    assert {kept.row_id(number) for number in range(len(kept))}.isdisjoint({"m3", "m4"})
    assert len(kept) + len(kept.too_long) == 5
    assert kept.problems()[0].exit_code == 2
    assert kept.kept_tokens == sum(len(part) for number in range(len(kept)) for part in kept.pair(number))


def test_too_long_rows_are_cut_and_end_as_they_should(tmp_path: Path, tokenizer: Any) -> None:
    cut = pairs(tmp_path / "d", tokenizer, "cut")
    assert len(cut) == 5
    for number in range(5):
        source, target = cut.pair(number)
        assert len(source) == cut.source_lengths[number] <= 24
        assert len(target) == cut.target_lengths[number] <= 12
        assert source[-1] == target[-1] == tokenizer.eos_token_id
    assert cut.pair(3)[0].tolist() == [*tokenizer("长" * 30).input_ids[:23], tokenizer.eos_token_id]
    assert cut.pair(4)[1].tolist() == [*tokenizer("长" * 30 + "。").input_ids[:11], tokenizer.eos_token_id]


def test_characters_are_those_of_what_is_left(tmp_path: Path, tokenizer: Any) -> None:
    cut = pairs(tmp_path / "d", tokenizer, "cut")
    whole = sum(map(len, TARGETS)) + 1
    left = tokenizer.decode(cut.pair(4)[1][:-1])
    assert 0 < len(left) < 31
    assert cut.characters(tokenizer) == whole + len(left)


def test_pieces_are_targets_behind_their_sources(tmp_path: Path, tokenizer: Any) -> None:
    kept = pairs(tmp_path / "d", tokenizer, "stop", (99, 99), limit=2)
    assert len(kept) == 2
    for piece, source, target in zip(kept.pieces(), SOURCES, TARGETS, strict=False):
        assert list(piece.source) == tokenizer(source).input_ids
        assert list(piece.ids) == tokenizer(target).input_ids
        assert list(piece.learnt) == [1] * len(piece.ids)


def test_tokens_of_a_chat_model_and_of_pairs_are_kept_apart(tmp_path: Path, tokenizer: Any) -> None:
    tokenizer.chat_template = "{% for m in messages %}{{ m.content }}</s>{% endfor %}"
    data = open_dataset(str(write_dataset(tmp_path / "d", talks(*CHAT))), tmp_path)
    caches = [
        open_tokens(data, encoder, tokenizer, Progress(quiet=True))[0]
        for encoder in (Seq2SeqEncoder(tokenizer), ChatEncoder(tokenizer), Seq2SeqEncoder(tokenizer))
    ]
    tokenizer.chat_template = None
    assert caches[0].folder == caches[2].folder != caches[1].folder
    assert caches[0].marks.max() == KEPT
