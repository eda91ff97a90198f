"""What an endpoint answers: for `siku doctor --endpoint URL`."""

from __future__ import annotations

import asyncio
import time
from typing import Any

from generators.endpoint import FORMS, Endpoint, TroubleError, fits
from generators.request import Request
from generators.task import object_schema
from validators.errors import SikuError
from validators.replies import without_thinking

DEADLINE_S = 60.0
_SCHEMA = object_schema({"answer": {"type": "string", "enum": ["yes", "no"]}})
_ASKS_FOR_NO_JSON = "只回答一个字：好。不要输出 JSON。"  # so that JSON shows that the server made the model write it
_MAX_TOKENS = 200


def probe(url: str, model: str = "") -> dict[str, Any]:
    """Models, and for each form of structured output whether it is `kept to`, `ignored` or `refused`.

    Raises SikuError (exit 4) if nobody is there.
    """
    from generators.commands import addresses

    with addresses([url]) as [address]:
        return asyncio.run(_probe(address, model))


async def _probe(url: str, model: str) -> dict[str, Any]:
    async with Endpoint(url, deadline_s=DEADLINE_S) as endpoint:
        models = await endpoint.models()
        asked = model or (models[0] if models else "default")
        forms = {form: await _form(endpoint, form, asked) for form in FORMS[:-1]}
        began = time.monotonic()
        endpoint.form, endpoint.is_proven = FORMS[-1], True
        try:
            reply = (await endpoint.send(_request(), asked)).reply
        except TroubleError as trouble:
            raise SikuError(
                "the endpoint gives no usable reply",
                where=endpoint.url,
                why=str(trouble),
                next="--model NAME",
                exit_code=4,
            ) from trouble
        thinks = bool(reply.reasoning or without_thinking(reply.text).thinking)
        return {
            "url": endpoint.url,
            "models": models,
            "asked": asked,
            "forms": forms,
            "thinks": thinks,
            "counts_tokens": reply.completion_tokens > 0,
            "seconds": round(time.monotonic() - began, 2),
        }


def _request() -> Request:
    return Request(({"role": "user", "content": _ASKS_FOR_NO_JSON},), "probe/1", _SCHEMA, 0.0, max_tokens=_MAX_TOKENS)


async def _form(endpoint: Endpoint, form: str, model: str) -> str:
    endpoint.form, endpoint.is_proven = form, True
    try:
        reply = (await endpoint.send(_request(), model)).reply
    except TroubleError as trouble:
        return f"refused ({trouble})"
    if fits(reply.text, _SCHEMA):
        return "kept to"
    return "cut off before it showed" if reply.was_cut else "ignored"
