from __future__ import annotations

import pytest
from factories import CAROL, desk
from installing import any_office, office

from complaints.administration.publishing import publish
from complaints.policy.profile import load

__all__ = ["any_office", "desk", "office"]


@pytest.fixture
def promise(desk, tmp_path):
    """Publish the shipped profile with other terms, for what is filed from then on."""

    def change(text):
        path = tmp_path / "complaints.toml"
        path.write_text(f'extends = "cn-genai"\n{text}', encoding="utf-8")
        policy = load(path)
        desk.installation.write(
            lambda work: publish(work, policy, CAROL, trial=False, render_page=lambda *_: "")
        )
        return policy

    return change
