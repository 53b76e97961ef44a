"""The catalogue of prompts: what is said, by id and language; and the names of the sounds made of it."""

from __future__ import annotations

import hashlib
import re
import tomllib
from collections.abc import Collection, Mapping
from typing import Any

Catalogue = Mapping[str, Mapping[str, str]]
_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")


class BadPrompts(Exception):
    """The catalogue cannot be read; the message says where."""


def parse(text: str, file: str, languages: Collection[str]) -> Catalogue:
    """The catalogue in a TOML text; every prompt must have every language. Raises BadPrompts."""
    try:
        catalogue: dict[str, Any] = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise BadPrompts(f"{file}: {error}") from None
    for prompt, texts in catalogue.items():
        if not _NAME.fullmatch(prompt):  # it becomes the name of a file
            raise BadPrompts(f"{file}: prompt {prompt!r}: a name has letters, digits, - and _")
        if not isinstance(texts, dict):
            raise BadPrompts(f"{file}: prompt {prompt!r} must be a table with a text for each language")
        for language in languages:
            if not isinstance(texts.get(language), str) or not texts[language].strip():
                raise BadPrompts(f"{file}: prompt {prompt!r} has no text in {language!r}: add it")
    return catalogue


def word_name(word: str) -> str:
    """A word as the beginning of a file's name, whatever its script."""
    plain = word.lower().replace(" ", "-")
    return f"word-{plain if _NAME.fullmatch(plain) else word.encode().hex()}"


def sound_name(prompt: str, content: bytes, recipe: str) -> str:
    """The sound's file name without extension: it changes when the words, the recording or the recipe do."""
    return f"{prompt}-{hashlib.sha256(content + recipe.encode()).hexdigest()[:12]}"
