"""The incident's configuration files and settings, as data: where a cluster keeps what its parts need to find etcd."""

from __future__ import annotations

import json
from dataclasses import dataclass

import yaml

#: Where the Secret calico-etcd-secrets is mounted, and its keys (calico-etcd.yaml).
SECRETS = "/calico-secrets"
CA_FILE, CERTIFICATE_FILE, KEY_FILE = f"{SECRETS}/etcd-ca", f"{SECRETS}/etcd-cert", f"{SECRETS}/etcd-key"
CALICOCTL_CONFIG = "/etc/calico/calicoctl.cfg"
CNI_CONFIG_FOLDER = "/etc/cni/net.d"
CNI_CONFIG = f"{CNI_CONFIG_FOLDER}/10-calico.conflist"
CNI_NETWORK = "k8s-pod-network"
#: The incident's `veth_mtu`, in bytes.
VETH_MTU = 1440
POD_CIDR = "10.244.0.0/16"


@dataclass(frozen=True)
class Datastore:
    """Where etcd is: client URLs joined by commas, as all of Calico's settings have them."""

    endpoints: str


def calicoctl_config(datastore: Datastore) -> str:
    """/etc/calico/calicoctl.cfg: a CalicoAPIConfig for etcd over mutual TLS."""
    return yaml.safe_dump(
        {
            "apiVersion": "projectcalico.org/v3",
            "kind": "CalicoAPIConfig",
            "metadata": {},
            "spec": {
                "datastoreType": "etcdv3",
                "etcdEndpoints": datastore.endpoints,
                "etcdCACertFile": CA_FILE,
                "etcdCertFile": CERTIFICATE_FILE,
                "etcdKeyFile": KEY_FILE,
            },
        },
        sort_keys=False,
    )


def cni_conflist(datastore: Datastore, *, node: str) -> str:
    """The CNI chain calico + calico-ipam + portmap. It has no Kubernetes part: `policy` and `kubernetes` need one."""
    calico = {
        "type": "calico",
        "log_level": "info",
        "log_file_path": "/var/log/calico/cni/cni.log",
        "datastore_type": "etcdv3",
        "etcd_endpoints": datastore.endpoints,
        "etcd_ca_cert_file": CA_FILE,
        "etcd_cert_file": CERTIFICATE_FILE,
        "etcd_key_file": KEY_FILE,
        "nodename": node,
        "mtu": VETH_MTU,
        "ipam": {"type": "calico-ipam"},
    }
    portmap = {"type": "portmap", "snat": True, "capabilities": {"portMappings": True}}
    return json.dumps({"name": CNI_NETWORK, "cniVersion": "0.3.1", "plugins": [calico, portmap]}, indent=2)


def container_environment(datastore: Datastore, *, node: str) -> dict[str, str]:
    """The settings of the calico-node container: calico-etcd.yaml's, with what a lab without Kubernetes changes."""
    return {
        "DATASTORE_TYPE": "etcdv3",
        "ETCD_ENDPOINTS": datastore.endpoints,
        "ETCD_CA_CERT_FILE": CA_FILE,
        "ETCD_CERT_FILE": CERTIFICATE_FILE,
        "ETCD_KEY_FILE": KEY_FILE,
        "NODENAME": node,
        "IP": "autodetect",
        "CALICO_NETWORKING_BACKEND": "bird",
        "CLUSTER_TYPE": "bgp",
        "CALICO_IPV4POOL_CIDR": POD_CIDR,
        # Pods are reached over plain BGP routes: this kind of kernel has no IPIP, and stock BIRD has no krt_tunnel.
        "CALICO_IPV4POOL_IPIP": "Never",
        "CALICO_IPV4POOL_VXLAN": "Never",
        "FELIX_DEFAULTENDPOINTTOHOSTACTION": "ACCEPT",
        "FELIX_IPV6SUPPORT": "false",
        "FELIX_HEALTHENABLED": "true",
        # Each service logs to a file of its own, with the time of each line (svlogd): evidence.
        "CALICO_DISABLE_FILE_LOGGING": "false",
        # Renews a Kubernetes token; there is none.
        "CALICO_MANAGE_CNI": "false",
        # Without it `sv hup bird` finds no service, and BIRD never reads what confd wrote.
        "SVDIR": "/etc/service/enabled",
        # Built without cgo, v3.31's Felix has no libbpf: it panics when it removes a BPF state that never was. Spelled
        # just so: felix/bpf/nat/connecttime.go reads it by itself.
        "FELIX_DebugSkipCTLBCleanup": "true",
    }
