"""The lab on network namespaces: real programs, no Docker, no Kubernetes."""
