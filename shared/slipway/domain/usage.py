"""What objects ask of a cluster, and what a user may ask of it."""

import msgspec


class Usage(msgspec.Struct, frozen=True, kw_only=True):
    """Sums of requests: thousandths of a core, MiB of memory, GiB of volumes."""

    cpu_milli: int = 0
    memory_mib: int = 0
    storage_gib: int = 0

    def plus(self, other: "Usage") -> "Usage":
        return Usage(
            cpu_milli=self.cpu_milli + other.cpu_milli,
            memory_mib=self.memory_mib + other.memory_mib,
            storage_gib=self.storage_gib + other.storage_gib,
        )

    def left_of(self, limit: "Usage") -> "Usage":
        """Return what is left of a limit, never below zero."""
        return Usage(
            cpu_milli=max(0, limit.cpu_milli - self.cpu_milli),
            memory_mib=max(0, limit.memory_mib - self.memory_mib),
            storage_gib=max(0, limit.storage_gib - self.storage_gib),
        )

    def least(self, other: "Usage") -> "Usage":
        """Return the smaller of each resource."""
        return Usage(
            cpu_milli=min(self.cpu_milli, other.cpu_milli),
            memory_mib=min(self.memory_mib, other.memory_mib),
            storage_gib=min(self.storage_gib, other.storage_gib),
        )

    def beyond(self, limit: "Usage") -> list[str]:
        """Return a sentence for each resource of which this asks more than the limit."""
        named = (
            ("CPU", self.cpu_milli, limit.cpu_milli, "m"),
            ("memory", self.memory_mib, limit.memory_mib, " MiB"),
            ("storage", self.storage_gib, limit.storage_gib, " GiB"),
        )
        return [
            f"{asked}{unit} of {name} where {most}{unit} are left" for name, asked, most, unit in named if asked > most
        ]


class Quota(msgspec.Struct, frozen=True, kw_only=True):
    """What one user may have in all."""

    deployments: int = 20
    cpu_milli: int = 8_000
    memory_mib: int = 16 * 1024
    storage_gib: int = 100

    @property
    def usage(self) -> Usage:
        return Usage(cpu_milli=self.cpu_milli, memory_mib=self.memory_mib, storage_gib=self.storage_gib)
