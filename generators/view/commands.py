"""The word `siku view`. It stands here and not with the page, since it knows of rows that a model wrote."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from builders.publish.local_page.serving import PAGE_FLAGS
from validators.command_line import Args, Command, flag, out_folder, path

if TYPE_CHECKING:
    from builders.engine.recipe import Recipe
    from builders.publish.page import Html
    from builders.publish.view.desk import Panel

RECIPES = Path(__file__).parents[2] / "recipes"
OK = 0


def run_view(args: Args) -> int:
    from builders.engine.manifest import find_dataset, read_manifest
    from builders.publish.local_page.serving import bind
    from builders.review.decisions import Reviews, reviews_file

    folder = find_dataset(args.dataset, args.out)
    reviews = Reviews(reviews_file(folder))
    if args.agreement:
        return _show_agreement(reviews, as_json=args.json)
    with bind(args) as socket:
        from builders.publish.local_page.serving import load_gradio, serve

        load_gradio()
        from builders.publish.view.desk import Desk
        from builders.publish.view.page import KEYS, STYLE, Page
        from builders.publish.view.shelf import Shelf

        manifest = read_manifest(folder) or {}
        origin = _Origin(folder, args.input)
        desk = Desk(Shelf(folder, manifest), reviews, origin, _panels(folder, manifest, origin))
        return serve(Page(desk).blocks, args, socket, keys=KEYS, style=STYLE)


class _Origin:
    """The recipe and the inputs of a dataset, looked for when they are needed first: recipes load heavy packages."""

    def __init__(self, folder: Path, inputs: Sequence[Path]) -> None:
        self.folder, self.inputs = folder, inputs
        self._found: tuple[Recipe | None, Sequence[Path]] | None = None

    def __call__(self) -> tuple[Recipe | None, Sequence[Path]]:
        from builders.engine.finish import remembered_inputs
        from builders.publish.life import home_of
        from generators.inspect import recipe_built

        if self._found is None:
            inputs = self.inputs or remembered_inputs(*home_of(self.folder))
            self._found = (recipe_built(self.folder, RECIPES), inputs)
        return self._found


def _panels(folder: Path, manifest: Any, origin: _Origin) -> list[Panel]:
    """What only datasets have that a model wrote: their plan has the digest of its replies."""
    from builders.publish.view.desk import Panel

    if not any("replies" in step for step in manifest["plan"]["steps"]):
        return []

    def show(row: Any) -> Html:
        from generators.inspect import story_of
        from generators.view.passage import story_panel
        from validators.errors import SikuError

        recipe, inputs = origin()
        if recipe is None:
            raise SikuError("this siku has other steps than the one that asked the model")
        return story_panel(story_of(folder, row["id"], recipe, inputs))

    return [Panel("Model", show)]


def _show_agreement(reviews: Any, *, as_json: bool) -> int:
    from builders.publish.terminal import print_json, table
    from builders.review.decisions import agreement

    found = agreement(reviews.newest())
    found["torn"] = reviews.notebook.torn
    if as_json:
        print_json(found)
        return OK
    if not found["reviewers"]:
        print(f"nobody has decided anything yet; siku view keeps decisions in {reviews.notebook.path}")
        return OK
    table(("reviewer", "decided"), list(found["reviewers"].items()))
    if found["documents"]:
        figures = f"same {_figure(found['share'])}, Krippendorff's alpha {_figure(found['alpha'])}"
        print(f"{found['documents']:,} documents decided by two or more: {figures}")
        rows = [
            (" and ".join(one["reviewers"]), one["documents"], _figure(one["share"]), _figure(one["kappa"]))
            for one in found["pairs"]
        ]
        table(("reviewers", "documents", "same", "Cohen's kappa"), rows)
    if found["torn"]:
        print(f"\n{found['torn']} lines of the file are torn and were skipped")
    return OK


def _figure(value: float | None) -> str:
    return "n/a" if value is None else f"{value:.3f}"


COMMANDS = (
    Command(
        "view",
        "a local page to search, read and review a dataset",
        run_view,
        (
            flag("dataset", metavar="DATASET", help="NAME, NAME@VERSION or a folder"),
            flag(
                "--out",
                type=out_folder,
                default=Path("out"),
                metavar="DIR",
                help="folder of the datasets (default: out)",
            ),
            flag("--input", action="append", default=[], type=path, metavar="PATH", help="where the input lies now"),
            flag("--agreement", action="store_true", help="how far reviewers agree, and no page"),
            *PAGE_FLAGS,
        ),
    ),
)
