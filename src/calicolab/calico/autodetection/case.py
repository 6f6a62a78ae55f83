"""One question to the model and to the real program, and the JSON it is written down in."""

from __future__ import annotations

from dataclasses import MISSING, Field, dataclass, field, fields, is_dataclass, replace
from typing import Any

import msgspec

from calicolab.calico.autodetection.facts import Layout, Link, Settings, Stored
from calicolab.errors import UsageError

#: What every Linux machine has, and calico-node sees.
LOOPBACK = Link("lo", 1, ("127.0.0.1/8",))


@dataclass(frozen=True)
class Case:
    """A node, its settings and what is stored."""

    layout: Layout
    settings: Settings = field(default_factory=Settings)
    stored: Stored = field(default_factory=Stored)


def encode(case: Case) -> str:
    """The case as one line of JSON, without what is as by default."""
    return msgspec.json.encode(_brief(case)).decode()


def decode(text: str) -> Case:
    """Read a case. A layout without `lo` gets it, with 127.0.0.1/8.

    Raises:
        UsageError: it is no JSON, or not a case; it says where and how one is written.
    """
    try:
        raw = msgspec.json.decode(text)
        case = msgspec.convert(raw, Case)
    except msgspec.MsgspecError as error:
        raise UsageError(f"this is no layout: {error}; one is written like {encode(EXAMPLE)}") from error
    unknown = _unknown(raw, msgspec.to_builtins(case), "")
    if unknown is not None:
        raise UsageError(f"this is no layout: {unknown} is unknown; one is written like {encode(EXAMPLE)}")
    if any(link.name == LOOPBACK.name for link in case.layout.links):
        return case
    return replace(case, layout=replace(case.layout, links=(LOOPBACK, *case.layout.links)))


def _unknown(raw: Any, understood: Any, path: str) -> str | None:
    """The path of something in `raw` that was left out of what was understood."""
    if isinstance(raw, dict) and isinstance(understood, dict):
        for key, value in raw.items():
            here = f"{path}.{key}".lstrip(".")
            found = here if key not in understood else _unknown(value, understood[key], here)
            if found is not None:
                return found
    if isinstance(raw, list) and isinstance(understood, tuple):
        for number, (one, other) in enumerate(zip(raw, understood, strict=True)):
            found = _unknown(one, other, f"{path}[{number}]")
            if found is not None:
                return found
    return None


def _brief(value: Any) -> Any:
    """A dataclass as the dictionary of those of its fields that are not as by default."""
    if not is_dataclass(value):
        return [_brief(one) for one in value] if isinstance(value, tuple) else value
    return {
        one.name: _brief(getattr(value, one.name))
        for one in fields(value)
        if (one.default is MISSING and one.default_factory is MISSING)
        or getattr(value, one.name) != _default(one)
    }


def _default(one: Field[Any]) -> Any:
    return one.default if one.default_factory is MISSING else one.default_factory()


#: The founding incident's node02.
EXAMPLE = Case(
    layout=Layout(
        links=(
            Link("eth0", 2, ("192.168.21.12/24",)),
            Link("br-fac7e8026658", 5, ("172.18.0.1/16",)),
        ),
        default_route_via="192.168.21.1",
    ),
    stored=Stored(address="192.168.21.12/24", others={"node01": "192.168.21.11/24"}),
)
