"""`siku doctor --endpoint`: what a server keeps to, as it shows when it is asked against its instructions."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from generators.demo.chat import ChatRequest, Said
from generators.demo.faults import Faults
from generators.demo.server import Endpoint
from generators.probe import probe
from tests.running import command
from validators.errors import SikuError


def obedient(request: ChatRequest) -> str:
    """A server with constrained decoding: a value of the schema, whatever the prompt says."""
    return '{"answer": "yes"}' if request.response_format == "json_schema" else "好"


def test_forms_are_told_apart_by_what_comes_back() -> None:
    with Endpoint(obedient).running() as url:
        found = probe(url)
    assert found["models"] == ["siku-demo-rules"]
    assert found["forms"] == {"json_schema": "kept to", "json_object": "ignored", "guided": "ignored"}
    assert (found["thinks"], found["counts_tokens"]) == (False, True)


def test_a_refused_form_has_the_words_of_the_server() -> None:
    with Endpoint(obedient, Faults(refuse_response_format=("json_schema",))).running() as url:
        forms = probe(url)["forms"]
    assert forms["json_schema"].startswith("refused (status 400: ")
    assert forms["json_object"] == "ignored"


def test_thinking_is_seen() -> None:
    with Endpoint(lambda request: Said("好", reasoning="先想一想。")).running() as url:
        assert probe(url)["thinks"] is True
    with Endpoint(lambda request: "<think>先想一想。</think>好").running() as url:
        assert probe(url)["thinks"] is True


def test_nobody_there() -> None:
    with pytest.raises(SikuError) as caught:
        probe("127.0.0.1:1")
    assert caught.value.exit_code == 4


def test_on_the_command_line(tmp_path: Path) -> None:
    with Endpoint(obedient).running() as url:
        words = command("doctor", "--endpoint", url, "--json", "--out", tmp_path)
        ran = subprocess.run(words, capture_output=True, text=True, check=True)
        told = subprocess.run(command("doctor", "--endpoint", url), capture_output=True, text=True, check=True)
    assert json.loads(ran.stdout)["endpoints"][0]["forms"]["json_schema"] == "kept to"
    assert "json_schema: kept to" in told.stdout
    assert "a short reply took" in told.stdout
