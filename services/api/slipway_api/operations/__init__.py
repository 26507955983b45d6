"""Use cases: each runs in the transaction that its route opened, and raises ApiError when it refuses."""
