"""The scheduler: leases due jobs, publishes their commands, answers claims and beats, projects reports, relays events.

Any number of schedulers run side by side. None leads: each step is one statement or transaction that PostgreSQL orders.
"""
