"""The target cluster: what is asked of it (`port`), over the Kubernetes API (`kubernetes`), in memory (`memory`)."""
