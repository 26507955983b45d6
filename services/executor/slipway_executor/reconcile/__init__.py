"""Observe, classify into a named state, choose one action, act, observe again. `state`, `decide`, `readiness`: pure."""
