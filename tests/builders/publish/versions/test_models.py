"""Training runs near an output folder."""

from __future__ import annotations

import json
from pathlib import Path

from builders.publish.versions.models import models_near, trained_on

DATA = {"name": "qa", "version": "1", "fingerprint": "f" * 64}


def run(folder: Path, **changed: str) -> Path:
    folder.mkdir(parents=True)
    (folder / "training.json").write_text(json.dumps({"task": "sft", "eval_loss": 2.5, "data": DATA | changed}))
    return folder


def test_in_the_output_folder_and_beside_it_three_levels_deep(tmp_path: Path) -> None:
    found = [run(tmp_path / place) for place in ("model", "out/models/a", "runs/curriculum/stage-1")]
    for place in ("a/b/c/d", ".hidden/a", "runs/curriculum/checkpoint-5"):
        run(tmp_path / place)
    (tmp_path / "link").symlink_to(tmp_path / "model")
    models = models_near(tmp_path / "out")
    assert [one["path"] for one in models] == [str(path) for path in found]
    assert models[0]["eval_loss"] == 2.5 and models[0]["model"] is None


def test_a_model_is_of_a_content_not_of_a_name(tmp_path: Path) -> None:
    run(tmp_path / "other", fingerprint="0" * 64)
    mine = run(tmp_path / "renamed", name="something else")
    models = models_near(tmp_path / "out")
    assert [one["path"] for one in trained_on(DATA, models)] == [str(mine)]
