"""A server that lets our account make no triggers: the upgrade goes on, and everybody says what to do."""

from __future__ import annotations

import secrets

import pytest
import servers
from flask import Flask
from mariadb import administer, running
from sqlalchemy import make_url, text
from sqlalchemy.exc import DBAPIError

from complaints import Complaints
from complaints.administration.doctor import examine
from complaints.base.translations import speaking
from complaints.cli import group
from complaints.store import triggers

PARAMETER = "log_bin_trust_function_creators"


class Product:
    """A host on a database of its own, under an account that owns this database and nothing else."""

    def __init__(self, folder, url):
        self.app = Flask("product", instance_path=str(folder))
        self.app.config.update(
            SECRET_KEY="a secret of this test",
            COMPLAINTS_BASE_URL="https://ai.example.cn",
            COMPLAINTS_SCHEDULER=False,
            COMPLAINTS_DATABASE_URI=url,
        )
        Complaints(self.app)
        self.installation = self.app.extensions["complaints"]

    def run(self, *words):
        return self.app.test_cli_runner().invoke(group, list(words))

    def file(self):
        from complaints.cases import intake

        filing = intake.Filing("other", {"details": "没有触发器也要收下"}, secrets.token_hex(16))
        return self.installation.write(lambda work: intake.file(work, filing))

    def advice(self):
        with speaking("en"):
            return [each for each in examine(self.installation) if "trigger" in each.what]

    def change_an_event(self):
        with self.installation.database.engine.begin() as connection:
            connection.execute(text("UPDATE complaints_event SET type = type"))


@pytest.fixture(scope="module")
def mariadb():
    with running() as server:
        yield server.url


@pytest.fixture
def product(mariadb, tmp_path):
    name = f"{servers.PREFIX}{secrets.token_hex(5)}"
    administer(
        mariadb,
        f"SET GLOBAL {PARAMETER} = 0",
        f"CREATE DATABASE {name}",
        f"CREATE USER {name}@'127.0.0.1' IDENTIFIED BY 'owner'",
        f"GRANT ALL ON {name}.* TO {name}@'127.0.0.1'",
    )
    own = make_url(mariadb).set(username=name, password="owner", database=name)
    made = Product(tmp_path, own.render_as_string(hide_password=False))
    yield made
    made.installation.database.engine.dispose()


@pytest.mark.slow
@pytest.mark.mysql
def test_with_the_binary_log_on_an_upgrade_goes_on_and_the_triggers_follow_the_parameter(product, mariadb):
    begun = product.run("init")
    assert begun.exit_code == 0, begun.output
    assert "1419" in begun.output
    assert PARAMETER in begun.output
    product.file()
    product.change_an_event()

    names = triggers._NAMES["mysql"]
    for words in (["doctor"], ["audit", "--by", "lin"], ["db", "check"]):
        said = product.run(*words)
        assert said.exit_code == 1, words
        assert all(name in said.output for name in names), words
        assert (PARAMETER in said.output) == (words != ["db", "check"])
    assert [(each.level, PARAMETER in each.remedy) for each in product.advice()] == [("fail", True)] * 2

    administer(mariadb, f"SET GLOBAL {PARAMETER} = 1")
    again = product.run("db", "upgrade")
    assert (again.exit_code, again.output) == (0, "database: up to date\n")
    administer(mariadb, f"SET GLOBAL {PARAMETER} = 0")

    assert product.advice() == []
    for words in (["audit"], ["db", "check"]):
        said = product.run(*words)
        assert said.exit_code == 0, said.output
    with pytest.raises(DBAPIError, match="append-only"):
        product.change_an_event()
    product.file()


@pytest.mark.slow
@pytest.mark.mysql
def test_an_account_that_may_make_no_triggers_is_told_which_privilege_it_lacks(product, mariadb):
    administer(mariadb, f"SET GLOBAL {PARAMETER} = 1")
    name = product.installation.database.engine.url.database
    administer(mariadb, f"REVOKE TRIGGER ON {name}.* FROM {name}@'127.0.0.1'")
    begun = product.run("init")

    assert begun.exit_code == 0, begun.output
    assert "TRIGGER privilege" in begun.output
    assert {each.remedy for each in product.advice()} == {
        "run `flask complaints db upgrade` under an account that has the TRIGGER privilege on this database"
    }
    administer(mariadb, f"GRANT TRIGGER ON {name}.* TO {name}@'127.0.0.1'")
    product.installation.database.engine.dispose()
    assert product.run("db", "upgrade").exit_code == 0
    assert product.advice() == []


@pytest.mark.slow
@pytest.mark.mysql
def test_doctor_sees_a_binary_log_that_refuses_what_we_write(product, mariadb):
    administer(mariadb, f"SET GLOBAL {PARAMETER} = 1")
    assert product.run("init").exit_code == 0
    engine = product.installation.database.engine
    assert "binlog_format" not in product.run("doctor").output
    administer(mariadb, "SET GLOBAL binlog_format = 'STATEMENT'")
    engine.dispose()
    try:
        with pytest.raises(DBAPIError, match="1665"):
            product.file()
        assert "[fail] mysql: binlog_format is STATEMENT" in product.run("doctor").output
    finally:
        administer(mariadb, "SET GLOBAL binlog_format = 'MIXED'")
        engine.dispose()
    product.file()


@pytest.mark.postgresql
def test_on_postgresql_an_account_without_the_language_of_functions_is_told_so(tmp_path):
    administration = servers.address("postgresql")
    name = f"{servers.PREFIX}{secrets.token_hex(5)}"
    own = make_url(administration).set(database=name)
    administer(
        administration,
        f"CREATE ROLE {name} LOGIN PASSWORD 'owner'",
        f"CREATE DATABASE {name} OWNER {name}",
    )
    try:
        administer(
            own, "REVOKE USAGE ON LANGUAGE plpgsql FROM PUBLIC", f"GRANT ALL ON SCHEMA public TO {name}"
        )
        product = Product(
            tmp_path, own.set(username=name, password="owner").render_as_string(hide_password=False)
        )
        begun = product.run("init")
        assert begun.exit_code == 0, begun.output
        assert "permission denied for language plpgsql" in begun.output
        product.file()
        assert [each.level for each in product.advice()] == ["fail"] * 3
        assert all("USAGE on the language plpgsql" in each.remedy for each in product.advice())
        assert product.run("audit").output.count("trigger-missing") == 3

        administer(own, f"GRANT USAGE ON LANGUAGE plpgsql TO {name}")
        assert product.run("db", "upgrade").exit_code == 0
        assert product.advice() == []
        assert product.run("audit").exit_code == 0
        with pytest.raises(DBAPIError, match="append-only"):
            product.change_an_event()
        product.installation.database.engine.dispose()
    finally:
        administer(administration, f"DROP DATABASE {name} WITH (FORCE)", f"DROP ROLE {name}")
