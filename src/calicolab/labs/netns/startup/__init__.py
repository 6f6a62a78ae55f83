"""The real `calico-node -startup` on made-up nodes: a machine of its own with any interfaces, and an etcd beside it."""

from calicolab.labs.netns.startup.rig import StartupRig

__all__ = ["StartupRig"]
