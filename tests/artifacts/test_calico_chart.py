"""A documentation of our own, laid out as Calico v3.21 to v3.23 lay theirs out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from calicolab.artifacts import calico_chart
from calicolab.errors import ArtifactError

if TYPE_CHECKING:
    from pathlib import Path

FILES = {
    "_plugins/values.rb": """\
def values(others)
  if others
    text = <<~EOF
    other: #{versions.fetch("other").image}
    EOF
  else
    text = <<~EOF
    # what is rendered
    node:
      image: #{imageRegistry}#{imageNames.fetch("node")}
      tag: #{versions.fetch("calico/node")}
    EOF
  end
end
""",
    "manifests/calico-etcd.yaml": "---\n---\n{% helm %}\ndatastore: etcd\n{% endhelm %}\n",
    "_config.yml": "imageNames:\n  node: example.org/node\n",
    "_data/versions.yml": """\
- title: v9.9.2
  components:
    calico/node: {version: v9.9.2}
- title: v9.9.1
  components:
    calico/node: {version: v9.9.1}
""",
}


@pytest.fixture
def documentation(tmp_path: Path) -> Path:
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def test_the_newest_versions_values_lie_under_the_pages(documentation: Path) -> None:
    lower, upper = calico_chart.values(documentation)
    assert lower == "# what is rendered\nnode:\n  image: example.org/node\n  tag: v9.9.2\n"
    assert upper == "datastore: etcd\n"


def test_a_name_that_the_configuration_lacks_is_told(documentation: Path) -> None:
    (documentation / "_config.yml").write_text("imageNames:\n  other: example.org/other\n")
    with pytest.raises(
        ArtifactError, match=r'#\{imageNames\.fetch\("node"\)\}, which its configuration lacks'
    ):
        calico_chart.values(documentation)


@pytest.mark.parametrize("name", ["_plugins/values.rb", "manifests/calico-etcd.yaml"])
def test_another_layout_is_refused(documentation: Path, name: str) -> None:
    (documentation / name).write_text("something else\n")
    with pytest.raises(ArtifactError, match=f"{name} is not as in Calico v3.21 to v3.23"):
        calico_chart.values(documentation)
