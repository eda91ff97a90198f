"""What is pushed is what people load: at its tag, streamed, and one of several configurations."""

from __future__ import annotations

from collections.abc import Callable

from tests.running import Siku

Python = Callable[[str], str]


def test_datasets_loads_a_version_at_its_tag(run: Siku, python: Python) -> None:
    run("push", "text-pretrain@1", "me/zh", "--yes")
    run("push", "text-pretrain@2", "me/zh", "--yes")
    found = python(
        "from datasets import load_dataset\n"
        "one = load_dataset('me/zh', revision='1', split='train')\n"
        "two = load_dataset('me/zh', revision='2', split='train', streaming=True)\n"
        "print(one.num_rows, one.column_names[:2], one[0]['id'], sum(1 for _ in two), next(iter(two))['text'] == one[0]['text'])"
    )
    assert found == "20 ['id', 'text'] r1 25 True"


def test_datasets_loads_each_of_several(run: Siku, python: Python) -> None:
    run("push", "text-pretrain@1", "dialogue-sft", "me/both", "--yes")
    found = python(
        "from datasets import get_dataset_config_names, load_dataset\n"
        "print(get_dataset_config_names('me/both', revision='1'))\n"
        "texts = load_dataset('me/both', 'text-pretrain', revision='1', split='train')\n"
        "talks = load_dataset('me/both', 'dialogue-sft', revision='1', split='train', streaming=True)\n"
        "print(texts.num_rows, next(iter(talks))['messages'][0]['role'], list(talks.features)[:3])"
    )
    configs, rows = found.splitlines()
    assert configs == "['text-pretrain', 'dialogue-sft']" and rows == "20 user ['id', 'messages', 'parents']"
