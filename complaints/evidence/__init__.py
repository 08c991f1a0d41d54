"""What leaves the system: registers, logs, receipts, filing documents."""
