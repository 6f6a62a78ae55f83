"""A sign-off page as a reader has it: its sections, their words, links and marks."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path

from calicolab.cli import main

#: Elements without an end.
VOID = {"meta", "br", "link", "img", "input"}


@dataclass
class Element:
    """An element with all that is in it."""

    tag: str
    attributes: dict[str, str]
    children: list[Element | str] = field(default_factory=list)

    @property
    def text(self) -> str:
        """Its words, without what is for a style sheet."""
        if self.tag == "style":
            return ""
        parts = [child if isinstance(child, str) else child.text for child in self.children]
        return " ".join(" ".join(parts).split())

    @property
    def classes(self) -> set[str]:
        return set(self.attributes.get("class", "").split())

    def all(self, tag: str = "", *, having: str = "") -> list[Element]:
        """The elements in it with a tag and a class, in order."""
        found = []
        for child in self.children:
            if isinstance(child, Element):
                if tag in ("", child.tag) and (not having or having in child.classes):
                    found.append(child)
                found += child.all(tag, having=having)
        return found

    def by_id(self, name: str) -> Element:
        (found,) = [one for one in self.all() if one.attributes.get("id") == name]
        return found

    def has_id(self, name: str) -> bool:
        return any(one.attributes.get("id") == name for one in self.all())

    def marks(self, kind: str) -> list[str]:
        """The words of the marks of a kind in it: "ok", "bad", "unsure", "risk", "skip"."""
        return [one.text for one in self.all(having="m") if kind in one.classes]

    def row(self, *words: str) -> Element:
        """The one row of a table in it that has all these words."""
        found = [row for row in self.all("tr") if all(word in row.text for word in words)]
        assert len(found) == 1, [row.text for row in found]
        return found[0]


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.open = [Element("document", {})]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, {name: value or "" for name, value in attrs})
        self.open[-1].children.append(element)
        if tag not in VOID:
            self.open.append(element)

    def handle_endtag(self, tag: str) -> None:
        assert self.open[-1].tag == tag, f"</{tag}> while <{self.open[-1].tag}> is open"
        self.open.pop()

    def handle_data(self, data: str) -> None:
        self.open[-1].children.append(data)


def read(markup: str) -> Element:
    """The page as a tree; an AssertionError when an element is not closed where it should be."""
    reader = _Reader()
    reader.feed(markup)
    reader.close()
    assert len(reader.open) == 1, f"never closed: {[one.tag for one in reader.open[1:]]}"
    return reader.open[0]


def report(*runs: Path, to: Path, options: tuple[str, ...] = ()) -> tuple[int, Element]:
    """`calicolab report`: its exit code, and the page."""
    code = main(["report", *map(str, runs), "-o", str(to), *options])
    return code, read(to.read_text(encoding="utf-8"))
