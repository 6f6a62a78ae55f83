"""How much of a page its pictures may take: a page of ten runs is to be mailed, printed and opened on a phone."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class Budget:
    """Characters of markup; what does not fit any more is left out and counted."""

    characters: int
    left_out: int = 0

    def take(self, markup: str) -> str:
        """`markup`, or "" when it does not fit."""
        if len(markup) > self.characters:
            self.left_out += 1
            return ""
        self.characters -= len(markup)
        return markup
