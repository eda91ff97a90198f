"""docs/endpoints.md: its file starts a server, its lines of siku are commands, and what it tells of requests is so."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
import urllib.request
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from tests.running import HOME
from tests.servers.fixtures import tiny_gguf, tiny_qwen2

__all__ = ["tiny_gguf", "tiny_qwen2"]  # fixtures
PAGE = (HOME / "docs" / "endpoints.md").read_text(encoding="utf-8")
SHELL = "\n".join(re.findall(r"```bash\n(.*?)```", PAGE, re.DOTALL)).replace("\\\n", " ")
PYTHON = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
NEEDED = ("xllamacpp", "gguf", "torch", "transformers")
FORCED = {
    "type": "object",
    "properties": {"书": {"enum": ["雪夜渡口"]}},
    "required": ["书"],
    "additionalProperties": False,
}


def siku_lines() -> list[list[str]]:
    return [shlex.split(line)[1:] for line in SHELL.splitlines() if line.startswith("siku ")]


def settings() -> list[str]:
    return [words[place + 1] for words in siku_lines() for place, word in enumerate(words) if word == "--set"]


def ask(url: str, body: Any = None) -> Any:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"})
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=60) as reply:
        return json.load(reply)


@pytest.mark.slow
@pytest.mark.skipif(not all(map(find_spec, NEEDED)), reason=f"not installed: one of {', '.join(NEEDED)}")
def test_the_file_starts_a_server_as_the_page_says(tiny_gguf: Path) -> None:
    (program,) = PYTHON
    changed = program.replace("Qwen3-4B-Instruct-2507-Q4_K_M.gguf", str(tiny_gguf)).replace('"], 8080', '"], 0')
    assert changed.count(str(tiny_gguf)) == 1 and "8080" not in changed
    changed = changed.replace("= 65536, 8", "= 4096, 8")  # the tiny model takes 2,048 at most
    process = subprocess.Popen([sys.executable, "-c", changed], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    with process:
        try:
            assert process.stdout
            url = process.stdout.readline().decode().strip()
            (model,) = ask(f"{url}/models")["data"]
            assert (model["id"], model["meta"]["n_ctx"]) == ("qwen3-4b", 4096 // 8)
            schema = {"type": "json_schema", "json_schema": {"name": "reply", "strict": True, "schema": FORCED}}
            question = {"model": "any", "messages": [{"role": "user", "content": "书名？"}], "max_tokens": 200}
            (choice,) = ask(f"{url}/chat/completions", question | {"response_format": schema})["choices"]
            assert json.loads(choice["message"]["content"]) == {"书": "雪夜渡口"}
        finally:
            process.kill()


def test_every_line_of_siku_is_a_command_as_people_type_it() -> None:
    import cli
    from validators.command_line import parse

    lines = siku_lines()
    assert len(lines) > 5
    for words in lines:
        args = parse(cli.make_parser(), words)
        assert args.command in ("synth-qa", "doctor") and args.endpoint, words


def test_the_settings_of_the_page_reach_the_request() -> None:
    from builders.engine.plan import apply_settings
    from generators.request import Request
    from generators.synthesise import task_of
    from generators.task import Passage
    from recipes.synth_qa import recipe

    assert len(settings()) == 2
    for setting in settings():
        task = task_of(apply_settings(recipe, [setting]))
        request: Request = task.request(task.question(Passage("1", "腊月里的一个早晨，渡口结了薄冰。"), 3), None)
        said = json.loads(setting.partition("=")[2])
        assert said and request.body("m").items() >= said.items()


def test_the_figures_of_a_request_are_the_defaults() -> None:
    from generators.endpoint import FORMS, form_fields
    from generators.synthesise import task_of
    from generators.task import Passages
    from recipes.synth_qa import recipe

    task, passages = task_of(recipe), next(step for step in recipe.steps if isinstance(step, Passages))
    assert (task.temperature, task.top_p, task.max_tokens, task.repairs) == (0.7, 0.8, 2048, 2)
    for figure in ("`temperature` 0.7", "`top_p` 0.8", "`max_tokens` 2,048", "`repairs` = 2"):
        assert figure in PAGE
    assert f"at most {passages.max_chars:,} characters" in PAGE
    ways = re.findall(r"^\d\. (.*)$", PAGE, re.MULTILINE)
    assert len(ways) == len(FORMS)
    for form, way in zip(FORMS, ways, strict=True):
        fields = form_fields(form, FORCED)
        kind = fields.get("response_format", {}).get("type")
        assert {name for name in fields if f"`{name}`" not in way} == set() and (kind is None or f"`{kind}`" in way)
