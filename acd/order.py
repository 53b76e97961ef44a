"""Things in order, each with a mask: the first whose mask meets a wanted one is found without looking at each.

Both questions are asked of this: which of the free agents, in a rule's order, may serve this contact; which of the
lines, in the order of their first, may this agent serve. Blocks of a few, each with the union of its masks: a block
that nobody wanted is in is passed over at once. A union may claim too much after a removal; a search that finds nothing
behind it puts it right.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from functools import reduce
from operator import or_
from typing import Any, Generic, TypeVar

K = TypeVar("K", bound=tuple[Any, ...])
MOST = 32


class MaskedOrder(Generic[K]):
    """Keys are tuples, each there once, the smallest first."""

    __slots__ = ("_keys", "_masks", "_unions")

    def __init__(self) -> None:
        self._keys: list[list[K]] = [[]]
        self._masks: list[list[int]] = [[]]
        self._unions: list[int] = [0]

    def add(self, key: K, mask: int) -> None:
        block = self._block_of(key)
        keys, masks = self._keys[block], self._masks[block]
        at = bisect_left(keys, key)
        keys.insert(at, key)
        masks.insert(at, mask)
        self._unions[block] |= mask
        if len(keys) > MOST:
            self._split(block)

    def _split(self, block: int) -> None:
        half = MOST // 2
        for blocks in (self._keys, self._masks):
            whole: list[Any] = blocks[block]
            blocks[block : block + 1] = [whole[:half], whole[half:]]
        self._unions[block : block + 1] = [reduce(or_, masks) for masks in self._masks[block : block + 2]]

    def remove(self, key: K) -> None:
        """The key is here and goes."""
        block = self._block_of(key)
        keys, masks = self._keys[block], self._masks[block]
        at = bisect_left(keys, key)
        del keys[at], masks[at]
        if not keys and len(self._keys) > 1:
            del self._keys[block], self._masks[block], self._unions[block]

    def first(self, wanted: int) -> K | None:
        """The first whose mask has a bit of `wanted`."""
        for block, union in enumerate(self._unions):
            if union & wanted:
                for at, mask in enumerate(self._masks[block]):
                    if mask & wanted:
                        return self._keys[block][at]
                self._unions[block] = reduce(or_, self._masks[block], 0)
        return None

    def __iter__(self) -> Iterator[K]:
        for keys in self._keys:
            yield from keys

    def _block_of(self, key: K) -> int:
        if len(self._keys) == 1:
            return 0
        return min(bisect_left(self._keys, key, key=lambda keys: keys[-1]), len(self._keys) - 1)
