"""The catalogue of prompts: what is said, by id and language; and the names of the sounds made of it."""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Collection, Mapping

Catalogue = Mapping[str, Mapping[str, str]]


class BadPrompts(Exception):
    """The catalogue cannot be read; the message says where."""


def parse(text: str, file: str, languages: Collection[str]) -> Catalogue:
    """The catalogue in a TOML text; every prompt must have every language. Raises BadPrompts."""
    try:
        catalogue: dict[str, dict[str, str]] = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise BadPrompts(f"{file}: {error}") from None
    for prompt, texts in catalogue.items():
        for language in languages:
            if not texts.get(language):
                raise BadPrompts(f"{file}: prompt {prompt!r} has no text in {language!r}: add it")
    return catalogue


def sound_name(prompt: str, content: bytes, recipe: str) -> str:
    """The sound's file name without extension: it changes when the words, the recording or the recipe do."""
    return f"{prompt}-{hashlib.sha256(content + recipe.encode()).hexdigest()[:12]}"
