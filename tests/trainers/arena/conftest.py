"""What the tests of the arena share."""

from __future__ import annotations

from tests.browser import look, serve_page
from tests.servers.fixtures import tiny_gguf, tiny_qwen2

__all__ = ["look", "serve_page", "tiny_gguf", "tiny_qwen2"]
