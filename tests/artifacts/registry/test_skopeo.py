"""What skopeo says when it fails, as one sentence; its own words are recorded from version 1.9.3."""

from __future__ import annotations

import pytest

from calicolab.artifacts.registry import skopeo
from calicolab.artifacts.registry.mirror import Mirror
from calicolab.artifacts.registry.pins import Pin
from calicolab.errors import ArtifactError

DIGEST = f"sha256:{'a' * 64}"
PIN = Pin("calico", "docker.io/calico/node", "v3.25.0", DIGEST)


def fatal(reason: str) -> str:
    """A line of skopeo's."""
    image = f'Error parsing image name \\"docker://127.0.0.1:5052/calico/node@{DIGEST}\\"'
    return f'time="2026-11-23T15:44:19Z" level=fatal msg="{image}: {reason}"\n'


SAID = [
    (
        'pinging container registry 127.0.0.1:5052: Get \\"http://127.0.0.1:5052/v2/\\": '
        "dial tcp 127.0.0.1:5052: connect: connection refused",
        r"does not answer, and docker\.io/calico/node:v3\.25\.0 must be pulled from it \(dial tcp .*refused\): see",
    ),
    (
        'pinging container registry nosuch.invalid: Get \\"http://nosuch.invalid/v2/\\": '
        "dial tcp: lookup nosuch.invalid on 192.0.2.53:53: no such host",
        "does not answer.*no such host.*the network is up",
    ),
    (
        f"reading manifest {DIGEST} in 127.0.0.1:5052/calico/node: manifest unknown: manifest unknown",
        rf"has no calico/node@{DIGEST}, which docker\.io/calico/node:v3\.25\.0 is pinned to.*copy it there",
    ),
    ("unauthorized: authentication required", "log in by `docker login`"),
    ("toomanyrequests: You have reached your pull rate limit.", "has been asked too often"),
    ("something else", "could not be pulled from the registry 127.0.0.1:5052: something else"),
]


@pytest.mark.parametrize(("reason", "sentence"), SAID)
def test_what_it_says_becomes_one_sentence(reason: str, sentence: str) -> None:
    error = skopeo.told_clearly(fatal(reason), pin=PIN, mirror=Mirror("127.0.0.1:5052"))
    assert "\n" not in str(error)
    with pytest.raises(type(error), match=sentence):
        raise error


def test_without_a_mirror_one_is_offered() -> None:
    said = str(skopeo.told_clearly(fatal("i/o timeout"), pin=PIN, mirror=None))
    assert "the registry docker.io does not answer" in said
    assert "name a registry that holds copies (CALICOLAB_REGISTRY_MIRROR)" in said


def test_a_program_that_said_nothing_is_said_to_have_said_nothing() -> None:
    assert "it said nothing" in str(skopeo.told_clearly("", pin=PIN, mirror=None))


def test_this_machine_s_image_is_chosen_from_a_list() -> None:
    def listed(*architectures: str) -> skopeo._Manifest:
        return skopeo._Manifest(
            manifests=tuple(
                skopeo._Listed(digest=name, platform=skopeo._Platform("linux", name))
                for name in architectures
            )
        )

    ours = skopeo._architecture()
    assert skopeo._for_this_machine(PIN, listed("s390x", ours)) == ours
    with pytest.raises(ArtifactError, match=f"has no image for Linux on {ours}"):
        skopeo._for_this_machine(PIN, listed("s390x"))
