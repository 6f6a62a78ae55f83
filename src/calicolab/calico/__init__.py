"""Calico itself: versions, calicoctl, the readiness probe, BIRD's control socket, the mesh."""
