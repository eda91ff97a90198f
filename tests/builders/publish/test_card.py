"""The card: read by the Hub's library and by `datasets`, true in its figures, safe whatever the names hold."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from builders.publish.card import FILE, feature_lines, plain, render_card, size_category, write_card

Make = Callable[[], Any]


def front(card: str) -> dict[str, Any]:
    """The YAML head, read as the Hub reads it."""
    yaml = pytest.importorskip("yaml")
    _, head, _ = card.split("---\n", 2)
    read: dict[str, Any] = yaml.safe_load(head)
    return read


def test_the_head_is_what_the_hub_wants(make: Make, tmp_path: Path) -> None:
    made = make()
    made.licence = "CC-BY-SA-4.0"
    assert front(render_card(tmp_path, made.write(tmp_path))) == {
        "pretty_name": "small 1",
        "license": "cc-by-sa-4.0",
        "language": ["zh"],
        "task_categories": ["text-generation"],
        "size_categories": ["n<1K"],
        "tags": ["siku", "chinese", "small"],
        "configs": [
            {
                "config_name": "default",
                "description": f"small 1, {'f' * 64}",
                "data_files": [
                    {"split": "train", "path": "train/*.parquet"},
                    {"split": "valid", "path": "valid/*.parquet"},
                ],
            }
        ],
        "dataset_info": [
            {
                "config_name": "default",
                "features": [{"name": n, "dtype": "string"} for n in ("id", "text", "chapter", "encoding", "title")],
            }
        ],
    }


def test_the_hubs_own_library_reads_it(make: Make, tmp_path: Path) -> None:
    write_card(tmp_path, make().write(tmp_path))
    script = (
        "import sys; from huggingface_hub import DatasetCard; card = DatasetCard.load(sys.argv[1]); "
        "print(card.data.license, card.data.pretty_name, card.data.size_categories, len(card.text) > 500)"
    )
    told = run_python("-c", script, str(tmp_path / FILE), folder=tmp_path)
    assert told.strip() == "other small 1 ['n<1K'] True"


def run_python(*arguments: str, folder: Path) -> str:
    """Another Python, without network, whose caches go below `folder`."""
    surroundings = {**os.environ, "HF_HOME": str(folder / "cache"), "HF_DATASETS_OFFLINE": "1", "HF_HUB_OFFLINE": "1"}
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env=surroundings,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_datasets_loads_it_with_and_without_valid(make: Make, tmp_path: Path) -> None:
    whole, trained = make(), make()
    trained.valid = []
    for name, made in (("whole", whole), ("trained", trained)):
        write_card(tmp_path / name, made.write(tmp_path / name))
        assert (tmp_path / name / "dropped").is_dir() and (tmp_path / name / "evidence").is_dir()
    script = """
import json, sys
from datasets import load_dataset
found = {}
for name in ("whole", "trained"):
    dataset = load_dataset(name)
    found[name] = {split: [rows.num_rows, rows.column_names, rows[0]["id"]] for split, rows in dataset.items()}
json.dump(found, sys.stdout)
"""
    found = json.loads(run_python("-c", script, folder=tmp_path))
    columns = ["id", "text", "chapter", "encoding", "title"]
    train = {"train": [25, columns, "a-0000"]}
    assert found == {"whole": {**train, "valid": [4, columns, "b-0100"]}, "trained": train}


@pytest.mark.parametrize("rows", ["text", "messages"])
def test_the_types_in_the_head_are_those_of_the_files(tmp_path: Path, rows: str) -> None:
    from datasets import Features, load_dataset

    from builders.engine.tables import RowWriter, row_schema

    columns = {"flag": "bool", "n": "int", "share": "float", "名 1": "string", "box": "json"}
    kept = ("书。",) if rows == "text" else ([{"role": "user", "content": "问"}], ["p"])
    with RowWriter(tmp_path / "part.parquet", row_schema(columns, rows)) as writer:
        writer.add(("1", *kept, True, 1, 0.5, "雪", "{}"), 1)
    yaml = pytest.importorskip("yaml")
    lines = feature_lines({"plan": {"output": {"rows": rows}}, "columns": columns})
    (info,) = yaml.safe_load("\n".join(lines))
    read = load_dataset("parquet", data_files=str(tmp_path / "part.parquet"), cache_dir=str(tmp_path / "cache"))
    assert Features._from_yaml_list(info["features"]) == read["train"].features


def test_two_datasets_of_one_version_are_two_in_the_cache(make: Make, tmp_path: Path) -> None:
    """`datasets` names its cache after the folder, "1", and what the card says of the files; not after the files."""
    whole, small = make(), make()
    small.train = small.train[:7]
    for name, made, fingerprint in (("whole", whole, "f" * 64), ("small", small, "e" * 64)):
        manifest = made.write(tmp_path / name / "1")
        write_card(tmp_path / name / "1", {**manifest, "fingerprint": fingerprint})
    script = "from datasets import load_dataset; print([load_dataset(f'{n}/1')['train'].num_rows for n in ('whole', 'small')])"
    assert run_python("-c", script, folder=tmp_path).strip() == "[25, 7]"


def test_the_python_block_in_it_runs(make: Make, tmp_path: Path) -> None:
    made = make()
    made.name = '雪 "夜"'
    folder = tmp_path / "out" / made.name / "1"
    manifest = made.write(folder)
    write_card(folder, manifest)
    block = re.search(r"```python\n(.*?)```", (folder / FILE).read_text(encoding="utf-8"), re.DOTALL)
    assert block
    assert "'id': 'a-0000'" in run_python("-c", block[1], folder=tmp_path)


def test_it_tells_the_figures_and_the_reasons(make: Make, tmp_path: Path) -> None:
    manifest = make().write(tmp_path)
    card = render_card(tmp_path, manifest)
    for line in (
        "| rows in `train` | 25 |",
        "| removed as duplicates | 3 |",
        "| 4 | too short | Tidy |",
        "| 2 | near duplicate | Copies |",
        "| 1 | quarantined: not text | (source) |",
        f"| 书1.txt | 1,001 | `{manifest['inputs'][1]['sha256'][:16]}` |",
        "siku build small --as 1 --input texts",
        "siku verify small@1",
        "siku inspect small@1 ID",
        "## What this dataset is not",
        "The recipe names no licence",
        "pyarrow 26",
        "`" + "f" * 64 + "`",
    ):
        assert line in card
    assert str(tmp_path) not in card
    assert card == render_card(tmp_path, manifest | {"files": {}})


def test_what_is_held_out_is_named(make: Make, tmp_path: Path) -> None:
    made = make()
    made.evidence += [(f"b-{n:04d}", "Tidy", "held out: 雪夜*", "雪夜") for n in range(100, 104)]
    assert "4 rows in `valid`. Marked documents, before later steps: 雪夜\\* (4)." in render_card(
        tmp_path, made.write(tmp_path)
    )
    made.valid = []
    card = render_card(tmp_path / "without", made.write(tmp_path / "without"))
    assert "there is no `valid` split" in card
    assert [file["split"] for file in front(card)["configs"][0]["data_files"]] == ["train"]


def test_fifty_inputs_are_listed_and_the_rest_counted(make: Make, tmp_path: Path) -> None:
    made = make()
    made.inputs = 1234
    card = render_card(tmp_path, made.write(tmp_path))
    assert len(re.findall(r"^\| 书\d+\.txt ", card, re.MULTILINE)) == 50
    assert "1,234 inputs" in card and "and 1,184 more" in card


def test_a_part_of_the_inputs_is_called_a_part(make: Make, tmp_path: Path) -> None:
    manifest = make().write(tmp_path)
    assert "It is a part" not in render_card(tmp_path, manifest)
    manifest["plan"]["limit"] = 100
    assert "Only the first 100 documents" in render_card(tmp_path, manifest)


@pytest.mark.parametrize(
    ("licence", "known", "name"),
    [
        ("mit", "mit", None),
        ("CC BY SA 4.0", "cc-by-sa-4.0", None),
        ("other", "other", None),
        ("", "other", "see-card"),
        ("public domain (texts) / CC-0: notes", "other", "public-domain-texts-cc-0-notes"),
        ("仅供研究", "other", "see-card"),
    ],
)
def test_a_licence_that_the_hub_does_not_know_gets_a_name(
    make: Make, tmp_path: Path, licence: str, known: str, name: str | None
) -> None:
    made = make()
    made.licence = licence
    head = front(render_card(tmp_path, made.write(tmp_path)))
    assert (head["license"], head.get("license_name")) == (known, name)


@pytest.mark.parametrize(
    "name", ['a"b', "no", "1", "a: b", "- x", "#", "雪夜\u2028\x00", "'", "x\n---\ny: 1", "{", "@a"]
)
def test_no_name_breaks_the_head_or_a_table(make: Make, tmp_path: Path, name: str) -> None:
    made = make()
    made.name = name
    manifest = made.write(tmp_path)
    for one in manifest["inputs"]:
        one["name"] = f"{name}|`*<script>.txt"
    card = render_card(tmp_path, manifest)
    head = front(card)
    assert isinstance(head["pretty_name"], str) and head["configs"][0]["config_name"] == "default"
    assert all(isinstance(tag, str) for tag in head["tags"])
    body = re.sub(r"```.*?```", "", card, flags=re.DOTALL)
    assert not re.search(r"(?<!\\)<script>", body)
    inputs = [line for line in card.splitlines() if ".txt" in line and line.startswith("|")]
    assert [len(re.findall(r"(?<!\\)\|", line)) for line in inputs] == [4, 4]


def test_plain_text_means_nothing_but_itself() -> None:
    assert plain("a|b`c*\n\n# d") == "a\\|b\\`c\\* \\# d"
    assert plain("<b>&amp;") == "\\<b\\>\\&amp;"
    assert plain("字" * 500) == "字" * 160 + "…"


@pytest.mark.parametrize(
    ("rows", "size"),
    [
        (1, "n<1K"),
        (999, "n<1K"),
        (1_000, "1K<n<10K"),
        (99_999, "10K<n<100K"),
        (10**6, "1M<n<10M"),
        (10**9, "1B<n<10B"),
        (10**12, "n>1T"),
    ],
)
def test_size_categories(rows: int, size: str) -> None:
    assert size_category(rows) == size
