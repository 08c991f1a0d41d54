"""Clocks in the database: milestones from the policy, met, paused and swept."""
