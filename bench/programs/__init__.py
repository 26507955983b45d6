"""Programs that rungs run beside themselves, in processes of their own."""
