"""The handling log: one writer, personal data apart, one verifier."""
