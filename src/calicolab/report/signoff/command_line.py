"""What a run's command line tells of it: which part of a larger run it is, and how its checks were asked."""

from __future__ import annotations

import shlex

#: Options that change what a check asks and not how it is called: of another answer, neither takes the other's place.
SETTINGS = ("--monitor-interval", "--layouts", "--seed", "--max-gap")


def without(command: str, options: tuple[str, ...]) -> str:
    """`command` without `options`, each of which has a value."""
    return shlex.join(word for word, option in _words(command) if option not in options)


def settings(command: str) -> str:
    """The settings that a run was given, in the order of their names; "" for those that all runs have unasked."""
    given: dict[str, list[str]] = {}
    for word, option in _words(command):
        if option in SETTINGS:
            given.setdefault(option, []).append(word)
    return " ".join(" ".join(given[option]) for option in sorted(given))


def _words(command: str) -> list[tuple[str, str]]:
    """Each word, with the option that it is or is the value of; "" for one that is neither."""
    try:
        words = shlex.split(command)
    except ValueError:  # a quotation without an end
        words = [command]
    found, before = [], ""
    for word in words:
        name, equals, _ = word.partition("=")
        if word.startswith("-"):
            found.append((word, name))
            before = "" if equals else name
        else:
            found.append((word, before))
            before = ""
    return found
