"""How our pages are filled in: everything escaped, nothing silently missing."""

from __future__ import annotations

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape


def environment(**filters: object) -> Environment:
    """Templates of this package, in which whatever is put into a page is escaped, with these filters."""
    made = Environment(
        loader=PackageLoader("calicolab.report"),
        autoescape=select_autoescape(("html.j2",)),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters.update(filters)
    return made
