"""Wording: few vague words in the text files, and no absolute path of a particular machine."""

from __future__ import annotations

import re
from collections import Counter

from tests.support.source_tree import ROOT, tracked_files

TEXT_FILES = ("*.py", "*.md", "*.js", "*.css", "*.toml", "Makefile", ".ci/run")
AVOIDED_WORDS = ("nobody", "somebody", "whoever", "anew", "told", "meanwhile")
MAX_AVOIDED_WORDS = 20
MAX_TEXT_BYTES = 1 << 20


def test_vague_words_are_rare() -> None:
    avoided = re.compile(rf"(?<![a-z])(?:{'|'.join(AVOIDED_WORDS)})(?![a-z])", re.IGNORECASE)
    found: Counter[str] = Counter()
    for file in tracked_files(*TEXT_FILES):
        if file.name != "test_voice.py":
            found[str(file.relative_to(ROOT))] += len(avoided.findall(file.read_text()))
    assert found.total() <= MAX_AVOIDED_WORDS, found.most_common(20)


def test_no_file_contains_a_path_of_a_particular_machine() -> None:
    path = re.compile(rb"(?<![\w.>])/(?:work|root|Users|home/(?!me/))/?\w")
    contents = {file: file.read_bytes() for file in tracked_files() if file.stat().st_size <= MAX_TEXT_BYTES}
    texts = {file: content for file, content in contents.items() if b"\0" not in content}
    assert len(texts) > 400
    assert [file for file, content in texts.items() if path.search(content)] == []
