"""Names of consumers, known without any broker's client."""

PROJECTOR = "projector"
"""Durable consumer of reports that all schedulers share."""
