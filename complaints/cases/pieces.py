"""Texts as the search sees them: folded, cut into pieces of two characters, and compared by how many they share.

Chinese has no blanks between words, and most words have two characters: every two neighbours are a piece. Of Latin
words and numbers the piece is the word, and what it begins with. Pure: no database, no key.
"""

from __future__ import annotations

import hmac
import itertools
import unicodedata
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache

# A word is found by its first two to six characters, and by all of it.
_HEAD, _WHOLE = 2, 6
_LETTERS, _BYTES = str.maketrans("0123456789abcdef", "abcdefghijklmnop"), 6
# Bands of the signature, and how many of its values stand in each: of two texts that share six pieces in ten, one
# band in common is found in 19 cases of 20; of two that share three in ten, in one case of four.
_BANDS, _ROWS = 12, 3
# A text with fewer pieces says too little to be like another.
LEAST = 8
# How words are made; another number means that every text is indexed anew.
SCHEME = 1


@dataclass(frozen=True)
class Folded:
    """A text as it is compared, and where in the text each of its characters stands."""

    text: str
    places: tuple[int, ...]


def fold(text: str) -> Folded:
    """Width and case do not matter, nor does a blank beside a Chinese character; other blanks are one.

    `places` counts in the text's NFC form.
    """
    folded: list[tuple[str, int]] = []
    blank = False
    for place, character in enumerate(unicodedata.normalize("NFC", text)):
        for each in _folded(character):
            if each.isspace():
                blank = True
                continue
            # Lines are broken within words where no blank would stand.
            if blank and folded and not (_dense(each) or _dense(folded[-1][0])):
                folded.append((" ", place))
            blank = False
            folded.append((each, place))
    return Folded("".join(each for each, _ in folded), tuple(place for _, place in folded))


@lru_cache(maxsize=8192)
def _folded(character: str) -> str:
    return unicodedata.normalize("NFKC", character).casefold()


def parts(asked: str) -> list[str]:
    """What was asked for, folded: blanks separate parts, each of which must be found as it is typed."""
    return [folded for each in asked.split() if (folded := fold(each).text)]


def indexed(text: str) -> set[str]:
    """Every piece by which a folded text is found."""
    found: set[str] = set()
    before = ""
    for run, joined in _runs(text):
        if _dense(run[0]):
            found |= _pairs(run)
        else:
            found |= {run[:size] for size in range(_HEAD, min(len(run), _WHOLE) + 1)}
            if len(run) > _WHOLE:
                found.add(run)
        # 用GPT回答: what stands at the seam is a piece, too.
        if joined:
            found.add(before + run[0])
        before = run[-1]
    return found


def sought(phrase: str) -> set[str]:
    """Pieces that every text with this folded phrase in it has; empty where one character says too little.

    A Latin word at the phrase's beginning must begin a word of the text; one at its end may go on there.
    """
    found: set[str] = set()
    runs = list(_runs(phrase))
    for at, (run, joined) in enumerate(runs):
        last, seam = at == len(runs) - 1, at + 1 < len(runs) and runs[at + 1][1]
        if joined:
            found.add(runs[at - 1][0][-1] + run[0])
        if _dense(run[0]):
            found |= _pairs(run)
        elif len(run) >= _HEAD and (at or not seam):
            # I回 is looked for in AI回答: what comes first, at a seam, may be a word's end.
            found.add(run[:_WHOLE])
            if not last:
                found.add(run)
    return {each for each in found if len(each) >= _HEAD}


def shared(one: Collection[str], other: Collection[str]) -> float:
    """How alike two texts are by their `shingles`: the pieces both have, of those that either has."""
    either = len({*one, *other})
    return len({*one} & {*other}) / either if either else 0.0


def shingles(text: str) -> set[str]:
    """What two texts are compared by: pieces of Chinese, whole words of Latin."""
    found: set[str] = set()
    for run, _ in _runs(fold(text).text):
        found |= _pairs(run) if _dense(run[0]) else {run}
    return found


@dataclass(frozen=True)
class Maker:
    """Makes the index's words with one key: without it they neither say what they mean nor can be guessed at."""

    key: bytes

    @property
    def made_with(self) -> str:
        """What tells the words of this key and of this way from others, as the index remembers it."""
        return f"{SCHEME}:{hmac.digest(self.key, b'check', 'sha256').hex()[:16]}"

    def words(self, pieces: Iterable[str]) -> set[str]:
        """The word of each piece."""
        return {self._word("piece", piece) for piece in pieces}

    def bands(self, compared: Collection[str]) -> set[str]:
        """Words that texts alike have in common (MinHash); none for a text too short to be like another."""
        if len(compared) < LEAST:
            return set()
        numbers = [self._number("shingle", each) for each in compared]
        # The numbers are random: which of them is nearest to a fixed one is chance, and the same in texts that share it.
        values = [min(map(fixed.__xor__, numbers)) for fixed in self._fixed]
        return {
            self._word("band", f"{band}:{values[band * _ROWS : (band + 1) * _ROWS]}")
            for band in range(_BANDS)
        }

    @cached_property
    def _fixed(self) -> list[int]:
        return [self._number("fixed", str(n)) for n in range(_BANDS * _ROWS)]

    def _number(self, kind: str, value: str) -> int:
        return int.from_bytes(hmac.digest(self.key, f"{kind}\x00{value}".encode(), "sha256")[:8])

    def _word(self, kind: str, value: str) -> str:
        return _word(self.key, kind, value)


@lru_cache(maxsize=16384)
def _word(key: bytes, kind: str, value: str) -> str:
    """Twelve letters from a to p: 48 bits, which no list of stop words holds; few pieces make up most of a text."""
    return hmac.digest(key, f"{kind}\x00{value}".encode(), "sha256")[:_BYTES].hex().translate(_LETTERS)


def _pairs(run: str) -> set[str]:
    return {first + second for first, second in itertools.pairwise(run)}


def _dense(character: str) -> bool:
    """Whether words of this script stand without blanks between them: Chinese, Japanese, Korean."""
    return character >= "\u2e80" and character.isalnum()


def _runs(text: str) -> Iterator[tuple[str, bool]]:
    """Letters and digits that stand together, of one kind of script; and whether nothing parts them from the last."""
    run, joined = "", False
    for character in text:
        if not character.isalnum():
            if run:
                yield run, joined
            run, joined = "", False
        elif run and _dense(character) != _dense(run[-1]):
            yield run, joined
            run, joined = character, True
        else:
            run += character
    if run:
        yield run, joined
