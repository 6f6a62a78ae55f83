"""Facts first: the time line, the run store, results.json, collection."""
