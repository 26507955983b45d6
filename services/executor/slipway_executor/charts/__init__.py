"""Chart archives: fetched with limits, checked against their digest before anything loads them, kept by digest."""
