"""Pages in Chromium, for what people score."""

from tests.browser import look, serve_page

__all__ = ["look", "serve_page"]
