"""The rules of the house, each a function from a source tree to what breaks it there.

A finding is "path:line: what is wrong". The tree is read as text and syntax; nothing of it is imported.
"""

from __future__ import annotations

import ast
import functools
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

#: Folders that are not the project's own text.
NOT_OURS = {
    ".git",
    ".venv",
    ".tox",
    "__pycache__",
    ".mypy_cache",
    ".ruff_cache",
    ".pytest_cache",
    ".hypothesis",
}
#: Where Python of ours is.
CODE = ("src", "fixtures", "suites", "tests", "benchmarks", "nightly", "conftest.py")
FILE_LINES = 400

#: What a suite may not touch: it says what must hold, and how to look is calicolab's business.
NOT_IN_SUITES = (
    *("subprocess", "os", "shlex", "socket", "ctypes", "multiprocessing", "asyncio", "pyroute2", "paramiko"),
    *(
        "testinfra",
        "tests",
        "benchmarks",
        "calicolab.command",
        "calicolab.artifacts",
        "calicolab.cli",
    ),
)
#: Calls that take a command line.
RUNNERS = {"run", "run_status", "Popen", "call", "check_call", "check_output", "system", "popen", "check_run"}
SHELLS = {"os.system", "os.popen", "subprocess.getoutput", "subprocess.getstatusoutput"}
#: What is in labs/ beside the labs.
SHARED_BY_LABS = ("asked", "base", "shared", "standing")
#: Any of calicolab stands on these, so they stand on nothing but errors.py.
FOUNDATION = ("errors.py", "wait.py", "command.py")
#: The hosts of package registries, taken apart so as not to be found here.
REGISTRIES = (
    *(
        ("pypi", "org"),
        ("files", "pythonhosted", "org"),
        ("proxy", "golang", "org"),
        ("sum", "golang", "org"),
    ),
    *(("deb", "debian", "org"), ("security", "debian", "org"), ("snapshot", "debian", "org")),
    *(("registry", "npmjs", "org"), ("static", "crates", "io"), ("index", "crates", "io")),
)
#: A folder of whoever wrote the file: a home, or the root of a workplace.
MACHINE_PATH = re.compile(r"(?<![\w.})>*$-])/(?:home/\w+|Users/\w+|root|work)/")

#: A link of a page to something in the tree; addresses elsewhere have a colon.
LINK = re.compile(r"\]\((?P<target>[^)#\s:]+)(?:#[^)]*)?\)")


def suites_only_say_what_must_hold(tree: Path) -> list[str]:
    """Suites import pytest and calicolab's types, facts and faults, and build no command line.

    What fixtures/ offers comes through pytest; only the types of it are imported, for the checker.
    """
    found = _imports_of(tree, "suites", lambda module: _is_any_of(module, NOT_IN_SUITES) or _is_a_lab(module))
    found += _imports_of(tree, "suites", lambda module: _is_in(module, "fixtures"), types_too=False)
    for path, syntax in _modules(tree, "suites"):
        for node in ast.walk(syntax):
            if isinstance(node, ast.Call) and _last_name(node.func) in RUNNERS:
                found.append(f"{path}:{node.lineno}: runs a program: {ast.unparse(node.func)}")
    return found


def fixtures_do_not_know_the_suites(tree: Path) -> list[str]:
    """Fixtures wire; what is wired up to them they do not know."""
    above = ("suites", "tests", "benchmarks", "nightly")
    return _imports_of(tree, "fixtures", lambda module: _is_any_of(module, above))


def calicolab_stands_below(tree: Path) -> list[str]:
    """calicolab is usable without pytest: it imports nothing of it, nor of what stands above (ruff: no assert)."""
    above = ("pytest", "_pytest", "fixtures", "suites", "tests", "benchmarks", "nightly", "conftest")
    return _imports_of(tree, "src", lambda module: _is_any_of(module, above))


def labs_stand_alone(tree: Path) -> list[str]:
    """A lab imports no other lab, and only labs and what stands above them import a lab at all."""
    found = []
    for lab in sorted(path.name for path in (tree / "src/calicolab/labs").iterdir() if path.is_dir()):
        found += _imports_of(tree, f"src/calicolab/labs/{lab}", functools.partial(_is_another_lab, own=lab))
    below = (
        *("artifacts", "calico", "connectivity", "engine", "etcd", "evidence", "faults"),
        *("host", "kubernetes", "report"),
    )
    for folder in below:
        found += _imports_of(tree, f"src/calicolab/{folder}", _is_a_lab)
    return found


def the_foundation_stands_on_nothing(tree: Path) -> list[str]:
    """errors.py, wait.py and command.py import nothing of calicolab but errors.py."""
    return [
        finding
        for name in FOUNDATION
        for finding in _imports_of(
            tree,
            f"src/calicolab/{name}",
            lambda module: _is_in(module, "calicolab") and not _is_in(module, "calicolab.errors"),
        )
    ]


def only_wait_sleeps(tree: Path) -> list[str]:
    """Whoever waits for something uses wait_for, which says what came of it."""
    return [
        finding
        for finding in _calls(tree, lambda name, _: name in {"time.sleep", "asyncio.sleep"})
        if not finding.startswith("src/calicolab/wait.py:")
    ]


def no_shell(tree: Path) -> list[str]:
    """Programs get argument lists."""
    return _calls(tree, lambda name, call: name in SHELLS or _has_shell(call))


def suites_introduce_themselves(tree: Path) -> list[str]:
    """Each folder of suites says what it promises, in a README or the docstring of its package."""
    folders = [
        path for path in sorted((tree / "suites").iterdir()) if path.is_dir() and path.name not in NOT_OURS
    ]
    return [
        f"{folder.relative_to(tree)}/__init__.py:1: has no docstring, and there is no README.md beside it"
        for folder in folders
        if not _says_something(folder / "README.md") and not _has_docstring(folder / "__init__.py")
    ]


def files_hold_one_idea(tree: Path) -> list[str]:
    """No file of code or prose is longer than FILE_LINES lines."""
    return [
        f"{path}:{len(lines)}: more than {FILE_LINES} lines"
        for path, lines in _texts(tree)
        if len(lines) > FILE_LINES
        and path.name != "LICENSE"
        and path.suffix in {".py", ".sh", ".md", ".ini", ".toml", ""}
    ]


def no_registry_is_named(tree: Path) -> list[str]:
    """Which registry serves a package is the machine's business."""
    hosts = re.compile("|".join(re.escape(".".join(parts)) for parts in REGISTRIES))
    return _lines_with(tree, hosts, "names a package registry's host")


def no_machine_is_named(tree: Path) -> list[str]:
    """Nothing depends on where somebody had the checkout or their home."""
    return _lines_with(tree, MACHINE_PATH, "names a folder of somebody's machine")


def links_lead_somewhere(tree: Path) -> list[str]:
    """What a page links to in the tree is there."""
    return [
        f"{path}:{number}: links to {match['target']}, which is not there"
        for path, lines in _texts(tree)
        if path.suffix == ".md"
        for number, line in enumerate(lines, start=1)
        for match in LINK.finditer(line)
        if not (tree / path.parent / match["target"]).exists()
    ]


RULES: tuple[Callable[[Path], list[str]], ...] = (
    suites_only_say_what_must_hold,
    fixtures_do_not_know_the_suites,
    calicolab_stands_below,
    labs_stand_alone,
    the_foundation_stands_on_nothing,
    only_wait_sleeps,
    no_shell,
    suites_introduce_themselves,
    files_hold_one_idea,
    no_registry_is_named,
    no_machine_is_named,
    links_lead_somewhere,
)


def _modules(tree: Path, folder: str) -> Iterator[tuple[Path, ast.Module]]:
    """The Python files at or under `folder`, by their paths in the tree."""
    start = tree / folder
    for path in sorted(start.rglob("*.py")) if start.is_dir() else [start]:
        if path.is_file() and not NOT_OURS & set(path.parts):
            yield path.relative_to(tree), ast.parse(path.read_text(encoding="utf-8"), str(path))


def _texts(tree: Path) -> Iterator[tuple[Path, list[str]]]:
    """Every text file of ours with its lines; reports are results, not ours."""
    for path in sorted(tree.rglob("*")):
        inside = path.relative_to(tree)
        if NOT_OURS & set(inside.parts) or inside.parts[0] == "reports" or not path.is_file():
            continue
        try:
            yield inside, path.read_text(encoding="utf-8").splitlines()
        except UnicodeDecodeError:
            continue  # a picture


def _lines_with(tree: Path, pattern: re.Pattern[str], wrong: str) -> list[str]:
    return [
        f"{path}:{number}: {wrong}: {match[0]}"
        for path, lines in _texts(tree)
        for number, line in enumerate(lines, start=1)
        if (match := pattern.search(line))
    ]


def _imports_of(
    tree: Path, folder: str, forbidden: Callable[[str], bool], *, types_too: bool = True
) -> list[str]:
    found = []
    for path, syntax in _modules(tree, folder):
        package = ".".join(path.with_suffix("").parts[:-1]).removeprefix("src.")
        for_the_checker = set() if types_too else _for_the_checker(syntax)
        for node in ast.walk(syntax):
            if isinstance(node, ast.Import | ast.ImportFrom | ast.Call) and node not in for_the_checker:
                imported = _imported(node, package=package)
                found += [
                    f"{path}:{node.lineno}: imports {module}" for module in imported if forbidden(module)
                ]
    return found


def _imported(node: ast.Import | ast.ImportFrom | ast.Call, *, package: str) -> list[str]:
    """What a statement imports, each as the longest dotted name that may be a module."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        parents = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
        base = ".".join([*parents, *([node.module] if node.module else [])])
        return [f"{base}.{alias.name}" for alias in node.names]
    if _last_name(node.func) in {"import_module", "__import__"} and node.args:
        name = node.args[0]
        return [name.value] if isinstance(name, ast.Constant) and isinstance(name.value, str) else []
    return []


def _for_the_checker(syntax: ast.Module) -> set[ast.AST]:
    """All that stands under `if TYPE_CHECKING:`."""
    blocks = [
        node
        for node in ast.walk(syntax)
        if isinstance(node, ast.If) and _last_name(node.test) == "TYPE_CHECKING"
    ]
    return {node for block in blocks for statement in block.body for node in ast.walk(statement)}


def _calls(tree: Path, wrong: Callable[[str, ast.Call], bool]) -> list[str]:
    """Calls for which `wrong` holds, given the full name of what is called, whatever it was imported as."""
    found = []
    for folder in CODE:
        for path, syntax in _modules(tree, folder):
            names = dict(_names_imported(syntax))
            for node in ast.walk(syntax):
                if isinstance(node, ast.Call):
                    called = ast.unparse(node.func)
                    first, _, rest = called.partition(".")
                    full = f"{names.get(first, first)}{'.' if rest else ''}{rest}"
                    if wrong(full, node):
                        found.append(f"{path}:{node.lineno}: calls {full}")
    return found


def _names_imported(syntax: ast.Module) -> Iterator[tuple[str, str]]:
    """Local name and full name of each import."""
    for node in ast.walk(syntax):
        if isinstance(node, ast.Import):
            yield from ((alias.asname or alias.name, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from ((alias.asname or alias.name, f"{node.module}.{alias.name}") for alias in node.names)


def _has_shell(call: ast.Call) -> bool:
    return any(
        keyword.arg == "shell" and not (isinstance(keyword.value, ast.Constant) and not keyword.value.value)
        for keyword in call.keywords
    )


def _is_in(module: str, package: str) -> bool:
    return module == package or module.startswith(f"{package}.")


def _is_any_of(module: str, packages: tuple[str, ...]) -> bool:
    return any(_is_in(module, package) for package in packages)


def _is_a_lab(module: str) -> bool:
    """Whether it is a kind of lab; what they all offer and share is none."""
    parts = module.split(".")
    return parts[:2] == ["calicolab", "labs"] and len(parts) > 2 and parts[2] not in SHARED_BY_LABS


def _is_another_lab(module: str, *, own: str) -> bool:
    return _is_a_lab(module) and not _is_in(module, f"calicolab.labs.{own}")


def _last_name(named: ast.expr) -> str:
    return named.attr if isinstance(named, ast.Attribute) else ast.unparse(named)


def _says_something(readme: Path) -> bool:
    return readme.is_file() and bool(readme.read_text(encoding="utf-8").strip())


def _has_docstring(module: Path) -> bool:
    return module.is_file() and bool(ast.get_docstring(ast.parse(module.read_text(encoding="utf-8"))))
