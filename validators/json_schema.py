"""Is a JSON value what its schema says? Compiled once, since that is what costs."""

from __future__ import annotations

from typing import Any

from validators.step import Verdict

_TYPES = {
    "string": "字符串",
    "integer": "整数",
    "number": "数字",
    "boolean": "true 或 false",
    "array": "数组",
    "object": "对象",
    "null": "null",
}


class SchemaChecks:
    """The checks of one JSON schema (draft 2020-12), in Chinese for the model that wrote the value."""

    def __init__(self, schema: dict[str, Any]) -> None:
        import jsonschema

        jsonschema.Draft202012Validator.check_schema(schema)
        self._validator = jsonschema.Draft202012Validator(schema)

    def verdicts(self, value: Any) -> list[Verdict]:
        """What is wrong with a value, each with its JSON path below it; `[]` is good."""
        return [Verdict("schema", _told(error)) for error in self._validator.iter_errors(value)]


def _told(error: Any) -> str:
    place = error.json_path.removeprefix("$").removeprefix(".")
    what = _what(str(error.validator), error.validator_value, error)
    return f"{place} {what}" if place else what


def _what(rule: str, wanted: Any, error: Any) -> str:
    match rule:
        case "required":
            return "缺少字段 " + "、".join(name for name in wanted if name not in error.instance)
        case "type":
            kinds = [wanted] if isinstance(wanted, str) else wanted
            return "应为" + "或".join(_TYPES.get(kind, str(kind)) for kind in kinds)
        case "additionalProperties":
            known = error.schema.get("properties", {})
            return "多了字段 " + "、".join(name for name in error.instance if name not in known)
        case "enum":
            return "只能是 " + "、".join(map(str, wanted))
        case "minLength":
            return f"太短，至少 {wanted} 个字"
        case "maxLength":
            return f"太长，最多 {wanted} 个字"
        case "minItems":
            return f"至少要有 {wanted} 项"
        case "maxItems":
            return f"最多 {wanted} 项"
        case "pattern":
            return f"不符合格式 {wanted}"
        case "minimum" | "maximum":
            return f"应{'不小于' if rule == 'minimum' else '不大于'} {wanted}"
    return f"不符合 {rule}"
