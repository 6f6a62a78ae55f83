"""The few SVG elements that our pictures are made of, escaped."""

from __future__ import annotations

from calicolab.report.text import escaped


def element(name: str, content: str = "", **attributes: str | float) -> str:
    """An element; `content` is markup already, attributes are escaped and lose a trailing underscore.

    An underscore within an attribute's name stands for a hyphen.
    """
    said = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escaped(_number(value))}"'
        for key, value in attributes.items()
    )
    return f"<{name}{said}>{content}</{name}>"


def text(words: str, **attributes: str | float) -> str:
    """A text element with `words`, escaped."""
    return element("text", escaped(words), **attributes)


def picture(content: str, *, width: float, height: float, title: str, description: str) -> str:
    """A whole picture that a screen reader reads as its title and description."""
    named = element("title", escaped(title)) + element("desc", escaped(description))
    return element(
        "svg",
        named + content,
        role="img",
        aria_label=f"{title}. {description}",
        viewBox=f"0 0 {_number(width)} {_number(height)}",
        width=width,
        height=height,
    )


def _number(value: str | float) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
