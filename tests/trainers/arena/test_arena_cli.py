"""`siku arena` on the command line: the table, prompts, models of this machine, and what cannot be."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from importlib.util import find_spec
from pathlib import Path

import pytest

from builders.publish.local_page.notebook import Notebook
from tests.running import Siku
from tests.trainers.conftest import Build
from trainers.arena.controls import read_ranking, read_sampling
from trainers.arena.presets import Preset, read_presets
from trainers.arena.served import generation_config
from trainers.arena.votes import read_votes, store_at
from validators.errors import SikuError


def cast(folder: Path, count: int = 20) -> Notebook:
    """Votes of which 甲 wins three in four."""
    store = store_at(folder)
    for number in range(count):
        tiers = [["甲"], ["乙"]] if number % 4 else [["乙"], ["甲"]]
        store.append(f"c{number}", "王五", choice="best", tiers=tiers, models={"甲": {"model": "a"}})
    return store


def test_the_table_on_the_terminal_as_json_and_as_files(siku: Siku, tmp_path: Path) -> None:
    store = cast(tmp_path / "votes")
    told = siku("arena", "--votes", "votes", "--table", "--json").json
    best, other = told["models"]
    assert (best["name"], best["won"], best["lost"], best["votes"]) == ("甲", 15, 5, 20)
    assert other["bradley_terry"]["value"] < 1000 < best["bradley_terry"]["value"]
    low, high = best["bradley_terry"]["interval"]
    assert low < best["bradley_terry"]["value"] < high
    shown = siku("arena", "--votes", store.path, "--table").out
    assert "甲" in shown and "votes: 20" in shown and "votes-table.md" in shown
    assert "| 甲 | 1 |" in (tmp_path / "votes/votes-table.md").read_text(encoding="utf-8")
    kept = json.loads((tmp_path / "votes/votes-table.json").read_bytes())
    assert kept["models"] == told["models"]


def test_the_newest_vote_counts_and_torn_lines_are_told(siku: Siku, tmp_path: Path) -> None:
    store = cast(tmp_path, 4)
    store.append("c0", "王五", choice="tie", tiers=[["甲", "乙"]])
    store.append("c0", "李四", choice="all bad", tiers=[["甲", "乙"]])
    with store.path.open("ab") as file:
        file.write('{"item": "c9", "who": "王\n'.encode())
    told = siku("arena", "--votes", tmp_path, "--table", "--json").json
    assert (told["votes"], told["ties"], told["all_bad"], told["torn"]) == (5, 1, 1, 1)


@pytest.mark.parametrize(
    "said",
    [
        {"choice": "best", "tiers": [["甲"]]},
        {"choice": "best", "tiers": [["甲"], ["甲"]]},
        {"choice": "better", "tiers": [["甲"], ["乙"]]},
        {"choice": "best", "tiers": "甲"},
        {"decision": "accept"},
    ],
)
def test_lines_of_another_kind_are_refused(tmp_path: Path, said: dict[str, object]) -> None:
    store = store_at(tmp_path)
    store.append("c1", "王五", **said)
    with pytest.raises(SikuError, match="no votes"):
        read_votes(store)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--table"], "there are no votes yet"),
        ([], "nobody takes part"),
        (["--endpoint", "甲=127.0.0.1:1", "--endpoint", "甲=127.0.0.1:2"], "two are called 甲"),
        (["--endpoint", "甲=ftp://x"], "is no address"),
        (["--endpoint", "127.0.0.1:1", "--temperature", "3", "--token-timeout", "0"], "--token-timeout 0 cannot be"),
        (["--endpoint", "127.0.0.1:1", "--temperature", "3", "--prompts", "nowhere"], "2 things are wrong"),
        (["--endpoint", "127.0.0.1:1", "--seed", "x"], "'x' is no seed"),
        (["--endpoint", "127.0.0.1:1", "--prompts", "nowhere"], "there is no dataset 'nowhere'"),
        (["--endpoint", "127.0.0.1:1", "--host", "0.0.0.0"], "needs a password"),
        (["--model", "nowhere"], "--model is no model"),
    ],
)
def test_mistakes_are_told_in_four_lines(siku: Siku, words: list[str], said: str) -> None:
    ran = siku("arena", *words, code=2)
    assert said in ran.err
    if "--seed" not in words:  # argparse's own
        assert [line.partition(":")[0] for line in ran.err.splitlines()] == ["error", "where", "why", "next"]


# ---------------------------------------------------------------- prompts


def test_prompts_of_tables_lines_and_json(tmp_path: Path) -> None:
    table, lines, rows = (tmp_path / name for name in ("p.csv", "p.txt", "p.jsonl"))
    table.write_bytes('编号,问题\r\n1,"雪夜，渡口\r\n在哪里？"\r\n2,\r\n3,写长江。\r\n'.encode("gb18030"))
    assert [one.prompt for one in read_presets(str(table), tmp_path)] == ["雪夜，渡口\n在哪里？", "写长江。"]
    table.write_text("第一问\n第二问\n第一问\n", encoding="utf-8-sig")
    assert [one.prompt for one in read_presets(str(table), tmp_path)] == ["第一问", "第二问"]
    lines.write_bytes("渡口在哪里？\n\n写长江。\n".encode("gb18030"))
    assert [one.prompt for one in read_presets(str(lines), tmp_path)] == ["渡口在哪里？", "写长江。"]
    turns = [{"role": role, "content": role} for role in ("system", "user", "assistant", "user", "assistant")]
    rows.write_text(json.dumps({"messages": turns}) + '\n{"prompt": "问"}\n', encoding="utf-8")
    assert read_presets(str(rows), tmp_path) == [Preset("user", "system"), Preset("问")]
    table.write_text("问题\n", encoding="utf-8")
    with pytest.raises(SikuError, match="no prompt"):
        read_presets(str(table), tmp_path)


def test_prompts_of_datasets(built: Build) -> None:
    asked = read_presets(str(built("dialogue-sft")), Path("out"))
    assert asked and all(one.prompt and "\n" not in one.label for one in asked)
    begun = read_presets(str(built("text-pretrain")), Path("out"))
    assert begun and all(0 < len(one.prompt) <= 200 for one in begun)


# ---------------------------------------------------------------- controls


def test_rankings() -> None:
    assert read_ranking("b > a = c", "ABC") == [2, 1, 2]
    assert read_ranking("C＞A", ["A", "C"]) == [2, 1]
    for wrong in ("", "A", "A > A", "A > B > C", "A B"):
        with pytest.raises(SikuError):
            read_ranking(wrong, ["A", "B"])


def test_sampling_of_the_controls() -> None:
    sampling = read_sampling([0.5, 0.9, 3.0, 64.0, 1.1, " 12 "])
    assert (sampling.top_k, sampling.max_tokens, sampling.seed) == (3, 64, 12)
    assert read_sampling([0.5, 0.9, 0, 64, 1, ""]).seed is None
    for wrong in (
        [0.5, 0.9, 0, 0, 1, ""],
        [None, 0.9, 0, 64, 1, ""],
        [0.5, 0.9, 0, 64, 1, "x"],
        [0.5, 0.9, 0, 64, 1, "²"],
    ):
        with pytest.raises(SikuError):
            read_sampling(wrong)


# ---------------------------------------------------------------- models of this machine

SERVE = """
import sys, time
from pathlib import Path
from trainers.arena.served import served
with served(Path(sys.argv[1]), lambda line: None) as (url, model, config):
    print(url, flush=True)
    time.sleep(600)
"""


def is_open(url: str) -> bool:
    with socket.socket() as tried:
        return tried.connect_ex(("127.0.0.1", int(url.split(":")[2].split("/")[0]))) == 0


@pytest.mark.slow
@pytest.mark.skipif(not all(map(find_spec, ("xllamacpp", "gguf"))), reason="needs the extra dev")
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_a_server_ends_with_its_parent(tiny_gguf: Path, how: signal.Signals) -> None:
    home = Path(__file__).parents[3]
    words = [sys.executable, "-c", SERVE, str(tiny_gguf)]
    with subprocess.Popen(
        words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=os.environ | {"PYTHONPATH": str(home)}
    ) as parent:
        assert parent.stdout
        url = parent.stdout.readline().strip()
        assert is_open(url)
        parent.send_signal(how)
        parent.wait()
        until = time.monotonic() + 20
        while is_open(url) and time.monotonic() < until:
            time.sleep(0.05)
        assert not is_open(url)


@pytest.mark.slow
def test_a_folder_is_served_and_asked_with_all_the_controls(tiny_qwen2: Path) -> None:
    pytest.importorskip("fastapi")
    import asyncio

    from generators.streaming import Patience
    from trainers.arena.contenders import Contender, Sampling
    from trainers.arena.replies import Reply, follow
    from trainers.arena.served import served

    async def ask(contender: Contender, sampling: Sampling) -> Reply:
        reply = Reply()
        await follow(contender, [{"role": "user", "content": "渡口在哪里？"}], sampling, reply, Patience(60, 60))
        return reply

    with served(tiny_qwen2, print) as (url, model, config):
        contender = Contender("甲", url, model, "generation_config", config)
        hot, again = (
            asyncio.run(ask(contender, Sampling(1.5, 1.0, top_k=50, max_tokens=20, repetition_penalty=1.2, seed=seed)))
            for seed in (1, 2)
        )
        cold = asyncio.run(ask(contender, Sampling(0, max_tokens=20)))
    assert [one.state for one in (hot, again, cold)] == ["cut"] * 3, (hot, again, cold)
    assert len({hot.text, again.text, cold.text}) == 3  # it is drawn, by the seed
    assert not contender.plain


def test_the_config_of_a_model_without_its_own(tmp_path: Path) -> None:
    assert generation_config(tmp_path) == {}
    (tmp_path / "config.json").write_text('{"eos_token_id": 2, "hidden_size": 4}', encoding="utf-8")
    assert generation_config(tmp_path) == {"eos_token_id": 2}
    (tmp_path / "generation_config.json").write_text('{"top_k": 20}', encoding="utf-8")
    assert generation_config(tmp_path) == {"top_k": 20}
