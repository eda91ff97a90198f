"""What is said of work under way."""

from __future__ import annotations

import pytest

from builders.engine import progress as module
from builders.engine.progress import Progress


@pytest.mark.parametrize(("unit", "said"), [("MB", "0.0 of 0.0 MB (50%)"), ("pages", "20 of 40 pages (50%)")])
def test_a_line_without_a_terminal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], unit: str, said: str
) -> None:
    monkeypatch.setattr(module, "PLAIN_EVERY_S", 0.0)
    with Progress() as progress:
        progress.start("reading", 10, unit=unit)
        progress.expect(40)
        progress.advance(20)
    line = capsys.readouterr().err
    assert line.startswith(f"reading: {said}, ")
    assert line.endswith(" s left\n")


def test_a_bar_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    with Progress() as progress:
        for unit in ("MB", "pages", "pages", "MB"):
            progress.start("reading", 10, unit=unit)
            progress.expect(20)
            progress.advance(5)
        task = progress._bar.tasks[-1]
        assert (task.completed, task.total) == (5, 20)


def test_quiet(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PLAIN_EVERY_S", 0.0)
    with Progress(quiet=True) as progress:
        progress.start("reading", 10)
        progress.advance(5)
    assert capsys.readouterr().err == ""
