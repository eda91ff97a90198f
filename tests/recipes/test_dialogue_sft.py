"""dialogue-sft, as a person runs it: chats of several formats to messages, and what became of each."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pyarrow import parquet

from tests.running import Siku, digests


def rows(folder: Path, part: str) -> list[dict[str, Any]]:
    return [row for path in sorted((folder / part).glob("*.parquet")) for row in parquet.read_table(path).to_pylist()]


def chats(folder: Path) -> list[list[str]]:
    return sorted([message["content"] for message in row["messages"]] for row in rows(folder, "train"))


def test_the_examples(siku: Siku, tmp_path: Path) -> None:
    ran = siku("build", "dialogue-sft", "--out", tmp_path, "--json")
    assert ran.code == 0, ran.err
    folder = Path(ran.json["path"])
    train = rows(folder, "train")
    assert ran.json["duplicates"] == 1 and ran.json["quarantined"] == 0 and len(train) == ran.json["rows"]["train"]
    formats = {row["format"] for row in train}
    assert formats == {"xiaohuangji", "qa", "tieba", "lccc", "chatterbot", "messages", "pair"}
    assert ["在吗？", "在的，什么事？"] in chats(folder)
    assert ["周末去爬山吗？", "去！早上七点老地方见。"] in chats(folder)
    for row in train:
        roles = [message["role"] for message in row["messages"] if message["role"] != "system"]
        assert roles == ["user", "assistant"] * (len(roles) // 2) and roles
    assert siku("verify", folder).code == 0


def test_what_a_step_does(siku: Siku, tmp_path: Path) -> None:
    source = tmp_path / "in"
    source.mkdir()
    long = "这里的山路一到下雨天就塌方，客车只能停在镇上，剩下的路要走两个多小时，" * 7
    (source / "chats.jsonl").write_text(
        "\n".join(
            json.dumps(row, ensure_ascii=False)
            for row in (
                {"id": "1", "dialog": ["@小雨 雪停了吗[疑问]", "停了", "http://t.cn/a", "走吧"]},
                {"id": "2", "dialog": ["雪停了吗", "停了。\n走吧"]},
                {"id": "3", "dialog": [f"{long}怎么办？", "坐船", "好", "带上伞"]},
                {"id": "4", "dialog": [f"{long}怎么办？", "等天晴再说", "好", "路上小心"]},
                {"id": "5", "dialog": ["說好了幾點來接我們", "這個時間還沒有定下來"]},
                {"id": "6", "dialog": ["今天到底去哪里", "今天到底去哪里？"]},
                {"id": "6b", "dialog": ["今天到底去哪里！", "今天到底去哪里"]},
                {"id": "7", "dialog": ["没人回答"]},
            )
        )
    )
    ran = siku("build", "dialogue-sft", "--input", source, "--out", tmp_path / "out", "--json", code=1)
    assert ran.json["quarantined"] == 1
    folder = Path(ran.json["path"])
    found = {
        row["id"]: ([message["content"] for message in row["messages"]], row["parents"])
        for row in rows(folder, "train")
    }
    assert found["5"] == (["说好了几点来接我们", "这个时间还没有定下来"], [])
    assert found["3-0002"][0] == ["好", "带上伞"] and found["3-0002"][1] == ["3"]
    assert (
        found["3-0001"][0][1] == "坐船" and len(found["3-0001"][0][0]) == 230 and found["4-0001"][0][1] == "等天晴再说"
    )
    dropped = {row["id"]: row for row in rows(folder, "dropped")}
    assert {"1", "2"} & dropped.keys() and dropped[({"1", "2"} & dropped.keys()).pop()]["duplicate_of"] in {"1", "2"}
    for id in ("6", "6b"):
        assert dropped[id]["reason"].startswith("answer repeats the request") and dropped[id]["duplicate_of"] is None
    assert siku("verify", folder).code == 0


def test_whole_conversations_and_the_same_bytes(siku: Siku, tmp_path: Path) -> None:
    whole = siku("build", "dialogue-sft", "--out", tmp_path / "a", "--set", "steps.Windows.max_chars=0", "--json")
    assert whole.code == 0, whole.err
    longest = max(chats(Path(whole.json["path"])), key=len)
    assert len(longest) == 5 and longest[0] == "你是一家网上书店的客服。"
    again = siku(
        "build",
        "dialogue-sft",
        "--out",
        tmp_path / "b",
        "--set",
        "steps.Windows.max_chars=0",
        "--workers",
        "2",
        "--json",
    )
    assert digests(Path(whole.json["path"]) / "train") == digests(Path(again.json["path"]) / "train")


def test_wrong_settings_are_named(siku: Siku, tmp_path: Path) -> None:
    ran = siku("build", "dialogue-sft", "--out", tmp_path, "--set", "source.format=lcc", code=2)
    assert "did you mean lccc" in ran.err
    ran = siku("build", "dialogue-sft", "--out", tmp_path, "--set", "source.mapping=a -> b", code=2)
    assert "is no 'column+column -> role'" in ran.err
