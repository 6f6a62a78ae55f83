"""Pages rendered from results.json."""
