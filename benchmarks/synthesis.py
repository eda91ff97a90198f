"""How fast a model is asked: `siku synth-qa` against an endpoint that answers after a set time, clean and with faults.

    python benchmarks/synthesis.py                     every profile
    python benchmarks/synthesis.py clean-64 --runs 3   one of them

The endpoint is another process: `bare_endpoint.py` where nothing goes wrong, and where something does siku's own
(`generators/demo/server.py`) with an answer that costs next to nothing, a pair of each sentence of the passage. Its
errors take as long as its answers. Steady speed is counted by the endpoint, from the first request to the last
valid reply. Memory is PSS of all processes of the command. Needs psutil (extra `dev`).
"""

from __future__ import annotations

import argparse
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HOME = Path(__file__).parent.parent
sys.path.insert(0, str(HOME))

from benchmarks.measure import run_once  # noqa: E402 - the folders of a checkout are found from here on
from generators.demo.chat import ChatRequest  # noqa: E402
from generators.demo.faults import Faults  # noqa: E402
from generators.demo.log import read_log  # noqa: E402
from generators.demo.server import Endpoint  # noqa: E402

LATENCY_S = 0.2
FAULTS = {"error_500": 0.05, "error_429": 0.05, "malformed": 0.10}


@dataclass(frozen=True)
class Profile:
    """What is asked of the command and done by the endpoint."""

    passages: int
    concurrency: int
    faults: dict[str, float]
    pairs: str = "1-1"
    limit: int = 0  # requests that the endpoint takes at once

    @property
    def ideal(self) -> float:
        """Replies a second if nothing ever went wrong or waited."""
        return min(self.concurrency, self.limit or self.concurrency) / LATENCY_S


PROFILES = {
    "clean-64": Profile(2000, 64, {}),
    "clean-256": Profile(4000, 256, {}),
    "faulty-64": Profile(4000, 64, FAULTS),
    "first-wrong-64": Profile(1000, 64, {"first_wrong": 1.0}),
    "limit-32-of-256": Profile(2000, 256, {}, limit=32),
    "start-and-stop": Profile(1, 1, {}),
    "memory-100k": Profile(100_000, 256, {}),
}


def write_passages(path: Path, count: int) -> None:
    with path.open("w", encoding="utf-8") as file:
        for n in range(count):
            text = (
                f"编号{n}的甲项是位于第{n * 7 % 1000}排的蓝色文件柜。编号{n}的乙项是一台运行了{n % 90 + 10}天的旧水泵。"
                f"编号{n}的丙项是由{n % 50 + 2}名工人看守的东侧仓库，钥匙挂在门后。"
            )
            file.write(json.dumps({"id": f"p{n}", "text": text}, ensure_ascii=False) + "\n")


_PASSAGE = re.compile(r"<原文>\n(.*?)\n</原文>", re.DOTALL)


def answer(request: ChatRequest) -> str:
    """A pair of every sentence of the passage, as many as one to three."""
    passage = _PASSAGE.search(request.texts("user")[0])
    sentences = passage[1].split("。") if passage else []
    number = re.search(r"编号(\d+)", sentences[0]) if sentences else None
    pairs = [
        {"question": f"编号{number[1]}的{item}项是什么？", "answer": f"{sentence}。"}
        for item, sentence in zip("甲乙丙", sentences, strict=False)
        if number
    ]
    wanted = re.search(r"(\d+) 组", request.texts("user")[-1])
    return json.dumps({"pairs": pairs[: int(wanted[1]) if wanted else 3]}, ensure_ascii=False)


def serve(log: str, faults: dict[str, Any]) -> None:
    Endpoint(answer, Faults(**faults), LATENCY_S, log=Path(log) if log else None).serve_forever(
        0, tell=lambda url: print(url, flush=True)
    )


@contextmanager
def endpoint(profile: Profile, log: Path) -> Iterator[str]:
    """siku's own where something goes wrong, one that costs nothing where not. What it saw is in `log` afterwards."""
    faults: dict[str, Any] = dict(profile.faults) | ({"max_in_flight": profile.limit} if profile.limit else {})
    words = [sys.executable, str(HOME / "benchmarks/bare_endpoint.py"), str(LATENCY_S)]
    if faults:
        words = [sys.executable, __file__, "serve", str(log), json.dumps(faults)]
    server = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
    assert server.stdout is not None
    try:
        yield server.stdout.readline().strip()
    finally:
        server.terminate()
        if not faults:
            log.write_text(server.stdout.read(), encoding="utf-8")
        server.wait()


def measure(name: str, *, peer: bool) -> dict[str, Any]:
    """One run of a profile, by siku or by the loop that people write by hand."""
    profile = PROFILES[name]
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        write_passages(folder / "passages.jsonl", profile.passages)
        log = folder / "log.jsonl"
        with endpoint(profile, log) as url:
            words = [sys.executable, str(HOME / "cli.py"), "synth-qa", "--endpoint", url]
            words += ["--input", str(folder / "passages.jsonl"), "--out", str(folder / "out"), "-q"]
            words += ["--concurrency", str(profile.concurrency), "--pairs", profile.pairs]
            if peer:
                words = [sys.executable, str(HOME / "benchmarks/peers/openai_loop.py"), url]
                words += [str(folder / name) for name in ("passages.jsonl", "out.jsonl")]
                words += ["--concurrency", str(profile.concurrency)]
            took = run_once(words)
        rows = len((folder / "out.jsonl").read_bytes().splitlines()) if peer else rows_built(folder)
        figures: dict[str, Any] = {
            "profile": name,
            "by": "openai loop" if peer else "siku",
            "rows": rows,
            "lost": profile.passages - rows,
            "seconds": round(took["seconds"], 2),
            "cpu_s_per_1000": round(took["cpu_seconds"] / profile.passages * 1000, 2),
            "peak_mb": round(took["peak_mb"]),
            "load": round(os.getloadavg()[0], 1),
        }
        return figures | (steady if profile.faults or profile.limit else steady_of_bare)(log, profile, rows)


def rows_built(folder: Path) -> int:
    manifest = json.loads((folder / "out/synth-qa/1/manifest.json").read_bytes())
    return int(manifest["rows"]["train"])


def steady(log: Path, profile: Profile, rows: int) -> dict[str, Any]:
    """What the endpoint saw: requests a row, speed between the first request and the last reply, refusals after 5 s."""
    exchanges = read_log(log)
    began = min(one.asked_ns for one in exchanges)
    ended = max(one.delivered_ns for one in exchanges if one.delivered_ns)
    speed = rows / max(1e-9, (ended - began) / 1e9)
    late = [one for one in exchanges if one.asked_ns > began + 5_000_000_000]
    refused = sum(one.status == 429 for one in late)
    return {
        "requests_per_row": round(len(exchanges) / rows, 3),
        "steady_per_s": round(speed, 1),
        "of_ideal": round(speed / profile.ideal, 3),
        "refused_after_5_s": round(refused / max(1, len(late)), 4),
    }


def steady_of_bare(log: Path, profile: Profile, rows: int) -> dict[str, Any]:
    seen = json.loads(log.read_bytes())
    speed = rows / max(1e-9, seen["seconds"])
    return {
        "requests_per_row": round(seen["replies"] / rows, 3),
        "steady_per_s": round(speed, 1),
        "of_ideal": round(speed / profile.ideal, 3),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("profiles", nargs="*", choices=[*PROFILES, []], help="default: all but memory-100k")
    parser.add_argument("--runs", type=int, default=1)
    parser.add_argument("--peer", action="store_true", help="the loop by hand in place of siku")
    args = parser.parse_args()
    for name in args.profiles or [one for one in PROFILES if one != "memory-100k"]:
        runs = [measure(name, peer=args.peer) for _ in range(args.runs)]
        middle = {
            key: statistics.median(run[key] for run in runs) if isinstance(value, (int, float)) else value
            for key, value in runs[0].items()
        }
        print(json.dumps(middle), flush=True)
        time.sleep(1)


if __name__ == "__main__":
    if sys.argv[1:2] == ["serve"]:
        serve(sys.argv[2], json.loads(sys.argv[3]))
    else:
        main()
