"""What travels over NATS, and the port that carries it. NATS only carries: PostgreSQL decides."""
