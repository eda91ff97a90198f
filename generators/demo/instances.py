"""A value that a JSON schema allows, its texts taken from a passage: for tasks that the rules do not know."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import cycle
from typing import Any

MAX_DEPTH = 12
MOST_ITEMS = 50


def instance_of(schema: Mapping[str, Any], texts: Sequence[str]) -> Any:
    """A value of the usual kinds of schema: objects, lists, texts, numbers, enums, references within the schema."""
    return _value(schema, schema, cycle(texts), 0)


def _value(schema: Any, root: Mapping[str, Any], texts: Iterator[str], depth: int) -> Any:
    schema = _resolved(schema, root)
    if depth > MAX_DEPTH or not isinstance(schema, Mapping):
        return None
    if "const" in schema:
        return schema["const"]
    if isinstance(choices := schema.get("enum"), list) and choices:
        return choices[0]
    kind = schema.get("type", "object" if "properties" in schema else "string")
    match kind[0] if isinstance(kind, list) and kind else kind:
        case "object":
            properties = schema.get("properties")
            named = properties.items() if isinstance(properties, Mapping) else ()
            return {name: _value(one, root, texts, depth + 1) for name, one in named}
        case "array":
            count = schema.get("minItems")
            count = min(MOST_ITEMS, count) if isinstance(count, int) and count > 0 else 1
            return [_value(schema.get("items", {}), root, texts, depth + 1) for _ in range(count)]
        case "integer" | "number":
            least = schema.get("minimum", 0)
            return least if isinstance(least, int | float) else 0
        case "boolean":
            return False
        case "null":
            return None
    most = schema.get("maxLength")
    return next(texts)[: most if isinstance(most, int) and most > 0 else None]


def _resolved(schema: Any, root: Mapping[str, Any]) -> Any:
    """The schema that is meant: behind `$ref` within the document, or the first of several."""
    for _ in range(MAX_DEPTH):
        if not isinstance(schema, Mapping):
            return schema
        several = next((schema[key] for key in ("anyOf", "oneOf", "allOf") if isinstance(schema.get(key), list)), None)
        if isinstance(reference := schema.get("$ref"), str):
            found: Any = root
            for part in reference.removeprefix("#").strip("/").split("/"):
                found = found.get(part) if isinstance(found, Mapping) else None
            schema = found
        elif several:
            schema = several[0]
        else:
            return schema
    return None
