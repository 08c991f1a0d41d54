"""django-helpdesk's list of tickets: tickets in bulk, then what its staff's browser asks for: the page and its rows."""

from __future__ import annotations

import json
import sys
import time
from datetime import timedelta

import helpdesk_site  # noqa: F401 - sets Django up
from django.contrib.auth import get_user_model
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from helpdesk.models import Queue, Ticket
from helpdesk.query import query_to_base64

OPEN, PAGE, SHARE = 20, 50, 0.95
ROWS = {
    "draw": 1,
    "start": 0,
    "length": PAGE,
    "order[0][column]": 0,
    "order[0][dir]": "desc",
    "search[value]": "",
}


def fill(amount: int) -> None:
    """One ticket in twenty is open, as at ours."""
    queue, now = Queue.objects.get(slug="complaints"), timezone.now()
    made = (
        Ticket(
            queue=queue,
            title="t",
            description="b" * 120,
            submitter_email="a@example.com",
            created=now - timedelta(minutes=amount - n),
            status=Ticket.OPEN_STATUS if n > amount - amount // OPEN else Ticket.CLOSED_STATUS,
            secret_key=f"k{n}",
        )
        for n in range(amount)
    )
    Ticket.objects.bulk_create(made, batch_size=1000)


def measure(requests: int) -> None:
    user, _ = get_user_model().objects.get_or_create(username="reader", is_staff=True, is_superuser=True)
    client = Client()
    client.force_login(user)
    asked = query_to_base64({"filtering": {"status__in": [1, 2]}, "sorting": "created", "sortreverse": True})
    paths = {
        "first page": [reverse("helpdesk:list"), reverse("helpdesk:datatables_ticket_list", args=[asked])]
    }
    figures = {}
    for name, both in paths.items():
        seconds, count = [], [0]

        def tally(execute, sql, params, many, context, count=count):
            count[0] += 1
            return execute(sql, params, many, context)

        for turn in range(requests + 1):
            count[0] = 0
            begin = time.perf_counter()
            with connection.execute_wrapper(tally):
                page, rows = client.get(both[0]), client.get(both[1], ROWS)
            if turn:
                seconds.append(time.perf_counter() - begin)
            if page.status_code != 200 or not rows.json()["data"]:
                raise SystemExit(f"{both} answered {page.status_code} and {rows.content[:200]!r}")
        seconds.sort()
        figures[name] = {"milliseconds": 1000 * seconds[int(SHARE * requests)], "statements": count[0]}
    print(json.dumps(figures))


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["fill", amount]:
            fill(int(amount))
        case ["measure", requests]:
            measure(int(requests))
