"""How much of a page its pictures may take: a page of ten runs is to be mailed, printed and opened on a phone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass
class Budget:
    """Characters of markup; what does not fit any more is left out and counted."""

    characters: int
    left_out: int = 0

    def take(self, draw: Callable[[], str], *, at_least: int = 0) -> str:
        """What `draw` returns, or "" when it does not fit; it is not called where `at_least` characters do not."""
        markup = draw() if at_least <= self.characters else None
        if markup is None or len(markup) > self.characters:
            self.left_out += 1
            return ""
        self.characters -= len(markup)
        return markup
