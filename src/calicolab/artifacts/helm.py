"""helm, which renders the manifests that Calico's older versions keep as a chart."""

from __future__ import annotations

from calicolab.artifacts.kubernetes.sources import Source

HELM = Source(
    name="helm",
    title="helm v3.19.5",
    module="helm.sh/helm/v3",
    version="v3.19.5",
    pins="helm",
    megabytes=(100, 800, 600),
    programs=("helm.sh/helm/v3/cmd/helm",),
)
