"""What is promised, pure: no Flask, no database, no clock of its own."""
