"""Helm: what is asked of it (`port`), by its own program (`process`), in memory (`memory`)."""
