"""Labs: where real Calico runs. Each is a folder of its own behind the protocols of `base`."""
