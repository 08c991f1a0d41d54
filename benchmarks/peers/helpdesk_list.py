"""django-helpdesk's list of tickets: tickets in bulk, then what its staff's browser asks for: the page and its rows.

As many rows on a page as ours has; one ticket in the middle of all says a word that no other does.
"""

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
from helpdesk.models import FollowUp, Queue, Ticket
from helpdesk.query import query_to_base64

OPEN, PEOPLE, PAGE, SHARE = 20, 10, 40, 0.95
BATCH = 1000
RARE = "葡萄柚"
ROWS = {
    "draw": 1,
    "start": 0,
    "length": PAGE,
    "order[0][column]": 0,
    "order[0][dir]": "desc",
    "search[value]": "",
}


def fill(amount: int) -> None:
    """As its public form leaves them: each with the follow-up that says how it was opened. As at ours one in twenty is
    open, and ten people share the half that is assigned."""
    queue, now = Queue.objects.get(slug="complaints"), timezone.now()
    people = [get_user_model().objects.create(username=f"handler-{n}", is_staff=True) for n in range(PEOPLE)]
    for begin in range(0, amount, BATCH):
        tickets = Ticket.objects.bulk_create(
            Ticket(
                queue=queue,
                title="t",
                description="b" * 120 + (RARE if n == amount // 2 else ""),
                submitter_email="a@example.com",
                created=now - timedelta(minutes=amount - n),
                status=Ticket.OPEN_STATUS if n > amount - amount // OPEN else Ticket.CLOSED_STATUS,
                assigned_to=people[n % PEOPLE] if n % 2 else None,
                secret_key=f"k{n}",
            )
            for n in range(begin, min(begin + BATCH, amount))
        )
        FollowUp.objects.bulk_create(
            FollowUp(
                ticket=each,
                title="Ticket Opened Via Web",
                date=each.created,
                public=True,
                comment=each.description,
            )
            for each in tickets
        )


def measure(requests: int) -> None:
    user, _ = get_user_model().objects.get_or_create(username="reader", is_staff=True, is_superuser=True)
    client = Client()
    client.force_login(user)
    # What a page hands to its script: the list as it opens, the list of every ticket, a search among all of them.
    asked = {
        "first page": ("", {"filtering": {"status__in": [1, 2]}}),
        "all, first page": ("?status=1&status=2&status=3&status=4&status=5&status=6", {"filtering": {}}),
        "rare word": (f"?q={RARE}", {"filtering": {}, "search_string": RARE}),
    }
    figures = {}
    for name, (address, query) in asked.items():
        handed = query_to_base64({**query, "sorting": "created", "sortreverse": True})
        both = (
            reverse("helpdesk:list") + address,
            reverse("helpdesk:datatables_ticket_list", args=[handed]),
        )
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
        figures[name] = {
            "milliseconds": 1000 * seconds[int(SHARE * (requests - 1))],
            "median": 1000 * seconds[requests // 2],
            "statements": count[0],
        }
    print(json.dumps(figures))


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["fill", amount]:
            fill(int(amount))
        case ["measure", requests]:
            measure(int(requests))
