"""The clock: what must happen without anybody asking, in-process or called by cron."""
