"""What is in a parcel, under which tag, and what its card says; what may be told of an error."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from builders.publish.hub.client import scrub
from builders.publish.hub.commands import check_tag
from builders.publish.hub.parcel import LocalFile, Parcel, Part, pack, render_joint_card
from builders.publish.hub.remote import RemoteFile, check_repo_id
from tests.builders.publish.hub.conftest import files_of
from tests.servers.repositories import Blob
from validators.errors import SikuError


def parcel(*labels: str) -> Parcel:
    manifests = [dict(zip(("name", "version"), label.split("@"), strict=True)) for label in labels]
    return Parcel([Part(Path(), manifest, "") for manifest in manifests])


def test_the_tag() -> None:
    assert parcel("a@1").tag == "1"
    assert parcel("a@7", "b@7").tag == "7"
    assert parcel("b@2", "a@1").tag == parcel("a@1", "b@2").tag == "a-1_b-2"


@pytest.mark.parametrize("is_large", [True, False])
def test_a_file_is_known_by_its_content(tmp_path: Path, is_large: bool) -> None:
    blob = Blob("书".encode() * 1000, is_large)
    (tmp_path / "x").write_bytes(blob.data)
    there = RemoteFile(len(blob.data), blob.sha256 if is_large else "", blob.oid)
    for content in (tmp_path / "x", blob.data):
        assert LocalFile(content, len(blob.data), blob.sha256).is_like(there)
    other = Blob("事".encode() * 1000, is_large)
    assert not LocalFile(other.data, len(other.data), other.sha256).is_like(there)
    assert not LocalFile(blob.data, len(blob.data), blob.sha256).is_like(None)


def test_the_card_of_several(built: Path) -> None:
    yaml = pytest.importorskip("yaml")
    from builders.engine.progress import Progress

    folders = [built / "text-pretrain/1", built / "dialogue-sft/1"]
    packed = pack(folders, Progress(quiet=True))
    card = render_joint_card(packed.parts)
    assert packed.files["README.md"].content == card.encode()
    assert {path for path in packed.files if "/" in path} == {
        f"{folder.parent.name}/{name}" for folder in folders for name in files_of(folder)
    }
    head: dict[str, Any] = yaml.safe_load(card.split("---\n")[1])
    assert [one["config_name"] for one in head["configs"]] == ["text-pretrain", "dialogue-sft"]
    assert head["configs"][1]["data_files"] == [{"split": "train", "path": "dialogue-sft/train/*.parquet"}]
    assert [one["config_name"] for one in head["dataset_info"]] == ["text-pretrain", "dialogue-sft"]
    assert head["license"] == "other" and head["language"] == ["zh"] and head["size_categories"] == ["n<1K"]
    assert set(head["task_categories"]) == {"text-generation"}
    assert "[dialogue-sft](dialogue-sft/README.md)" in card


@pytest.mark.parametrize(
    "repo_id", ["zh", "me/zh/x", "me/..", "-/-", "", "我/书", "me/a--b", "https://huggingface.co/me/zh"]
)
def test_what_is_no_repository(repo_id: str) -> None:
    check_repo_id("me/zh-2.0_x")
    with pytest.raises(SikuError) as refused:
        check_repo_id(repo_id)
    assert refused.value.exit_code == 2


@pytest.mark.parametrize("tag", ["main", "a b", "../x", "1..2", "x.lock", "-1", "", "x" * 200])
def test_what_is_no_tag(tag: str) -> None:
    check_tag("1.0-rc+2_第三版")
    with pytest.raises(SikuError) as refused:
        check_tag(tag)
    assert refused.value.exit_code == 2


def test_secrets_are_not_told() -> None:
    for told, said in (
        ("a s3cr/t b", "a *** b"),
        ("https://x.example/a?t=s3cr%2Ft&u=1 failed", "https://x.example/a failed"),
        ("x s3cr%2Ft y", "x *** y"),
        ("http://me:other@127.0.0.1:1/a", "http://***@127.0.0.1:1/a"),
        ("https://me:p@ss@x.example/a", "https://***@x.example/a"),
        ("hf_AnotherTokenOfMine", "hf_***"),
        ("https://x.example/datasets/me/zh", "https://x.example/datasets/me/zh"),
    ):
        assert scrub(told, "s3cr/t") == said
    assert scrub("nothing to hide", None) == "nothing to hide"
