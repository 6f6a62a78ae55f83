"""Kubernetes' own view: what its API server says of pods, nodes, rollouts and probes, and what is asked of it."""
