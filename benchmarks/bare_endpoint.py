"""An endpoint that costs next to nothing (0.1 ms of CPU a reply), so that the client is what is measured.

    python benchmarks/bare_endpoint.py 0.2      answers each request after 0.2 s; prints its address

At SIGTERM it prints how many replies it gave, and the seconds from the first request to the last reply.
"""

from __future__ import annotations

import asyncio
import json
import re
import signal
import sys
import time

PASSAGE = re.compile(r"<原文>\n(.*?)\n</原文>", re.DOTALL)
LENGTH = re.compile(rb"content-length: (\d+)", re.IGNORECASE)
MODELS = {"object": "list", "data": [{"id": "bare", "object": "model"}]}


def answer(body: bytes) -> bytes:
    """A pair of the first sentence of the passage."""
    said = "\n".join(message["content"] for message in json.loads(body)["messages"])
    found = PASSAGE.search(said)
    sentence = (found[1] if found else "你好").partition("。")[0]
    number = re.search(r"编号(\d+)", sentence)
    pair = {"question": f"编号{number[1] if number else 0}的甲项是什么？", "answer": f"{sentence}。"}
    message = {"role": "assistant", "content": json.dumps({"pairs": [pair]}, ensure_ascii=False)}
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    usage = {"prompt_tokens": 200, "completion_tokens": 40, "total_tokens": 240}
    return json.dumps(
        {"id": "x", "object": "chat.completion", "created": 1, "model": "bare", "choices": [choice], "usage": usage}
    ).encode()


class Bare:
    """Counts, and the protocol that adds to them."""

    def __init__(self, latency_s: float) -> None:
        self.latency_s, self.replies, self.began, self.ended = latency_s, 0, 0.0, 0.0

    def tell(self) -> None:
        print(json.dumps({"replies": self.replies, "seconds": self.ended - self.began}), flush=True)
        sys.exit(0)

    async def serve(self) -> None:
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGTERM, self.tell)
        server = await loop.create_server(lambda: Connection(self), "127.0.0.1", 0, backlog=1024)
        print(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1", flush=True)
        await server.serve_forever()


class Connection(asyncio.Protocol):
    def __init__(self, bare: Bare) -> None:
        self.bare, self.received = bare, b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.received += data
        while (end := self.received.find(b"\r\n\r\n")) >= 0:
            head = self.received[:end]
            size = int(found[1]) if (found := LENGTH.search(head)) else 0
            if len(self.received) < end + 4 + size:
                return
            body = self.received[end + 4 : end + 4 + size]
            self.received = self.received[end + 4 + size :]
            if head.startswith(b"GET"):
                self.send(json.dumps(MODELS).encode())
                continue
            self.bare.began = self.bare.began or time.monotonic()
            asyncio.get_running_loop().call_later(self.bare.latency_s, self.reply, body)

    def reply(self, body: bytes) -> None:
        self.send(answer(body))
        self.bare.replies += 1
        self.bare.ended = time.monotonic()

    def send(self, body: bytes) -> None:
        head = f"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
        if not self.transport.is_closing():
            self.transport.write(head.encode() + body)


if __name__ == "__main__":
    asyncio.run(Bare(float(sys.argv[1])).serve())
