"""The API: accepts what users want in one transaction each, and shows what became of it."""
