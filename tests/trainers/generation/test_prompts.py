"""Files of prompts as people have them."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from builders.document import Message
from trainers.evaluation.predict import Prompt
from trainers.evaluation.trained import Described
from trainers.generation.prompts import Asked, read_prompts
from trainers.training.models import ModelSource
from validators.errors import SikuError


def written(tmp_path: Path, text: str | bytes, name: str = "p.jsonl") -> Path:
    file = tmp_path / name
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return file


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_a_text_file_has_a_prompt_a_line(tmp_path: Path, encoding: str) -> None:
    text = "腊月二十三那天，雪从早晨一直下到天黑。\r\n\r\n  渡口的船都拴在木桩上，  \n"
    found = read_prompts(written(tmp_path, text.encode(encoding), "p.txt"))
    assert found == [Asked("1", "腊月二十三那天，雪从早晨一直下到天黑。"), Asked("3", "渡口的船都拴在木桩上，")]


def test_rows_of_every_kind(tmp_path: Path) -> None:
    talk = [{"role": "user", "content": "开船吗？"}, {"role": "assistant", "content": "不开。"}]
    rows: list[dict[str, Any]] = [
        {"id": "a", "prompt": "雪停了。", "reference": "天亮了。"},
        {"question": "渡口在哪里？", "answer": "在河边。"},
        {"text": "船篷上"},
        {"id": "a", "messages": talk},
        {"messages": [*talk, {"role": "user", "content": "明天呢？", "name": "x"}]},
    ]
    file = written(tmp_path, "\n".join(json.dumps(row) for row in rows))
    assert read_prompts(file) == [
        Asked("a", "雪停了。", (), "天亮了。"),
        Asked("2", "渡口在哪里？", (), "在河边。"),
        Asked("3", "船篷上"),
        Asked("a~2", "", ({"role": "user", "content": "开船吗？"},), "不开。"),
        Asked("5", "", (*talk, {"role": "user", "content": "明天呢？"})),  # type: ignore[arg-type]
    ]
    assert read_prompts(written(tmp_path, json.dumps(rows), "p.json")) == read_prompts(file)
    assert len(read_prompts(file, limit=2)) == 2


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ('{"prompt": " "}', "no prompt"),
        ('{"other": "雪"}', "no prompt"),
        ('{"messages": [{"role": "robot", "content": "雪"}]}', "its messages are none"),
        ('{"messages": [{"role": "assistant", "content": "雪"}]}', "nothing before the answer"),
        ('{"messages": "雪"}', "its messages are none"),
        ('{"prompt": "雪"', "broken JSON"),
        ("[1]", "not a JSON object"),
    ],
)
def test_rows_without_a_prompt_are_named(tmp_path: Path, row: str, why: str) -> None:
    with pytest.raises(SikuError, match="1 rows of the prompts cannot be used") as told:
        read_prompts(written(tmp_path, '{"prompt": "好"}\n' + row))
    assert why in told.value.why
    assert "2" in told.value.why or row == "[1]"


def test_no_prompts(tmp_path: Path) -> None:
    with pytest.raises(SikuError, match="no prompt in the file"):
        read_prompts(written(tmp_path, "\n \n", "p.txt"))
    with pytest.raises(SikuError, match="cannot be read"):
        read_prompts(tmp_path / "gone.txt")
    with pytest.raises(SikuError, match="cannot be read"):
        read_prompts(tmp_path)


class Template:
    """A tokenizer that has a chat template, and nothing else."""

    def __init__(self, chat_template: str | None = "…") -> None:
        self.chat_template = chat_template

    def apply_chat_template(self, messages: list[dict[str, str]], **options: Any) -> str:
        assert options == {"tokenize": False, "add_generation_prompt": True}
        return "".join(f"<{one['role']}>{one['content']}" for one in messages) + "<assistant>"


def model(chat_template: str | None = "…", encoder: bool = False) -> Described:
    config = SimpleNamespace(is_encoder_decoder=encoder)
    return Described("model", ModelSource("model", config), Template(chat_template))


def test_a_text_is_what_the_user_says_where_there_is_a_template() -> None:
    asked = Asked("1", "雪停了。", (), "天亮了。")
    assert asked.prompt(model(), as_text=False) == Prompt("1", "<user>雪停了。<assistant>", "天亮了。")
    assert asked.prompt(model(), as_text=True) == Prompt("1", "雪停了。", "天亮了。")
    assert asked.prompt(model(None), as_text=False).text == "雪停了。"


def test_messages_need_a_template() -> None:
    asked = Asked("1", "", ({"role": "user", "content": "开船吗？"},))
    assert asked.prompt(model(), as_text=True).text == "<user>开船吗？<assistant>"
    with pytest.raises(SikuError, match="no chat template"):
        asked.prompt(model(None), as_text=False)


def test_an_encoder_reads_a_source() -> None:
    talk: tuple[Message, ...] = (
        {"role": "user", "content": "开船吗？"},
        {"role": "assistant", "content": "不开。"},
        {"role": "user", "content": "明天呢？"},
    )
    assert Asked("1", "雪停了。").prompt(model(None, encoder=True), as_text=False).text == "雪停了。"
    assert Asked("1", "", talk).prompt(model(None, encoder=True), as_text=False).text == (
        "用户：开船吗？\n助手：不开。\n用户：明天呢？\n助手："
    )
