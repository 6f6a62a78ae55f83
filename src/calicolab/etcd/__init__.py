"""The external etcd: certificate authority and members."""
