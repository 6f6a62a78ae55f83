"""The sign-off page: several runs judged as one, rendered from their results.json alone."""
