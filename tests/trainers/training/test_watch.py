"""The watch over the loss, and the log and the curve of a run."""

from __future__ import annotations

import math
import random
import xml.etree.ElementTree as ET
from pathlib import Path

import orjson
import pytest

from trainers.training.curve import loss_curve
from trainers.training.train_log import TrainLog, read_log
from trainers.training.watch import WINDOW, LossWatch, Step

VOCABULARY = 20_000  # guessing is 9.9


def seen(losses: list[float], watch: LossWatch | None = None) -> tuple[int, str]:
    """The step at which the watch says something, and what; (0, "") for never."""
    watch = watch or LossWatch(VOCABULARY)
    for number, loss in enumerate(losses, start=1):
        if reason := watch.see(Step(number, loss, [[number]])):
            return number, reason
    return 0, ""


def falling(start: float, end: float, steps: int, noise: float, seed: int = 0) -> list[float]:
    rng = random.Random(seed)
    return [end + (start - end) * math.exp(-5 * step / steps) + rng.gauss(0, noise) for step in range(steps)]


@pytest.mark.parametrize(
    "losses",
    [
        falling(10.0, 3.0, 500, 0.2),
        falling(2.5, 1.9, 2000, 0.6),
        falling(91.0, 4.0, 500, 0.5),  # an untrained mT5
        [*falling(4.0, 3.0, 300, 0.1), 14.0, *falling(3.0, 2.9, 50, 0.1)],  # one bad batch
    ],
)
def test_a_loss_that_falls_is_left_alone(losses: list[float]) -> None:
    assert seen(losses) == (0, "")


@pytest.mark.parametrize("loss", [math.nan, math.inf])
def test_a_loss_that_is_no_number_is_told_at_once(loss: float) -> None:
    assert seen([9.0, 8.0, loss]) == (3, f"the loss is {loss}")


def test_a_loss_far_worse_than_guessing_is_told_at_once() -> None:
    step, reason = seen([9.9, 9.8, 45.0])
    assert step == 3
    assert reason == "the loss is 45; it began at 9.9, and guessing would be 9.903"


def test_a_loss_that_climbs_and_stays_is_told_before_long() -> None:
    """Novel-GPT's Baichuan 2: from 2.3 up to 5.8."""
    losses = falling(2.6, 2.3, 200, 0.1) + [2.3 + 0.02 * step for step in range(200)]
    step, reason = seen(losses)
    assert 200 < step < 300
    assert reason.startswith(f"the mean loss of {WINDOW} steps is 3.")


def test_the_loss_is_suspect_before_it_is_refused() -> None:
    watch = LossWatch(VOCABULARY)
    suspicions = []
    for loss in (2.0, 2.6):
        assert seen([loss] * WINDOW, watch) == (0, "")
        suspicions.append(watch.suspect)
    assert suspicions == [False, True]
    assert watch.lowest == pytest.approx(2.0)


def test_a_watch_goes_on_from_its_state_as_if_there_had_been_no_break() -> None:
    losses = falling(9.0, 3.0, 60, 0.3) + [3.0 + 0.1 * step for step in range(60)]
    whole = seen(losses)
    first, second = LossWatch(VOCABULARY), LossWatch(VOCABULARY)
    for number, loss in enumerate(losses[:45], start=1):
        assert not first.see(Step(number, loss, [[1, 2], [3]]))
    second.restore(orjson.loads(orjson.dumps(first.state())))
    assert second.state() == first.state()
    step, reason = seen(losses[45:], second)
    assert step + 45 == whole[0] > 60
    assert reason.partition("; ")[0] == whole[1].partition("; ")[0]


def test_a_line_is_there_as_soon_as_it_is_written(tmp_path: Path) -> None:
    log = TrainLog(tmp_path)
    log.begin(-1)
    log.write({"step": 0, "eval_loss": 9.25})
    log.write({"step": 1, "epoch": 0.5, "loss": 9.0, "lr": 1e-4, "grad_norm": 1.5})
    assert read_log(log.path) == [
        {"step": 0, "eval_loss": 9.25},
        {"step": 1, "epoch": 0.5, "loss": 9.0, "lr": 1e-4, "grad_norm": 1.5},
    ]
    log.close()


def test_a_log_is_cut_back_to_the_step_that_is_gone_on_from(tmp_path: Path) -> None:
    """The last line is half written, as a kill leaves it."""
    lines = [b'{"step":1,"loss":3.0}\n', b'{"step":2,"loss":2.0}\n', b'{"step":2,"eval_loss":2.5}\n']
    path = tmp_path / "train_log.jsonl"
    path.write_bytes(b"".join([*lines, b'{"step":3,"loss":1.0}\n', b'{"step":4,"lo']))
    log = TrainLog(tmp_path)
    log.begin(2)
    assert path.read_bytes() == b"".join(lines)
    assert log.latest == {"step": 2, "loss": 2.0, "eval_loss": 2.5}
    log.write({"step": 3, "loss": 1.5})
    assert [line["step"] for line in read_log(path)] == [1, 2, 2, 3]
    log.close()


def test_the_curve_is_a_picture_with_both_losses(tmp_path: Path) -> None:
    lines = [{"step": step, "loss": 9 - step / 1000} for step in range(1, 5001)]
    lines += [{"step": 0, "eval_loss": 9.5}, {"step": 5000, "eval_loss": 4.25}]
    picture = ET.fromstring(loss_curve(lines))
    curves = [node.attrib["points"].split() for node in picture.iter() if node.tag.endswith("polyline")]
    assert [len(curve) for curve in curves] == [1667, 2]
    assert curves[0][-1].partition(",")[0] == curves[1][-1].partition(",")[0] == "696.0"
    said = [node.text for node in picture.iter()]
    assert {"train 4 at step 5,000", "valid 4.25 at step 5,000", "loss", "step"} <= set(said)


def test_the_axes_of_a_curve_have_round_numbers(tmp_path: Path) -> None:
    lines = [{"step": step, "loss": 0.11 + 5.3 / step} for step in range(1, 301)]
    lines += [{"step": 0, "eval_loss": 5.5}, {"step": 60, "eval_loss": 5.25}, {"step": 300, "eval_loss": 6.73}]
    said = [node.text for node in ET.fromstring(loss_curve(lines)).iter() if node.tag.endswith("text")]
    assert said[:5] == ["0", "2", "4", "6", "8"]
    assert said[5:12] == ["0", "50", "100", "150", "200", "250", "300"]
    assert said[-1] == "valid 6.73 at step 300, lowest 5.25 at step 60"


@pytest.mark.parametrize("lines", [[], [{"step": 0, "eval_loss": 2.0}], [{"step": 1, "loss": 2.0}]])
def test_a_curve_of_hardly_anything_is_a_picture_too(lines: list[dict[str, float]]) -> None:
    assert ET.fromstring(loss_curve(lines)).tag.endswith("svg")
