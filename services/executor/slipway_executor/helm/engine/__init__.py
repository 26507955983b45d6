"""The Helm port by a warm program: its messages, one process of it, those of all slots, and the adapter."""
