"""Reads INSTALL: what its lines are is told by how far they are indented, as its beginning says.

    for section in instructions.read(): section.title, section.step (its number, or None), section.blocks
    for block in section.blocks: block.kind (COMMAND, SEEN or LINES), block.lines

A COMMAND is one whole command, its continuation lines joined; SEEN stands under the commands that printed it.
"""
import dataclasses
import os
import re

FILE = os.path.join(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))), "INSTALL")
COMMAND, SEEN, LINES = "command", "seen", "lines"
# Four blanks; eight; six and a bar. Text has three or none.
KINDS = ((re.compile(r" {4}(?=\S)"), COMMAND), (re.compile(r" {8}"), SEEN), (re.compile(r" {6}\| ?"), LINES))


@dataclasses.dataclass
class Block:
    kind: str
    lines: list
    number: int  # of its first line in the file

    @property
    def text(self):
        return "\n".join(self.lines)


@dataclasses.dataclass
class Section:
    title: str
    step: int
    blocks: list


def _add(blocks, kind, line, number):
    last = blocks[-1] if blocks else None
    if last and last.kind == COMMAND and last.lines[-1].endswith("\\"):
        last.lines.append(line.strip())
    elif kind is None:
        return
    elif kind == COMMAND or last is None or last.kind != kind or number != last.number + len(last.lines):
        blocks.append(Block(kind, [line], number))
    else:
        last.lines.append(line)


def _kind(line):
    for mark, kind in KINDS:
        found = mark.match(line)
        if found:
            return kind, line[found.end():]
    return None, line


def parse(text):
    sections = []
    lines = text.splitlines()
    for number, line in enumerate(lines, 1):
        if re.match(r"\S", line) and number > 2 and not lines[number - 2] and not lines[number - 3]:
            step = re.match(r"(\d+)\. ", line)
            sections.append(Section(line[step.end():] if step else line, int(step[1]) if step else None, []))
        elif sections and line.strip():
            _add(sections[-1].blocks, *_kind(line), number)
    return sections


def read(path=FILE):
    with open(path, encoding="utf-8") as f:
        return parse(f.read())


def pattern(seen):
    """A regular expression for what is shown: "..." stands for anything, numbers and blanks may be others."""
    def words(line):
        parts = [r"\s+".join(re.sub(r"\d+", r"\\d+", re.escape(word)) for word in part.split())
                 for part in line.split("...")]
        return r"[^\n]*".join(parts)
    out = ""
    for line in seen.splitlines():
        out += r"(?s:.*?)" if line.strip() == "..." else words(line.strip()) + r"[^\n]*?\s+"
    return out
