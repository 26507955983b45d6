"""The executor: claims jobs, makes releases be what was asked, watches them, and reports what it saw. No PostgreSQL."""
