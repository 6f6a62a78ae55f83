"""The mesh's picture says what the mesh says, in colour, in letters and in words."""

from __future__ import annotations

from xml.etree import ElementTree

from calicolab.calico.mesh import Mesh
from calicolab.report.mesh_picture import MeshView, draw_mesh
from tests.fixtures.fake_lab import session

NODES = [("node01", "192.168.21.11"), ("node02", "192.168.21.12"), ("node03", "192.168.21.13")]
SVG = "{http://www.w3.org/2000/svg}"


def incident() -> Mesh:
    """Node02 has taken the bridge's address."""
    return Mesh.of(
        NODES,
        {
            "node01": (session(peer="172.18.0.1", up=False), session(peer="192.168.21.13", up=True)),
            "node02": (session(peer="192.168.21.11", up=False), session(peer="192.168.21.13", up=False)),
            "node03": (session(peer="192.168.21.11", up=True), session(peer="172.18.0.1", up=False)),
        },
    )


def healthy(count: int) -> Mesh:
    nodes = [(f"node{number:02}", f"192.168.21.{number}") for number in range(1, count + 1)]
    return Mesh.of(
        nodes,
        {
            name: tuple(session(peer=address, up=True) for other, address in nodes if other != name)
            for name, _ in nodes
        },
    )


def parsed(markup: str) -> ElementTree.Element:
    return ElementTree.fromstring(markup)  # noqa: S314 - our own markup


def cells(markup: str) -> dict[str, tuple[str | None, str | None]]:
    """Each cell's words, with its colour and its letter."""
    found = {}
    for cell in parsed(markup).iter("g"):
        words = cell.findtext("title") or ""
        box = cell.find("rect")
        assert box is not None
        found[words] = (box.get("class"), cell.findtext("text"))
    return found


def test_every_ordered_pair_and_every_stranger_has_a_cell() -> None:
    assert cells(draw_mesh(MeshView.of(incident()), title="Mesh during")) == {
        "node01 to node02: no such session": ("missing", "\N{EN DASH}"),
        "node01 to node03: up, Established": ("up", "E"),
        "node01 to 172.18.0.1: start, Active Socket: Connection refused": ("trying", "A"),
        "node02 to node01: start, Active Socket: Connection refused": ("trying", "A"),
        "node02 to node03: start, Active Socket: Connection refused": ("trying", "A"),
        "node03 to node01: up, Established": ("up", "E"),
        "node03 to node02: no such session": ("missing", "\N{EN DASH}"),
        "node03 to 172.18.0.1: start, Active Socket: Connection refused": ("trying", "A"),
    }


def test_a_screen_reader_is_told_what_the_picture_shows() -> None:
    picture = parsed(draw_mesh(MeshView.of(incident()), title="Mesh during"))
    label = picture.get("aria-label") or ""
    assert picture.get("role") == "img"
    assert label.startswith("Mesh during. 2 of 6 sessions Established; 172.18.0.1 dialled")
    assert "node02 to node01: start, Active Socket: Connection refused" in label
    assert (picture.findtext("desc") or "?") in label


def test_a_full_mesh_says_so() -> None:
    view = MeshView.of(healthy(3))
    assert view.summary == "6 of 6 sessions Established"
    assert "None is broken." in draw_mesh(view, title="Mesh")


def test_a_node_whose_bird_is_silent_has_a_row_of_question_marks() -> None:
    mesh = Mesh.of(NODES, {"node01": "no socket", "node02": (), "node03": ()})
    drawn = cells(draw_mesh(MeshView.of(mesh), title="Mesh"))
    assert drawn["node01 to node02: no socket"] == ("silent", "?")
    assert MeshView.of(mesh).established == 0


def test_an_established_session_that_is_not_up_is_not_drawn_as_up() -> None:
    waiting = session(peer="192.168.21.12", up=True)
    waiting = type(waiting)(**{**vars(waiting), "state": "wait"})
    mesh = Mesh.of(NODES[:2], {"node01": (waiting,), "node02": ()})
    view = MeshView.of(mesh)
    assert view.established == 0
    assert cells(draw_mesh(view, title="Mesh"))["node01 to node02: wait, Established"] == ("trying", "W")


def test_the_words_and_the_mesh_agree() -> None:
    for mesh in (incident(), healthy(4), Mesh.of(NODES, {})):
        view = MeshView.of(mesh)
        assert view.established == len(mesh.established_pairs)
        assert view.expected == len(mesh.expected_pairs)


def test_a_hundred_nodes_fit_the_page() -> None:
    picture = parsed(draw_mesh(MeshView.of(healthy(100)), title="Mesh"))
    assert float(picture.get("width") or 0) < 1200
    assert len(list(picture.iter("g"))) == 9900


def test_hostile_names_are_text() -> None:
    hostile = "<script>alert(1)</script>"
    mesh = Mesh.of([(hostile, "1"), ("b", "2")], {hostile: "<b>&", "b": ()})
    markup = draw_mesh(MeshView.of(mesh), title=hostile)
    assert "<script" not in markup
    assert "<b>" not in markup
    parsed(markup)
