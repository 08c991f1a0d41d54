"""What we are measured against; each module runs in the environment of its own contender."""
