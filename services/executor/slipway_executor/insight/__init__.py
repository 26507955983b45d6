"""Answers to live questions, a module per kind. Read-only."""
