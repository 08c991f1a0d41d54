"""A django-helpdesk site as its documentation sets one up; runs in its own environment.

Generous to the peer where a choice was open: connections are kept, templates cached, debug off, teams off,
and mail goes to a backend that drops it.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from urllib.parse import unquote, urlsplit

import django
from django.conf import settings
from django.core.management import call_command
from django.core.wsgi import get_wsgi_application
from django.urls import include, path

_place = urlsplit(os.environ["BENCH_DATABASE"])
if _place.scheme == "sqlite":
    DATABASE = {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": _place.path.removeprefix("/"),
        "OPTIONS": {
            "transaction_mode": "IMMEDIATE",
            "timeout": 15,
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;",
        },
    }
else:
    DATABASE = {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": _place.path.removeprefix("/"),
        "USER": unquote(_place.username or ""),
        "PASSWORD": unquote(_place.password or ""),
        "HOST": _place.hostname or "",
        "PORT": str(_place.port or 5432),
    }

settings.configure(
    SECRET_KEY="benchmark",
    DEBUG=False,
    ALLOWED_HOSTS=["*"],
    ROOT_URLCONF=__name__,
    INSTALLED_APPS=[
        "django.contrib.auth",
        "django.contrib.contenttypes",
        "django.contrib.sessions",
        "django.contrib.sites",
        "django.contrib.messages",
        "django.contrib.staticfiles",
        "django.contrib.admin",
        "django.contrib.humanize",
        "helpdesk",
        "rest_framework",
        "django_cleanup.apps.CleanupConfig",
    ],
    MIDDLEWARE=[
        "django.middleware.security.SecurityMiddleware",
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.middleware.common.CommonMiddleware",
        "django.middleware.csrf.CsrfViewMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
        "django.contrib.messages.middleware.MessageMiddleware",
        "django.middleware.clickjacking.XFrameOptionsMiddleware",
    ],
    TEMPLATES=[
        {
            "BACKEND": "django.template.backends.django.DjangoTemplates",
            "APP_DIRS": True,
            "OPTIONS": {
                "context_processors": [
                    "django.template.context_processors.debug",
                    "django.template.context_processors.request",
                    "django.contrib.auth.context_processors.auth",
                    "django.contrib.messages.context_processors.messages",
                ]
            },
        }
    ],
    DATABASES={"default": {**DATABASE, "CONN_MAX_AGE": None}},
    DEFAULT_AUTO_FIELD="django.db.models.AutoField",
    SITE_ID=1,
    STATIC_URL="/static/",
    MEDIA_ROOT=str(Path(os.environ["BENCH_FOLDER"]) / "media"),
    USE_TZ=True,
    EMAIL_BACKEND="django.core.mail.backends.dummy.EmailBackend",
    HELPDESK_TEAMS_MODE_ENABLED=False,
    LOGGING_CONFIG=None,
)
django.setup()
urlpatterns = [path("", include("helpdesk.urls", namespace="helpdesk"))]
application = get_wsgi_application()


def prepare() -> None:
    from helpdesk.models import Queue

    call_command("migrate", verbosity=0)
    call_command("loaddata", "emailtemplate.json", verbosity=0)
    Queue.objects.get_or_create(
        slug="complaints", defaults={"title": "Complaints", "allow_public_submission": True}
    )


def statements() -> None:
    """Print each statement of one submission, to count them."""
    from django.db import connection
    from django.test import Client
    from helpdesk.models import Queue

    def show(execute, sql, params, many, context):
        print(sql.split("\n")[0][:100])
        return execute(sql, params, many, context)

    client = Client()
    page = client.get("/tickets/submit/")
    assert page.status_code == 200, page.status_code
    data = {
        "queue": Queue.objects.get(slug="complaints").pk,
        "title": "t",
        "body": "b",
        "submitter_email": "a@example.com",
        "priority": 3,
    }
    with connection.execute_wrapper(show):
        answer = client.post("/tickets/submit/", data)
    assert answer.status_code == 302, answer.status_code


if __name__ == "__main__":
    {"prepare": prepare, "statements": statements}[sys.argv[1]]()
