"""Statements, a module per noun. Each takes the caller's session and commits nothing."""
