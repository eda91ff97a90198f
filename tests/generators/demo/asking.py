"""What the tests of the demo endpoint share: prompts as siku writes them, and ways to send them."""

from __future__ import annotations

import json
import socket
from typing import Any
from urllib.parse import urlsplit

from generators.demo.chat import ChatRequest, digest_of

PASSAGE = (
    "长江，全长约6300公里，是亚洲第一长河，发源于青藏高原的唐古拉山脉。长江流域面积约180万平方公里，约占中国陆地面积的五分之一。"
    "由于上游落差很大，长江水力资源丰富。沿江的渔民多在春天修补渔网。"
)
PAIR_SCHEMA = {
    "type": "object",
    "properties": {"question": {"type": "string"}, "answer": {"type": "string"}},
    "required": ["question", "answer"],
    "additionalProperties": False,
}


def schema_of(count: int) -> dict[str, Any]:
    pairs = {"type": "array", "minItems": count, "maxItems": count, "items": PAIR_SCHEMA}
    return {"type": "object", "properties": {"pairs": pairs}, "required": ["pairs"], "additionalProperties": False}


def format_of(count: int = 3) -> dict[str, Any]:
    named = {"name": "pairs", "strict": True, "schema": schema_of(count)}
    return {"type": "json_schema", "json_schema": named}


def prompt(passage: str = PASSAGE, count: int = 3, title: str = "长江") -> str:
    return (
        f"请根据原文写出 {count} 组问答。\n\n要求：\n1. 问题不超过 15 个字，答案不超过 300 个字（标点不计）。\n"
        '5. 只输出 JSON，不要输出其他文字：{"pairs": [{"question": "……", "answer": "……"}]}\n\n'
        f"标题：{title}\n<原文>\n{passage}\n</原文>"
    )


def user(text: str) -> dict[str, str]:
    return {"role": "user", "content": text}


def assistant(text: str) -> dict[str, str]:
    return {"role": "assistant", "content": text}


def repair(count: int) -> dict[str, str]:
    return user(
        "上面的回答不能全部采用：\n- $.pairs[1].question：问题有 21 个字，最多 15 个字\n"
        f"已经合格的有 2 组，不必再写。请再写 {count} 组，要求不变，只输出 JSON："
        '{"pairs": [{"question": "……", "answer": "……"}]}'
    )


def request(*messages: dict[str, str], seen: int = 0, **more: Any) -> ChatRequest:
    body = {"messages": list(messages) or [user(prompt())], **more}
    return ChatRequest(body, digest_of(body), seen)


def asked(**more: Any) -> dict[str, Any]:
    """The body of a request, with the passage unless it has messages."""
    return {"model": "siku-demo-rules", "messages": [user(prompt())], **more}


def raw(url: str, data: bytes, *, upto: int = 1 << 20) -> bytes:
    """What a server sends back for these bytes, until it closes the connection."""
    with connected(url) as connection:
        connection.sendall(data)
        connection.shutdown(socket.SHUT_WR)
        return read_all(connection, upto)


def connected(url: str, timeout_s: float = 20) -> socket.socket:
    parts = urlsplit(url)
    return socket.create_connection((parts.hostname or "", parts.port or 0), timeout=timeout_s)


def read_all(connection: socket.socket, upto: int = 1 << 20) -> bytes:
    received = b""
    while len(received) < upto and (data := connection.recv(65536)):
        received += data
    return received


def post(body: object, path: str = "/v1/chat/completions", *headers: str) -> bytes:
    """A request as it goes over the wire."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    lines = (f"POST {path} HTTP/1.1", "Host: x", f"Content-Length: {len(data)}", *headers)
    return "\r\n".join((*lines, "", "")).encode() + data


def pairs_in(text: str) -> list[tuple[str, str]]:
    return [(pair["question"], pair["answer"]) for pair in json.loads(text)["pairs"]]
