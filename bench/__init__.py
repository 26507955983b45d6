"""Measurements of Slipway beside what it could be instead; each is a program: `python -m bench.<name>`."""
