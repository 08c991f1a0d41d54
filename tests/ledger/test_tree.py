"""The tree against the RFC's own definition, written out, and against code that is not ours."""

from __future__ import annotations

import hashlib
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pymerkle import InmemoryTree

from complaints.ledger.proof import EMPTY_ROOT, Tree, consistent, leaf_hash, node_hash, root_from_inclusion
from complaints.ledger.tree import HASH, WIDTH, Tiles, grown

LEAVES = [leaf_hash(str(n).encode()) for n in range(WIDTH * 3 + 5)]
SIZES = [*range(1, 34), 63, 64, 65, 255, 256, 257, 511, 512, 513, len(LEAVES)]


def root_by_the_book(hashes):
    """MTH of RFC 6962, section 2.1."""
    if not hashes:
        return hashlib.sha256(b"").digest()
    if len(hashes) == 1:
        return hashes[0]
    split = 1
    while split * 2 < len(hashes):
        split *= 2
    return node_hash(root_by_the_book(hashes[:split]), root_by_the_book(hashes[split:]))


class Store(dict):
    """Tiles as a table would keep them."""

    def __init__(self, leaves=(), steps=()):
        super().__init__()
        self.size = 0
        for step in steps or [len(leaves)]:
            self.append(leaves[self.size : self.size + step])

    def append(self, leaves):
        self.update(grown(lambda *key: self.get(key, b""), self.size, leaves))
        self.size += len(leaves)

    @property
    def tiles(self):
        return Tiles(lambda *key: self.get(key, b""))


STORE = Store(LEAVES)


def test_an_empty_tree_has_the_hash_of_nothing():
    assert Tree().root() == Store().tiles.root(0) == EMPTY_ROOT == root_by_the_book([])


@pytest.mark.parametrize("size", SIZES)
def test_the_root_is_the_one_of_the_rfc_and_of_another_library(size):
    other = InmemoryTree(algorithm="sha256")
    ours = Tree()
    for n in range(size):
        other.append_entry(str(n).encode())
        ours.add(LEAVES[n])
    assert ours.root() == root_by_the_book(LEAVES[:size]) == other.get_root()
    assert STORE.tiles.root(size) == ours.root()


@given(st.lists(st.integers(1, 300), min_size=1, max_size=8))
def test_however_leaves_come_the_tree_is_the_same(steps):
    leaves = (LEAVES * 4)[: sum(steps)]
    store = Store(leaves, steps)
    assert store.tiles.root(len(leaves)) == root_by_the_book(leaves)
    assert store == Store(leaves)


def test_a_tree_of_three_levels_of_tiles_agrees_with_one_that_keeps_none():
    count = WIDTH * WIDTH + WIDTH + 1
    leaves = [hashlib.sha256(n.to_bytes(4)).digest() for n in range(count)]
    store, tree = Store(leaves, [count - 300, 299, 1]), Tree()
    for leaf in leaves:
        tree.add(leaf)
    assert store.tiles.root(count) == tree.root()
    path = store.tiles.inclusion(70, count)
    assert root_from_inclusion(leaves[70], 70, count, path) == tree.root()


def test_what_lies_in_a_tile_beyond_the_end_of_the_tree_is_not_taken_over():
    store = Store(LEAVES[:300])
    store.size = 290
    store.append(LEAVES[400:420])
    assert store.tiles.root(310) == root_by_the_book([*LEAVES[:290], *LEAVES[400:420]])


def test_a_tile_that_is_missing_is_said_to_be():
    store = Store(LEAVES[:300])
    del store[0, 1]
    with pytest.raises(LookupError, match="0/1"):
        store.tiles.root(300)


@given(st.integers(1, len(LEAVES)), st.data())
def test_a_leaf_is_proved_to_be_in_the_tree_and_in_no_other_place(size, data):
    index = data.draw(st.integers(0, size - 1))
    path, root = STORE.tiles.inclusion(index, size), STORE.tiles.root(size)
    assert root_from_inclusion(LEAVES[index], index, size, path) == root
    other = data.draw(st.integers(0, size - 1))
    if other != index:
        with suppress(ValueError):
            assert root_from_inclusion(LEAVES[index], other, size, path) != root


@given(st.integers(0, len(LEAVES)), st.data())
def test_a_tree_is_proved_to_begin_with_an_older_one(second, data):
    first = data.draw(st.integers(0, second))
    path = STORE.tiles.consistency(first, second)
    roots = STORE.tiles.root(first), STORE.tiles.root(second)
    assert consistent(first, roots[0], second, roots[1], path)
    if 0 < first < second:
        wrong = bytes([roots[0][0] ^ 1]) + roots[0][1:]
        assert not consistent(first, wrong, second, roots[1], path)
        assert not consistent(first, roots[0], second, wrong, path)
        assert not consistent(first, roots[0], second, roots[1], path[:-1])
        assert not consistent(first, roots[0], second, roots[1], [*path, roots[0]])


@given(st.integers(2, 200), st.data())
def test_a_proof_with_one_hash_changed_proves_nothing(size, data):
    index = data.draw(st.integers(0, size - 1))
    path = STORE.tiles.inclusion(index, size)
    at = data.draw(st.integers(0, len(path) - 1))
    path[at] = bytes(HASH)
    assert root_from_inclusion(LEAVES[index], index, size, path) != STORE.tiles.root(size)


@pytest.mark.parametrize(
    ("index", "size", "path"),
    [
        (0, 0, []), (1, 1, []), (-1, 3, []), (2, 3, []), (0, 1, [bytes(32)]), (0, 4, [bytes(32)] * 3),
        (0, 4, [bytes(32)]), (0, 2, [b"short"]), (0, 2**70, [bytes(32)] * 70), (5, 2, [bytes(32)]),
    ],
)  # fmt: skip
def test_a_proof_of_the_wrong_shape_is_refused(index, size, path):
    with pytest.raises(ValueError, match="proof"):
        root_from_inclusion(LEAVES[0], index, size, path)


@pytest.mark.parametrize(
    ("first", "second", "path"),
    [(3, 2, []), (-1, 2, []), (1, 2, []), (2, 2, [bytes(32)]), (0, 2, [bytes(32)]), (1, 2**70, [bytes(32)]), (1, 2, [b"x"])],
)  # fmt: skip
def test_a_consistency_proof_of_the_wrong_shape_proves_nothing(first, second, path):
    assert not consistent(first, bytes(32), second, bytes(32), path)
