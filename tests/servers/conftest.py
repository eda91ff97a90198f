"""What the tests of the servers share."""

from __future__ import annotations

from tests.servers.fixtures import tiny_gguf, tiny_qwen2

__all__ = ["tiny_gguf", "tiny_qwen2"]
