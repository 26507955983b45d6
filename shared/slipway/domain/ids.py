"""Time-ordered ids (UUID version 7, RFC 9562), so that new rows land at the end of their index."""

from uuid import UUID


def uuid7(unix_ms: int, random_bits: int) -> UUID:
    """Return the UUIDv7 for a time in milliseconds and at least 74 random bits (more are cut)."""
    value = (unix_ms & (1 << 48) - 1) << 80
    value |= 0x7 << 76
    value |= (random_bits >> 62 & 0xFFF) << 64
    value |= 0b10 << 62
    value |= random_bits & (1 << 62) - 1
    return UUID(int=value)
