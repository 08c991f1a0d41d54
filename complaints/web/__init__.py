"""Pages for complainants and operators, and the machinery they share."""
