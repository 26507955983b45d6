"""Who asks: passwords, tokens, and the gate that every route but the public ones stands behind."""
