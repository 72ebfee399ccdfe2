#!/usr/bin/python3
"""Every text file: UTF-8, no blanks at line ends, an end of line at the end, and nothing of the machine it was made on."""
import re

from _tap import done, files, is_data, none, read

# In pieces, so that this file is none of what it looks for.
MACHINE = re.compile(r"/wor" + r"k/|/roo" + r"t/|/hom" + r"e/\w|\.py" + r"env|\.\./sha" + r"red|/tmp/h" + r"/")
BINARY = (".png", ".gz", ".ico")

bytes_, blanks, ends, machine, tabs = [], [], [], [], []
for path in files():
    if is_data(path) or path.endswith(BINARY):
        continue
    text = read(path)
    if any("\udc80" <= c <= "\udcff" or c == "\0" or c == "\r" for c in text):
        bytes_.append(path)
    if text and not text.endswith("\n") or text.endswith("\n\n"):
        ends.append(path)
    for number, line in enumerate(text.split("\n"), 1):
        if line != line.rstrip():
            blanks.append("%s:%d" % (path, number))
        if MACHINE.search(line):
            machine.append("%s:%d: %s" % (path, number, line.strip()[:100]))
        if path.endswith((".py", ".lua")) and "\t" in line:
            tabs.append("%s:%d" % (path, number))
none("text files are UTF-8 without NUL and CR", bytes_)
none("lines end without blanks", blanks)
none("files end with one end of line", ends)
none("Python and Lua are indented with blanks", tabs)
none("no file names a path of somebody's machine", machine)
done()
