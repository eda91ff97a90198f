"""One export from an order to a folder: whole or not there, the same bytes every time."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

from builders.engine.manifest import SPLITS
from builders.engine.progress import Progress
from builders.publish.exports.lines import Exported, write_lines
from trainers.hand_over.bin_files import write_bin
from trainers.hand_over.order import BIN, Checked, ExportOrder, check
from validators.problems import raise_together


def export(order: ExportOrder, *, quiet: bool = False) -> dict[str, Any]:
    """Export as ordered, and return what is printed.

    Raises SikuError: exit 2 for what is wrong with the order, or for rows that the format cannot take (nothing is left
    out in silence), 3 for a dataset that was changed.
    """
    checked = check(order)
    with Progress(quiet=quiet) as progress, checked.folder.scratch() as scratch:
        done = _write(checked, scratch, progress)
        raise_together(done.problems)
        checked.folder.settle(scratch, done.files)
    return {
        "format": order.format,
        "path": str(checked.folder.place),
        "rows": checked.data.rows,
        "files": done.files,
    }


def _write(checked: Checked, folder: Path, progress: Progress) -> Exported:
    data = checked.data
    splits = [split for split in SPLITS if data.rows[split]]
    if checked.order.format == BIN:
        return write_bin(data, splits, checked.tokenizer, checked.order.tokenizer, folder, progress)
    progress.start(f"{data.name} to {checked.order.format}", sum(data.rows.values()), "rows")
    readers = {split: partial(data.read_rows, split, checked.kind) for split in splits}
    return write_lines(checked.order.format, checked.kind, data.name, readers, folder, progress)
