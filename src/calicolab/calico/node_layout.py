"""A real node as the autodetection model sees it: its interfaces and routes, as they are now."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from calicolab.calico.autodetection import Layout, Link, Route
from calicolab.errors import LabError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from calicolab.labs.base import Node

_ROUTES = ("ip", "-json", "-4", "route", "show", "table", "main")


def read(node: Node) -> Layout:
    """The layout of `node`, looked at afresh.

    Raises:
        CommandFailed: its routes could not be asked for.
        LabError: the answer is of no use.
    """
    links = tuple(
        Link(name=found.name, index=found.index, addresses=found.addresses, up=found.up)
        for found in node.calico.interfaces()
    )
    said = node.run(_ROUTES).stdout
    try:
        return Layout(links=links, routes=tuple(routes(json.loads(said or "[]"))))
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise LabError(
            f"the routes of {node.name} are not as `ip -json` prints them: {error}: {said}"
        ) from error


def routes(rows: Iterable[dict[str, Any]]) -> Iterable[Route]:
    """Those rows of `ip -json route` that no address brings with it; what leads nowhere (blackhole) has no link."""
    for row in rows:
        if row.get("protocol") == "kernel" or "dev" not in row:
            continue
        yield Route(
            destination=row["dst"],
            link=row["dev"],
            via=row.get("gateway", ""),
            source=row.get("prefsrc", ""),
            metric=int(row.get("metric", 0)),
        )
