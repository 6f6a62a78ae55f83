from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from calicolab.artifacts import golang
from calicolab.artifacts.cache import Cache
from calicolab.artifacts.golang_build import Build
from calicolab.artifacts.kubernetes import go_programs
from calicolab.artifacts.kubernetes.go_programs import GoPrograms
from calicolab.artifacts.kubernetes.obtain import recipes
from calicolab.artifacts.kubernetes.sources import KIND, PROGRAMS
from calicolab.errors import ArtifactError
from tests.artifacts.recipes import Notes

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    "change",
    [
        {"programs": ("sigs.k8s.io/kind", "sigs.k8s.io/kind/cmd")},
        {"taken": {}},
        {"tests": {"sigs.k8s.io/kind/pkg": "kind.test"}},
        {"variables": {"a.b": "c"}},
        {"pins": "coredns"},
    ],
    ids=lambda change: next(iter(change)),
)
def test_what_decides_what_is_built_decides_the_key(tmp_path: Path, change: dict[str, object]) -> None:
    assert (
        GoPrograms(replace(KIND, **change), cache=tmp_path).key != GoPrograms(KIND, cache=tmp_path).key  # type: ignore[arg-type] # one field each, of its own type
    )


def test_what_is_only_said_about_it_does_not(tmp_path: Path) -> None:
    other = replace(KIND, title="another title", megabytes=(1, 1, 1))
    assert GoPrograms(other, cache=tmp_path).key == GoPrograms(KIND, cache=tmp_path).key


def test_what_is_taken_from_the_module_can_be_written(tmp_path: Path) -> None:
    module = tmp_path / "module"
    (module / "a" / "b").mkdir(parents=True)
    (module / "a" / "b" / "file").write_text("text")
    (module / "a" / "b" / "file").chmod(0o444)
    go_programs.take(module / "a", tmp_path / "taken")
    go_programs.take(module / "a" / "b" / "file", tmp_path / "c" / "one")
    assert (tmp_path / "taken" / "b" / "file").read_text() == "text"
    assert (tmp_path / "c" / "one").stat().st_mode & 0o200


def test_each_recipe_comes_after_those_it_is_made_from(tmp_path: Path) -> None:
    made = recipes(Cache(tmp_path))
    order = [recipe.name for recipe in made.ordered()]
    assert len(set(order)) == 10
    assert order.index("kind") < order.index("node-root")
    assert order.index("kubernetes") < order.index("pause")
    assert order[-1] == "node-image"


def test_another_node_root_builds_no_kubernetes_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def keys() -> dict[str, str]:
        return {recipe.name: recipe.key for recipe in recipes(Cache(tmp_path)).ordered()}

    before = keys()
    monkeypatch.setattr("calicolab.artifacts.kubernetes.node_root.PACKAGES", ("systemd",))
    after = keys()
    assert {name for name, key in after.items() if key != before[name]} == {"node-root", "node-image"}


def test_an_engine_tells_node_images_apart_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = recipes(Cache(tmp_path)).node_image
    before = made.image_name
    monkeypatch.setattr("calicolab.artifacts.kubernetes.node_image.RECIPE", "another")
    assert made.image_name != before


def test_a_test_program_is_built_after_what_it_imports(tmp_path: Path) -> None:
    program, log = tmp_path / "go", tmp_path / "log"
    program.write_text(
        f'#!/bin/sh\necho "$@" >> {log}\n'
        'case "$*" in\n'
        "*Imports*) echo fmt; echo; echo example.org/b ;;\n"
        "*Stale*) echo 'stale example.org/b' ;;\n"
        "build*) echo example.org/b ;;\n"
        "esac\n"
    )
    program.chmod(0o755)
    build = Build(golang.Go(program, "1.26.8"), work=tmp_path, what="tests", step=Notes())
    build.test_program("example.org/a", flags=["-trimpath"], into=tmp_path / "a.test")
    *_before, built, linked = log.read_text().splitlines()
    assert built == "build -v -trimpath fmt example.org/b"
    assert linked == f"test -c -trimpath -o {tmp_path / 'a.test'} example.org/a"


def test_no_network_is_said_in_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOPROXY", "off")
    monkeypatch.setenv("GOMODCACHE", str(tmp_path / "modules"))
    with pytest.raises(ArtifactError, match=r"Kubernetes v[\d.]+ is not in the cache and cannot be fetched"):
        GoPrograms(PROGRAMS, cache=tmp_path).check()
