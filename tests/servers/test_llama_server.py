"""The real server with a random model: what it answers, what it refuses, and how it ends."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import jsonschema
import openai
import pytest

from tests.running import HOME
from tests.servers.llama_server import LlamaServer, LlamaSettings, llama_server

KEY = "a key of the tests"
TALK: Any = [
    {"role": "user", "content": "请根据原文写出 3 组问答。\n<原文>\n腊月里的一个早晨，渡口结了薄冰。\n</原文>"}
]
PAIRS: dict[str, Any] = {
    "type": "object",
    "properties": {
        "pairs": {
            "type": "array",
            "minItems": 3,
            "maxItems": 3,
            "items": {
                "type": "object",
                "properties": {"question": {"type": "string"}, "answer": {"type": "string"}},
                "required": ["question", "answer"],
                "additionalProperties": False,
            },
        }
    },
    "required": ["pairs"],
    "additionalProperties": False,
}


@pytest.fixture(scope="module")
def server(tiny_gguf: Path) -> Iterator[LlamaServer]:
    with llama_server(LlamaSettings(tiny_gguf, api_key=KEY)) as running:
        yield running


@pytest.fixture
def client(server: LlamaServer) -> Iterator[openai.OpenAI]:
    with client_of(server, KEY) as made:
        yield made


def client_of(server: LlamaServer, key: str) -> openai.OpenAI:
    return openai.OpenAI(base_url=server.url, api_key=key, max_retries=0)


def enforced(schema: dict[str, Any]) -> Any:
    return {"type": "json_schema", "json_schema": {"name": "pairs", "strict": True, "schema": schema}}


def accepts(host: str, port: int) -> bool:
    try:
        with socket.create_connection((host, port)):
            return True
    except OSError:
        return False


def test_the_models_are_told(client: openai.OpenAI) -> None:
    assert [model.id for model in client.models.list().data] == ["tiny-qwen2"]


def test_a_completion_ends_at_max_tokens(client: openai.OpenAI) -> None:
    reply = client.chat.completions.create(model="tiny-qwen2", messages=TALK, max_tokens=7, seed=1)
    (choice,) = reply.choices
    assert choice.message.role == "assistant" and choice.message.content
    assert reply.usage and reply.usage.completion_tokens == 7
    assert choice.finish_reason == "length"


@pytest.mark.parametrize("seed", range(3))
def test_a_schema_is_enforced_or_the_answer_breaks_off(client: openai.OpenAI, seed: int) -> None:
    try:
        reply = client.chat.completions.create(
            model="tiny-qwen2", messages=TALK, max_tokens=200, seed=seed, response_format=enforced(PAIRS)
        )
    except openai.InternalServerError as error:  # it broke off within a character, and the server cannot read it
        assert "does not match the expected" in str(error)
        return
    (choice,) = reply.choices
    text = choice.message.content or ""
    assert text.lstrip().startswith("{")
    if choice.finish_reason == "length":
        assert reply.usage and reply.usage.completion_tokens == 200
        with pytest.raises(json.JSONDecodeError):
            json.loads(text)
    else:
        jsonschema.validate(json.loads(text), PAIRS)


@pytest.mark.parametrize("seed", range(3))
def test_a_schema_with_lengths_is_enforced_to_the_end(client: openai.OpenAI, seed: int) -> None:
    bounded = deepcopy(PAIRS)
    said = bounded["properties"]["pairs"]["items"]["properties"]
    said["question"]["maxLength"], said["answer"]["maxLength"] = 15, 30
    reply = client.chat.completions.create(
        model="tiny-qwen2", messages=TALK, max_tokens=1200, seed=seed, response_format=enforced(bounded)
    )
    assert reply.choices[0].finish_reason == "stop"
    jsonschema.validate(json.loads(reply.choices[0].message.content or ""), bounded)


def test_a_prompt_beyond_a_slots_share_of_the_context_is_refused(client: openai.OpenAI) -> None:
    with pytest.raises(openai.BadRequestError) as refused:
        client.chat.completions.create(model="tiny-qwen2", messages=[{"role": "user", "content": "冰" * 2048}])
    assert isinstance(refused.value.body, dict)
    told: dict[str, Any] = refused.value.body
    assert (told["code"], told["type"], told["n_ctx"]) == (400, "exceed_context_size_error", 2048)
    assert told["n_prompt_tokens"] > 2048
    assert "exceeds the available context size (2048 tokens)" in told["message"]


def test_a_wrong_key_is_refused(server: LlamaServer) -> None:
    with client_of(server, "another") as stranger, pytest.raises(openai.AuthenticationError, match="Invalid API Key"):
        stranger.chat.completions.create(model="tiny-qwen2", messages=TALK, max_tokens=1)


def test_without_a_key_every_key_will_do(tiny_gguf: Path) -> None:
    settings = LlamaSettings(tiny_gguf, parallel=1, context_tokens=512, threads=2)
    with llama_server(settings) as open_to_all, client_of(open_to_all, "any") as client:
        reply = client.chat.completions.create(model="any", messages=TALK, max_tokens=3)
        assert reply.usage and reply.usage.completion_tokens == 3
        with pytest.raises(openai.BadRequestError, match="512 tokens"):
            client.chat.completions.create(model="any", messages=[{"role": "user", "content": "冰" * 2048}])


def test_a_server_that_is_killed_breaks_off_and_comes_back_at_its_port(tiny_gguf: Path) -> None:
    failures: list[Exception] = []

    def ask_for_much(server: LlamaServer) -> None:
        try:
            with client_of(server, "any") as client:
                for piece in client.chat.completions.create(model="any", messages=TALK, max_tokens=1500, stream=True):
                    if piece.choices:
                        begun.set()
        except Exception as error:
            failures.append(error)
        finally:
            begun.set()

    begun = threading.Event()
    with llama_server(LlamaSettings(tiny_gguf)) as server:
        asking = threading.Thread(target=ask_for_much, args=(server,))
        asking.start()
        begun.wait()
        server.kill()
        asking.join()
        assert not server.running
    assert len(failures) == 1
    port = urlsplit(server.url).port
    assert port
    with llama_server(LlamaSettings(tiny_gguf, port=port)) as again:
        assert again.url == server.url
        with client_of(again, "any") as client:
            assert client.models.list().data


def test_it_ends_while_it_answers(tiny_gguf: Path) -> None:
    with llama_server(LlamaSettings(tiny_gguf)) as server:
        client = client_of(server, "any")
        stream = client.chat.completions.create(model="any", messages=TALK, max_tokens=1500, stream=True)
        next(stream)
    assert not server.running
    stream.close()
    client.close()


def test_a_model_that_is_none_is_told_with_the_servers_words(tmp_path: Path) -> None:
    nothing = tmp_path / "nothing.gguf"
    nothing.write_bytes(b"GGUF it is not")
    told = pytest.raises(RuntimeError, match=r"did not start \(exit code 1\)(?s:.*)failed to load model")
    with told, llama_server(LlamaSettings(nothing)):
        pass


def test_a_failing_block_is_told_what_the_server_said(tiny_gguf: Path) -> None:
    with pytest.raises(ZeroDivisionError) as failed, llama_server(LlamaSettings(tiny_gguf)):
        raise ZeroDivisionError
    assert "listening on http://127.0.0.1:" in "".join(failed.value.__notes__)


def test_it_does_not_outlive_the_process_that_started_it(tiny_gguf: Path) -> None:
    program = f"""
import os
from pathlib import Path
from tests.servers.llama_server import LlamaSettings, llama_server
with llama_server(LlamaSettings(Path({str(tiny_gguf)!r}))) as server:
    print(server.address, flush=True)
    os.kill(os.getpid(), 9)
"""
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=HOME, check=False)
    address = urlsplit(ran.stdout.strip())
    assert address.hostname and address.port
    while accepts(address.hostname, address.port):  # were it to stay, this would not end
        time.sleep(0.02)


def test_importing_the_servers_loads_no_model_package() -> None:
    names = sorted(path.stem for path in Path(__file__).parent.glob("*.py") if not path.stem.startswith("test_"))
    program = f"""
import importlib, sys
for name in {names!r}:
    importlib.import_module("tests.servers." + name)
print([name for name in ("torch", "transformers", "tokenizers", "gguf", "xllamacpp", "numpy") if name in sys.modules])
"""
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=HOME)
    assert run.stdout.strip() == "[]"
