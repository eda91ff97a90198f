"""What `text-pretrain` does, and simplified script: for comparison with peers that convert the script, too."""

from __future__ import annotations

from dataclasses import replace

from builders.text.normalise import Normalise
from builders.text.script import Simplify
from recipes.text_pretrain import recipe as text_pretrain

_normalise, *_others = text_pretrain.steps
if not isinstance(_normalise, Normalise):
    raise TypeError("text-pretrain does not begin with Normalise any more: put Simplify behind it")
recipe = replace(
    text_pretrain,
    name="simplified-text",
    summary="as text-pretrain, and in simplified script",
    steps=(_normalise, Simplify(), *_others),
)
