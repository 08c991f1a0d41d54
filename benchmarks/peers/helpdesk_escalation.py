"""django-helpdesk's `escalate_tickets`: tickets in bulk, and its pass alone, in this process, mail to the dummy backend."""

from __future__ import annotations

import json
import resource
import sys
import time
from datetime import timedelta

import helpdesk_site  # noqa: F401 - sets Django up
from django.core.management import call_command
from django.db import connection
from django.utils import timezone
from helpdesk.models import Queue, Ticket

DAYS = 5


def tickets(amount: int, due: int) -> None:
    """Open tickets of today, and `due` that nobody has escalated for longer than the queue allows."""
    queue = Queue.objects.get(slug="complaints")
    queue.escalate_days = DAYS
    queue.save()
    now, old = timezone.now(), timezone.now() - timedelta(days=2 * DAYS)
    made = (
        Ticket(
            queue=queue,
            title="t",
            description="b",
            submitter_email="a@example.com",
            created=now,
            last_escalation=old if n < due else now,
            secret_key=f"k{n}",
        )
        for n in range(amount)
    )
    Ticket.objects.bulk_create(made, batch_size=1000)


def escalate(due: int, rounds: int) -> None:
    """Its pass `rounds` times, each over the same due tickets set back to their old state."""
    ids = list(Ticket.objects.order_by("id").values_list("id", flat=True)[:due])
    seconds, counted = [], []
    for _ in range(rounds):
        old = timezone.now() - timedelta(days=2 * DAYS)
        Ticket.objects.filter(id__in=ids).update(last_escalation=old, priority=3)
        count = [0]

        def tally(execute, sql, params, many, context, count=count):
            count[0] += 1
            return execute(sql, params, many, context)

        with connection.execute_wrapper(tally):
            begin = time.perf_counter()
            call_command("escalate_tickets", verbosity=0)
            seconds.append(time.perf_counter() - begin)
        counted.append(count[0])
        done = Ticket.objects.filter(id__in=ids, priority=2).count()
        if done != due:
            raise SystemExit(f"{done} tickets were escalated instead of {due}")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6
    print(json.dumps({"seconds": seconds, "statements": counted, "peak_mb": peak}))


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["tickets", amount, due]:
            tickets(int(amount), int(due))
        case ["escalate", due, rounds]:
            escalate(int(due), int(rounds))
