"""`python -m example_app --demo`: set up, fill with labelled sample data, serve."""

from __future__ import annotations

import argparse
import os
import warnings
from pathlib import Path

from complaints.administration import operators
from complaints.administration.installation import Installation
from complaints.cli.setup import setup
from complaints.ledger.work import SYSTEM
from example_app.product import create_app

OPERATORS = (
    ("lin", "林老师", ("admin", "supervisor", "handler"), True),
    ("chen", "陈晨", ("handler",), False),
    ("zhou", "周宁", ("auditor",), True),
)


def main() -> None:
    """Serve the example product."""
    parser = argparse.ArgumentParser(prog="python -m example_app", description=__doc__)
    parser.add_argument("--demo", action="store_true", help="fill an empty database with labelled sample complaints")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=int(os.environ.get("PORT", "5000")))
    parser.add_argument("--instance", type=Path, default=None, help="folder of the database, keys and files")
    parser.add_argument("--check", action="store_true", help="set up and print, but do not serve")
    given = parser.parse_args()
    base = f"http://{given.host}:{given.port}"
    app = create_app(given.instance, COMPLAINTS_BASE_URL=base)
    with app.app_context():
        found: Installation = app.extensions["complaints"]
        setup(found, policy_file=False)
        passwords = _accounts(found)
        if given.demo:
            from example_app import samples  # noqa: PLC0415 - only the demonstration needs them

            print(f"sample data: {samples.fill(found)} complaints, each labelled 测试", flush=True)
    print(f"\n  product     {base}/\n  complaints  {base}/complaints/\n  process     {base}/complaints/process", flush=True)
    print(f"  operators   {base}/complaints/admin/", flush=True)
    for login, password in passwords.items():
        print(f"  log in as   {login}   one-time password  {password}", flush=True)
    if not passwords:
        print("  log in with the accounts made at the first start", flush=True)
    if given.check:
        return
    warnings.simplefilter("default")
    app.run(given.host, given.port, threaded=True)


def _accounts(found: Installation) -> dict[str, str]:
    """Make the operators once; their one-time passwords are printed and never kept."""
    with found.reading() as work:
        if operators.everyone(work):
            return {}
    made = {}
    for login, name, roles, restricted in OPERATORS:
        made[login] = found.write(
            lambda work, login=login, name=name, roles=roles, restricted=restricted: operators.create(  # type: ignore[misc]
                work, login, name, roles, restricted=restricted, by=SYSTEM
            )
        )[1]
    return made


if __name__ == "__main__":
    main()
