"""A desk whose signing keys lie in files, as on a real host."""

from __future__ import annotations

import base64

import pytest

from complaints.base import keys as key_files


@pytest.fixture
def house(desk):
    """A desk whose keys lie in files, where they can be changed."""
    folder, keys = desk.installation.settings.keys_folder, desk.installation.keys
    folder.mkdir(parents=True)
    for purpose in key_files.PURPOSES:
        (folder / f"{purpose}.key").write_bytes(base64.b64encode(getattr(keys, purpose)))
    desk.installation.read_keys_again()
    return desk
