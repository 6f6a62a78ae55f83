"""A Kubernetes cluster by kind: its programs, its conformance tests and the image of its nodes."""
