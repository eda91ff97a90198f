"""Tokens on disk: made once for a dataset and a tokenizer, whole or not there."""

from __future__ import annotations

import pickle
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.corpora import passage
from tests.running import HOME, digests
from tests.trainers.conftest import Build
from tests.trainers.made_tokenizers import CHATML, made_tokenizer
from tests.trainers.small_datasets import talks, texts, write_dataset
from trainers.rows.cache import TokenCache, cache_key, open_cache, store_root
from trainers.rows.chat import ChatEncoder
from trainers.rows.dataset import BuiltDataset, open_dataset
from trainers.rows.tokens import Encoded, TextEncoder, load_tokenizer

TEXTS = texts("雪停了。天亮了。", "船在河上。", "灯灭了，没有人说话。走吗？走。")


class Refusing(TextEncoder):
    """An encoder that must not be asked."""

    def encode(self, texts: Sequence[str]) -> list[Encoded]:
        raise AssertionError("texts were tokenised again")


Refusing.__name__ = TextEncoder.__name__  # by which a cache is found


def small(folder: Path, **splits: Any) -> BuiltDataset:
    return open_dataset(str(write_dataset(folder, **splits)), folder)


def same(one: TokenCache, other: TokenCache) -> bool:
    names = [[cache.row_id(number) for number in range(len(cache))] for cache in (one, other)]
    arrays = ("ids", "marks", "offsets", "characters")
    return names[0] == names[1] and all(np.array_equal(getattr(one, name), getattr(other, name)) for name in arrays)


@pytest.mark.parametrize("recipe", ["novel-pretrain", "instruct-sft"])
def test_a_cache_holds_what_the_encoder_says(built: Build, recipe: str, tiny_qwen2: Path) -> None:
    dataset = open_dataset(str(built(recipe)), Path("nowhere"))
    tokenizer = load_tokenizer(str(tiny_qwen2))
    encoder = TextEncoder(tokenizer) if dataset.kind == "text" else ChatEncoder(tokenizer)
    cache = open_cache(dataset, "train", tokenizer, encoder)
    assert len(cache) == dataset.rows["train"]
    for number, row in enumerate(dataset.read_rows("train", encoder.kind)):
        (one,) = encoder.encode([row[encoder.kind]])
        ids, marks = cache.document(number)
        assert (ids.tolist(), marks.tolist()) == (one.ids.tolist(), one.marks.tolist())
        assert (cache.row_id(number), cache.characters[number]) == (row["id"], one.characters)
        assert cache.lengths[number] == len(one.ids)
    assert cache.tokens == cache.lengths.sum()
    assert cache.problems() == []
    assert cache.stop_ids == ([] if dataset.kind == "text" else [tokenizer.convert_tokens_to_ids("<|im_end|>")])


def test_it_is_made_once(tmp_path: Path) -> None:
    dataset, tokenizer = small(tmp_path / "one", train=TEXTS), made_tokenizer("large")
    made = open_cache(dataset, "train", tokenizer, TextEncoder(tokenizer))
    before = digests(store_root(dataset))
    again = open_cache(dataset, "train", made_tokenizer("large"), Refusing(tokenizer))
    assert same(made, again)
    assert digests(store_root(dataset)) == before


def test_a_copy_of_the_dataset_finds_it_too(tmp_path: Path) -> None:
    tokenizer = made_tokenizer("large")
    made = open_cache(small(tmp_path / "one", train=TEXTS), "train", tokenizer, TextEncoder(tokenizer))
    assert same(made, open_cache(small(tmp_path / "two", train=TEXTS), "train", tokenizer, Refusing(tokenizer)))


def test_whatever_decides_the_tokens_is_in_its_key(tmp_path: Path) -> None:
    tokenizer, templated = made_tokenizer("large"), made_tokenizer("large", "chatml")
    other = made_tokenizer("large", "chatml")
    other.chat_template = CHATML.replace("assistant", "model")
    dataset = small(tmp_path / "one", train=TEXTS, valid=TEXTS)
    changed = small(tmp_path / "two", train=TEXTS[:2], valid=TEXTS)
    keys = [
        cache_key(dataset, "train", tokenizer, TextEncoder(tokenizer)),
        cache_key(dataset, "valid", tokenizer, TextEncoder(tokenizer)),
        cache_key(changed, "train", tokenizer, TextEncoder(tokenizer)),
        cache_key(dataset, "train", made_tokenizer("single bytes"), TextEncoder(tokenizer)),
        cache_key(dataset, "train", templated, TextEncoder(templated)),
        cache_key(dataset, "train", templated, ChatEncoder(templated)),
        cache_key(dataset, "train", other, ChatEncoder(other)),
    ]
    assert len(set(keys)) == len(keys)


def test_it_lies_beside_the_dataset_where_that_is_in_an_output_folder(built: Build, tmp_path: Path) -> None:
    folder = built("novel-pretrain")
    assert store_root(open_dataset(str(folder), folder)) == folder.parent.parent / ".siku"
    assert store_root(small(tmp_path / "a" / "b", train=TEXTS)) == tmp_path / "cache" / "siku"


@pytest.mark.parametrize(("extra", "dtype"), [(0, "uint16"), (66_000, "uint32")])
def test_ids_take_two_bytes_where_they_can(tmp_path: Path, extra: int, dtype: str) -> None:
    tokenizer = made_tokenizer("large")
    # Chinese words of two rare characters: more than 65,536 in all
    tokenizer.add_tokens([chr(0x4E00 + number // 300) + chr(0x7000 + number % 300) for number in range(extra)])
    word = chr(0x4E00 + 65_999 // 300) + chr(0x7000 + 65_999 % 300)
    cache = open_cache(small(tmp_path / "one", train=texts(word)), "train", tokenizer, TextEncoder(tokenizer))
    assert cache.ids.dtype == dtype
    assert cache.ids.tolist() == [*tokenizer(word, add_special_tokens=False)["input_ids"], tokenizer.eos_token_id]
    assert cache.ids.max() > (65_535 if extra else 0)


def test_a_split_without_rows(tmp_path: Path) -> None:
    tokenizer = made_tokenizer("large")
    cache = open_cache(small(tmp_path / "one", train=TEXTS), "valid", tokenizer, TextEncoder(tokenizer))
    assert (len(cache), cache.tokens, cache.problems()) == (0, 0, [])


def test_another_process_can_be_handed_it(tmp_path: Path) -> None:
    tokenizer = made_tokenizer("large")
    cache = open_cache(small(tmp_path / "one", train=TEXTS), "train", tokenizer, TextEncoder(tokenizer))
    handed = pickle.dumps(cache)
    assert len(handed) < 2000  # where it lies, not what is in it
    assert same(pickle.loads(handed), cache)


@pytest.mark.parametrize("name", ["ids.bin", "marks.bin", "offsets.bin", "names.bin", "sealed.json"])
@pytest.mark.parametrize("damage", ["flip", "shorten", "remove"])
def test_a_damaged_cache_is_made_again(tmp_path: Path, name: str, damage: str) -> None:
    dataset, tokenizer = small(tmp_path / "one", train=TEXTS), made_tokenizer("large")
    made = open_cache(dataset, "train", tokenizer, TextEncoder(tokenizer))
    before = digests(made.folder)
    file = made.folder / name
    content = bytearray(file.read_bytes())
    file.unlink()
    if damage == "flip":
        content[len(content) // 2] ^= 1
        file.write_bytes(content)
    elif damage == "shorten":
        file.write_bytes(content[:-1])
    again = open_cache(dataset, "train", tokenizer, TextEncoder(tokenizer))
    assert digests(again.folder) == before


def test_rows_that_teach_nothing_are_told_with_count_and_ids(tmp_path: Path) -> None:
    rows = talks(["在吗", "在。"], *[["在吗"]] * 7)
    tokenizer = made_tokenizer("large", "chatml")
    dataset = small(tmp_path / "one", train=rows)
    for _ in range(2):  # a cache that was found tells the same
        (problem,) = open_cache(dataset, "train", tokenizer, ChatEncoder(tokenizer)).problems()
        assert problem.what == "7 rows of train without a token that carries loss"
        assert problem.where == "small@1, m1, m2, m3, m4, m5 and 2 more"
    empty = small(tmp_path / "two", valid=texts("雪停了。", ""))
    (problem,) = open_cache(empty, "valid", tokenizer, TextEncoder(tokenizer)).problems()
    assert (problem.what, problem.where) == ("1 row of valid without a token that carries loss", "small@1, t1")


def test_turns_that_never_stop_and_rows_that_are_refused_are_told_at_once(tmp_path: Path) -> None:
    tokenizer = made_tokenizer("large")
    tokenizer.chat_template = "{{ raise_exception('no') if messages[0].role == 'system' }}" + CHATML.replace(
        "<|im_end|>", ""
    )
    dataset = small(tmp_path / "one", train=talks(["在吗", "在。"], ["系统：摆渡人", "在吗", "在。"]))
    problems = open_cache(dataset, "train", tokenizer, ChatEncoder(tokenizer)).problems()
    assert [(problem.what.partition(":")[0], problem.where) for problem in problems] == [
        ("1 row of train with an assistant turn that ends in no special token", "small@1, m0"),
        ("1 row of train that the chat template refuses", "small@1, m1"),
    ]
    assert all("chat_template_path" in problem.next for problem in problems)


def test_long_rows_are_told_with_the_length_they_need(tmp_path: Path) -> None:
    tokenizer = made_tokenizer("large", "chatml")
    dataset = small(tmp_path / "one", train=talks(["在吗", "在。"], ["在吗", "在。" * 50]))
    cache = open_cache(dataset, "train", tokenizer, ChatEncoder(tokenizer))
    needed = int(cache.lengths.max())
    assert cache.too_long(needed) == []
    (problem,) = cache.too_long(needed - 1)
    assert problem.what == f"1 of 2 rows of train are longer than max_length {needed - 1}"
    assert (problem.where, problem.next) == ("small@1, m1", f"--set max_length={needed}, or --set too_long=skip")


MAKE = """
import sys
from pathlib import Path
from tests.trainers.made_tokenizers import made_tokenizer
from trainers.rows.cache import open_cache
from trainers.rows.dataset import open_dataset
from trainers.rows.tokens import TextEncoder

tokenizer = made_tokenizer("large")
encoder = TextEncoder(tokenizer)
print("begins", flush=True)
open_cache(open_dataset(sys.argv[1], Path("nowhere")), "train", tokenizer, encoder)
print("done", flush=True)
"""


def begin(folder: Path) -> subprocess.Popen[str]:
    words = [sys.executable, "-c", MAKE, str(folder)]
    child = subprocess.Popen(words, stdout=subprocess.PIPE, text=True, cwd=HOME)
    assert child.stdout and child.stdout.readline() == "begins\n"
    return child


@pytest.mark.slow
def test_a_kill_leaves_nothing_that_is_taken_for_whole(tmp_path: Path) -> None:
    """Killed while it writes, at several moments; the one after that makes the same as one that was left alone."""
    text = passage("cache", 3000)
    dataset = small(tmp_path / "one", train=texts(*[text] * 600))
    tokenizer = made_tokenizer("large")
    encoder = TextEncoder(tokenizer)
    root = store_root(dataset)
    caught = 0
    for wait_s in (0.0, 0.1, 0.3, 0.6):
        child = begin(dataset.folder)
        while child.poll() is None and not list(root.glob("tmp/*/ids.bin")):
            time.sleep(0.001)
        time.sleep(wait_s)
        child.send_signal(signal.SIGKILL)
        child.communicate()
        caught += bool(list(root.glob("tmp/*/ids.bin")))
        if list(root.glob("work/*/*/ids.bin")):  # it was done before the kill came: what is there is looked at below
            break
    assert caught, "no kill came while the cache was written"
    made = open_cache(dataset, "train", tokenizer, encoder)
    assert list(root.glob("tmp/*")) == []
    for number in (0, 599):
        assert made.document(number)[0].tolist() == encoder.encode([text])[0].ids.tolist()
    assert len(made) == 600


@pytest.mark.slow
def test_two_processes_at_once_make_one_cache(tmp_path: Path) -> None:
    dataset = small(tmp_path / "one", train=texts(*[passage("cache", 3000)] * 100))
    children = [begin(dataset.folder) for _ in range(2)]
    assert [child.communicate()[0] for child in children] == ["done\n"] * 2
    root = store_root(dataset)
    assert len(list(root.glob("work/*/*"))) == 1
    assert list(root.glob("tmp/*")) == []
