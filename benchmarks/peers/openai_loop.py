"""What people write by hand: openai's async client, a semaphore, its own retries, replies appended to a file.

    python benchmarks/peers/openai_loop.py URL PASSAGES.jsonl OUT.jsonl --concurrency 64

No check but `json.loads`, no journal, no dataset. `benchmarks/synthesis.py --peer` runs it against the same endpoint.
"""

from __future__ import annotations

import argparse
import asyncio
import json
from pathlib import Path
from typing import Any

from openai import AsyncOpenAI

PROMPT = "请根据原文写出 1 组问答，只输出 JSON。\n\n<原文>\n{text}\n</原文>"


async def ask_all(url: str, passages: list[dict[str, Any]], out: Path, concurrency: int) -> int:
    client = AsyncOpenAI(base_url=url, api_key="none", max_retries=8)
    turns = asyncio.Semaphore(concurrency)
    failed = 0
    with out.open("w", encoding="utf-8") as file:

        async def ask(passage: dict[str, Any]) -> None:
            nonlocal failed
            prompt = PROMPT.format(text=passage["text"])
            async with turns:
                reply = await client.chat.completions.create(
                    model="siku-demo-rules", messages=[{"role": "user", "content": prompt}]
                )
            try:
                pairs = json.loads(reply.choices[0].message.content or "")
            except ValueError:
                failed += 1  # what most scripts do: lose it
                return
            file.write(json.dumps({"id": passage["id"], "pairs": pairs}, ensure_ascii=False) + "\n")

        await asyncio.gather(*(ask(passage) for passage in passages))
    return failed


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("url")
    parser.add_argument("passages", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--concurrency", type=int, default=64)
    args = parser.parse_args()
    passages = [json.loads(line) for line in args.passages.read_text(encoding="utf-8").splitlines()]
    failed = asyncio.run(ask_all(args.url, passages, args.out, args.concurrency))
    print(f"{len(passages) - failed} kept, {failed} lost")


if __name__ == "__main__":
    main()
