"""The folders import one way, and the command line starts without heavy packages."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

HOME = Path(__file__).parent.parent
ORDER = ("validators", "builders", "generators", "recipes", "trainers", "cli")
ROOMS = ("rows", "training", "evaluation", "generation", "hand_over", "judging", "arena")  # of trainers/
HEAVY = ("torch", "transformers", "trl", "daft", "gradio", "datasets", "pyarrow", "numpy", "rich")


def imported(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names.update(alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute"
            names.add((node.module or "").partition(".")[0])
    return names


@pytest.mark.parametrize("place", range(len(ORDER)))
def test_imports_go_one_way(place: int) -> None:
    folder = ORDER[place]
    files = [HOME / "cli.py"] if folder == "cli" else sorted((HOME / folder).rglob("*.py"))
    for path in files:
        wrong = imported(path) & {*ORDER[place + 1 :], "siku"}
        assert not wrong, f"{path.relative_to(HOME)} imports {wrong}, which lie to its right"


@pytest.mark.parametrize("place", range(len(ROOMS)))
def test_rooms_of_trainers_import_one_way(place: int) -> None:
    later = [f"trainers.{room}" for room in ROOMS[place + 1 :]]
    for path in sorted((HOME / "trainers" / ROOMS[place]).rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        wrong = [room for room in later if f"from {room}" in text]
        assert not wrong, f"{path.relative_to(HOME)} imports {wrong}, which come after it"


def test_no_module_of_ours_hides_one_of_python() -> None:
    ours = {path.stem for path in HOME.iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()}
    assert not ours & sys.stdlib_module_names


def test_help_loads_nothing_heavy() -> None:
    program = f"""
import sys
sys.argv = ["siku", "--help"]
import cli
try:
    cli.main()
except SystemExit:
    pass
print("loaded:", [name for name in {HEAVY!r} if name in sys.modules])
"""
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=HOME)
    assert "loaded: []" in run.stdout
