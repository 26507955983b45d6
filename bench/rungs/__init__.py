"""The rungs, one module each: `measure` runs what its docstring says and returns the figures."""
