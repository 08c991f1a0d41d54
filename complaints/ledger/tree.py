"""The tree over all events, kept as tiles: its root, and proofs that a leaf or an older tree is in it (RFC 6962)."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from complaints.ledger.proof import EMPTY_ROOT, node_hash

HASH = 32
# As C2SP tlog-tiles: a tile is eight levels of the tree, of which only the lowest is kept.
HEIGHT = 8
WIDTH = 1 << HEIGHT
# (level, place) → the tile's hashes side by side; shorter where the tree ends.
Read = Callable[[int, int], bytes]


class Tiles:
    """Reads subtree roots out of tiles; what was read is kept, so use a new one for each question."""

    def __init__(self, read: Read) -> None:
        self._read = read
        self._kept: dict[tuple[int, int], bytes] = {}

    def root(self, size: int) -> bytes:
        """The root over the first `size` leaves."""
        return self._over(0, size) if size else EMPTY_ROOT

    def inclusion(self, index: int, size: int) -> list[bytes]:
        """The path from leaf `index` to the root over `size` leaves (RFC 6962, section 2.1.1)."""
        if not 0 <= index < size:
            raise ValueError(f"there is no leaf {index} in a tree of {size}")
        path: list[bytes] = []
        low, high = 0, size
        while high - low > 1:
            middle = low + _left(high - low)
            if index < middle:
                path.append(self._over(middle, high))
                high = middle
            else:
                path.append(self._over(low, middle))
                low = middle
        return path[::-1]

    def consistency(self, first: int, second: int) -> list[bytes]:
        """The proof that the tree of `second` leaves begins with that of `first` (RFC 6962, section 2.1.2)."""
        if not 0 <= first <= second:
            raise ValueError(f"a tree of {second} cannot begin with one of {first}")
        path: list[bytes] = []
        low, high, whole = 0, second, True
        while 0 < first < high:
            middle = low + _left(high - low)
            if first <= middle:
                path.append(self._over(middle, high))
                high = middle
            else:
                path.append(self._over(low, middle))
                low, whole = middle, False
        if not whole:
            path.append(self._over(low, high))
        return path[::-1]

    def _over(self, low: int, high: int) -> bytes:
        """The root over leaves low … high - 1, where `low` is where such a subtree can begin."""
        width = high - low
        if width & (width - 1) == 0:
            return self.subtree(width.bit_length() - 1, low // width)
        middle = low + _left(width)
        return node_hash(self._over(low, middle), self._over(middle, high))

    def subtree(self, height: int, place: int) -> bytes:
        """The root of the whole subtree of 2**height leaves at `place`."""
        level, rest = divmod(height, HEIGHT)
        width = 1 << rest
        tile, start = divmod(place * width, WIDTH)
        hashes = self.tile(level, tile)
        part = [hashes[HASH * each : HASH * (each + 1)] for each in range(start, start + width)]
        if any(len(each) != HASH for each in part):
            raise LookupError(f"tile {level}/{tile} of the log's tree is missing or too short")
        return fold(part)

    def tile(self, level: int, place: int) -> bytes:
        """The hashes of one tile side by side; empty where there is none."""
        if (level, place) not in self._kept:
            self._kept[level, place] = self._read(level, place)
        return self._kept[level, place]


def fold(hashes: Sequence[bytes]) -> bytes:
    """The root over a power of two of neighbouring hashes."""
    row = list(hashes)
    while len(row) > 1:
        row = [node_hash(row[n], row[n + 1]) for n in range(0, len(row), 2)]
    return row[0]


def grown(read: Read, size: int, leaves: Sequence[bytes]) -> dict[tuple[int, int], bytes]:
    """The tiles that change when `leaves` (their hashes) are appended to a tree of `size`."""
    changed: dict[tuple[int, int], bytes] = {}
    level, at, fresh = 0, size, list(leaves)
    while fresh:
        upper: list[bytes] = []
        for value in fresh:
            key = (level, at // WIDTH)
            if key not in changed:
                # A tile that begins now may lie there from a time when more was in the tree: not to be read.
                changed[key] = read(*key)[: HASH * (at % WIDTH)] if at % WIDTH else b""
            changed[key] += value
            at += 1
            if at % WIDTH == 0:
                whole = changed[key]
                upper.append(fold([whole[n : n + HASH] for n in range(0, len(whole), HASH)]))
        level, at, fresh = level + 1, size >> (HEIGHT * (level + 1)), upper
    return changed


def _left(width: int) -> int:
    """The largest power of two smaller than `width`."""
    return 1 << (width - 1).bit_length() - 1
