"""From what was observed to what JSON can hold."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import datetime
from enum import Enum
from pathlib import PurePath
from typing import Any, Protocol, runtime_checkable

import msgspec

from calicolab.errors import CalicolabError


@runtime_checkable
class HasFacts(Protocol):
    """What knows itself how it is to be written down, such as a mesh."""

    def to_facts(self) -> Any:
        """Itself in dicts, lists and scalars."""


def to_facts(value: Any) -> Any:
    """`value` in dicts, lists and scalars.

    Takes scalars, dates, paths, enumerations, mappings, sequences, sets (sorted), dataclasses, msgspec's structs and
    all that has `to_facts()`, nested in any way.

    Raises:
        CalicolabError: something in it cannot be written down as JSON.
    """
    if value is None or isinstance(value, bool | int | float | str):
        return _scalar(value)
    if isinstance(value, HasFacts) and not isinstance(value, type):
        return to_facts(value.to_facts())
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Enum):
        return to_facts(value.value)
    if isinstance(value, PurePath):
        return str(value)
    return _container(value)


def _scalar(value: bool | float | str | None) -> Any:
    if isinstance(value, float) and (value != value or value in (float("inf"), float("-inf"))):
        raise CalicolabError(f"{value} cannot be a fact: JSON has no such number")
    return value


def _container(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): to_facts(entry) for key, entry in value.items()}
    if isinstance(value, set | frozenset):
        return [to_facts(entry) for entry in sorted(value, key=str)]
    if isinstance(value, list | tuple):
        return [to_facts(entry) for entry in value]
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: to_facts(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, msgspec.Struct):
        return to_facts(msgspec.to_builtins(value))
    raise CalicolabError(f"a {type(value).__name__} cannot be a fact: give it to_facts(), or pass its parts")
