"""The words of `siku demo-endpoint`."""

from __future__ import annotations

import json
import math
from pathlib import Path

from validators.command_line import Args, Command, flag, path
from validators.errors import SikuError

OK = 0
PORT = 8011


def run_demo_endpoint(args: Args) -> int:
    from generators.demo import words
    from generators.demo.faults import read_faults
    from generators.demo.server import Endpoint

    if not 0 <= args.latency < math.inf:
        raise SikuError(f"--latency {args.latency:g} cannot be", next="--latency SECONDS, 0 or more")
    endpoint = Endpoint(faults=read_faults(args.fault), latency_s=args.latency, log=_log(args.log))

    def tell(url: str) -> None:
        if args.json:
            print(json.dumps({"url": url, "model": endpoint.model}), flush=True)
        elif not args.quiet:
            print(f"demo endpoint {url}: answers by rules, there is no model behind it; for first steps and tests")
            print(
                f"next   siku synth-qa --endpoint {url} --input FILE.jsonl (in another terminal; Ctrl-C ends it)",
                flush=True,
            )

    words.load()
    endpoint.serve_forever(args.port, args.host, tell)
    if not (args.json or args.quiet):
        print(f"{endpoint.requests:,} requests")
    return OK


def _log(given: Path | None) -> Path | None:
    if given is not None and given.is_dir():
        raise SikuError("--log is a folder", where=str(given), next="--log FILE")
    return given


COMMANDS = (
    Command(
        "demo-endpoint",
        "a server that answers by rules, without a model",
        run_demo_endpoint,
        (
            flag("--port", type=int, default=PORT, metavar="N", help=f"0 takes a free one (default: {PORT})"),
            flag("--host", default="127.0.0.1", metavar="ADDRESS", help="where to listen (default: this machine only)"),
            flag("--latency", type=float, default=0.0, metavar="SECONDS", help="before each reply (default: 0)"),
            flag(
                "--fault",
                action="append",
                default=[],
                metavar="NAME=VALUE",
                help="what goes wrong, such as error_500=0.05 or max_in_flight=32; repeatable",
            ),
            flag("--log", type=path, metavar="FILE", help="JSON lines: what was asked, and when it was delivered"),
        ),
    ),
)
