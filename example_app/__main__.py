"""`python -m example_app --demo`: set up, fill with labelled sample data, serve."""

from __future__ import annotations

import argparse
import os
import warnings
from pathlib import Path

from complaints.administration import operators, sampling
from complaints.administration.installation import Installation
from complaints.cli.demo import fill_showing
from complaints.cli.setup import setup
from complaints.ledger.work import SYSTEM, Work
from example_app.product import create_app

OPERATORS = (
    ("lin", "林老师", ("admin", "supervisor", "handler"), True),
    ("wang", "王敏", ("handler",), True),
    ("chen", "陈晨", ("handler",), False),
    ("zhou", "周宁", ("auditor",), True),
)
# A complaint with a long life, to show following with.
SHOWN = "billing-credit"


def main() -> None:
    """Serve the example product."""
    parser = argparse.ArgumentParser(prog="python -m example_app", description=__doc__)
    parser.add_argument(
        "--demo", action="store_true", help="fill an empty database with labelled sample complaints"
    )
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
        passwords = found.write(_accounts)
        if given.demo:
            count = fill_showing(found)
            print(
                f"sample data: {count} complaints, each labelled 测试"
                if count
                else "sample data: already there"
            )
        _announce(found, base, passwords)
    if given.check:
        return
    warnings.simplefilter("default")
    app.run(given.host, given.port, threaded=True)


def _accounts(work: Work) -> dict[str, str]:
    """Make the operators once; their one-time passwords are printed and never kept."""
    if operators.everyone(work):
        return {}
    return {
        login: operators.create(work, login, name, roles, restricted=restricted, by=SYSTEM)[1]
        for login, name, roles, restricted in OPERATORS
    }


def _announce(found: Installation, base: str, passwords: dict[str, str]) -> None:
    print(f"\n  product     {base}/")
    print(f"  complaints  {base}/complaints/")
    print(f"  process     {base}/complaints/process")
    with found.reading() as work:
        for sample, filed in sampling.receipts(work):
            if sample.key == SHOWN:
                print(f"  follow one  {base}/complaints/track   number {filed.number}   code {filed.code}")
    print(f"  operators   {base}/complaints/admin/")
    for login, password in passwords.items():
        print(f"    log in as {login:5} one-time password {password}")
    if not passwords:
        print("    log in with the accounts made at the first start")
    print(flush=True)


if __name__ == "__main__":
    main()
