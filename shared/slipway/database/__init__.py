"""The only SQL of Slipway: mapped classes, sessions, queries by noun, migrations."""
