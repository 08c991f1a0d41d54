"""What happens to a complaint; every service takes `(work, case, actor, …)`, flushes, and never commits."""
