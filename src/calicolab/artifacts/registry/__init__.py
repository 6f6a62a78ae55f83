"""Images from container registries, each pinned by its digest, in the same verified cache as what is built."""
