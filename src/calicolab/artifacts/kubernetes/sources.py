"""What is built from which Go module: data, one row a program's module."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

#: The newest minor version that still takes cgroup v1 without being asked to, which the lab's machines have.
KUBERNETES = "v1.34.4"
#: The version of pause in that Kubernetes (build/pause/Makefile), which kubeadm asks for.
PAUSE = "3.10.1"
_KUBERNETES = "k8s.io/kubernetes"
#: Where Kubernetes' programs keep the version that they print and compare (hack/lib/version.sh of that version).
_KUBERNETES_VARIABLES = {
    f"{package}.{name}": value
    for package in ("k8s.io/component-base/version", "k8s.io/client-go/pkg/version")
    for name, value in (
        ("gitVersion", KUBERNETES),
        ("gitMajor", KUBERNETES.removeprefix("v").split(".")[0]),
        ("gitMinor", KUBERNETES.split(".")[1]),
        ("gitTreeState", "clean"),
    )
}


@dataclass(frozen=True)
class Source:
    """One cache entry built from one Go module.

    Attributes:
        name: the entry's name.
        title: what progress calls it.
        module: the module's path; its go.mod and go.sum of ours are in gomodules/<pins>/.
        version: the module's version.
        pins: the folder of go.mod and go.sum; entries of one module share it.
        programs: packages of programs; each is named after its last part.
        tests: packages of tests, and what their program is called.
        taken: files or folders of the module, and where in the entry they go.
        variables: Go variables set when linking.
        staging: version of the modules that the module's own go.mod replaces by folders; None where there are none.
        unlisted: whether the checksum database lacks the module; our go.sum pins it all the same.
        megabytes: room in the cache, in Go's compiled packages and in Go's modules while it is built.
    """

    name: str
    title: str
    module: str
    version: str
    pins: str
    megabytes: tuple[int, int, int]
    programs: tuple[str, ...] = ()
    tests: Mapping[str, str] = field(default_factory=dict)
    taken: Mapping[str, str] = field(default_factory=dict)
    variables: Mapping[str, str] = field(default_factory=dict)
    staging: str | None = None
    unlisted: bool = False


#: The programs of a cluster, agnhost, which the conformance tests talk to, and the source of pause.
PROGRAMS = Source(
    name="kubernetes",
    title=f"Kubernetes {KUBERNETES}",
    module=_KUBERNETES,
    version=KUBERNETES,
    pins="kubernetes",
    megabytes=(900, 2000, 1000),
    programs=(
        *(
            f"{_KUBERNETES}/cmd/{name}"
            for name in (
                "kubeadm",
                "kubelet",
                "kubectl",
                "kube-apiserver",
                "kube-controller-manager",
                "kube-scheduler",
                "kube-proxy",
            )
        ),
        f"{_KUBERNETES}/test/images/agnhost",
    ),
    taken={"build/pause/linux/pause.c": "pause.c", "test/images/agnhost/porter": "porter"},
    variables=_KUBERNETES_VARIABLES,
    staging=KUBERNETES.replace("v1.", "v0."),
)
#: kubectl alone, for a lab whose nodes' image is pulled.
KUBECTL = Source(
    name="kubectl",
    title=f"kubectl {KUBERNETES}",
    module=_KUBERNETES,
    version=KUBERNETES,
    pins="kubernetes",
    megabytes=(100, 700, 300),
    programs=(f"{_KUBERNETES}/cmd/kubectl",),
    variables=_KUBERNETES_VARIABLES,
    staging=PROGRAMS.staging,
)
#: Kubernetes' conformance tests. An entry of its own: nothing of a cluster is made from it but the images' names.
E2E = Source(
    name="e2e",
    title=f"conformance tests of Kubernetes {KUBERNETES}",
    module=_KUBERNETES,
    version=KUBERNETES,
    pins="kubernetes",
    megabytes=(300, 1000, 200),
    tests={f"{_KUBERNETES}/test/e2e": "e2e.test"},
    variables=_KUBERNETES_VARIABLES,
    staging=PROGRAMS.staging,
)
#: The version whose image kubeadm asks for (CoreDNSVersion in cmd/kubeadm/app/constants of that Kubernetes).
COREDNS = Source(
    name="coredns",
    title="CoreDNS v1.12.1",
    module="github.com/coredns/coredns",
    version="v1.12.1",
    pins="coredns",
    megabytes=(150, 900, 600),
    programs=("github.com/coredns/coredns",),
)
#: What looks into a node's containerd: the one version of it that is served.
CRICTL = Source(
    name="crictl",
    title="crictl v1.34.0",
    module="sigs.k8s.io/cri-tools",
    version="v1.34.0",
    pins="cri-tools",
    megabytes=(80, 200, 200),
    programs=("sigs.k8s.io/cri-tools/cmd/crictl",),
    variables={"sigs.k8s.io/cri-tools/pkg/version.Version": "v1.34.0"},
    unlisted=True,
)
#: kind, and the files that its own node images are made of. The last versions but this one balance the load of several
#: control planes by Envoy, which no package has; this one by HAProxy, which Debian has.
KIND = Source(
    name="kind",
    title="kind v0.30.0",
    module="sigs.k8s.io/kind",
    version="v0.30.0",
    pins="kind",
    megabytes=(40, 100, 50),
    programs=("sigs.k8s.io/kind",),
    # The second: the name of the load balancer's image, which kind asks for.
    taken={"images/base/files": "base", "pkg/cluster/internal/loadbalancer/const.go": "loadbalancer.go"},
)
#: What runs specs side by side, as upstream's own conformance image does; of the version that e2e.test is built with.
GINKGO = Source(
    name="ginkgo",
    title="ginkgo v2.21.0",
    module="github.com/onsi/ginkgo/v2",
    version="v2.21.0",
    pins="ginkgo",
    megabytes=(30, 150, 60),
    programs=("github.com/onsi/ginkgo/v2/ginkgo",),
)
SOURCES = (PROGRAMS, E2E, COREDNS, CRICTL, KIND, GINKGO)
