"""How the demo speaks, and how it holds what it claims."""
import re
import sys
import textwrap

WIDTH = 78
BOLD, PLAIN = ("\033[1m", "\033[0m") if sys.stdout.isatty() else ("", "")

checks = 0
_step = 0


def heading(text):
    print("%smxpace: %s%s" % (BOLD, text, PLAIN))


def title(text):
    global _step
    _step += 1
    print("\n%s%d. %s%s" % (BOLD, _step, text, PLAIN), end="")


def fill(text, indent, further):
    return textwrap.fill(text, WIDTH, initial_indent=indent, subsequent_indent=further, break_on_hyphens=False)


def say(text):
    print("\n" + fill(re.sub(r"\s+", " ", text), " " * 3, " " * 3), flush=True)


def quote(*lines):
    """What a program said, word for word."""
    print()
    for line in lines:
        print(fill(line, " " * 6, " " * 8), flush=True)


def picture(lines):
    """What a program said, as it laid it out."""
    print("\n" + "\n".join(("    " + line).rstrip() for line in lines), flush=True)


def table(head, rows):
    widths = [max(len(str(row[i])) for row in [head, *rows]) for i in range(len(head))]
    print()
    for row in [head, ["-" * width for width in widths], *rows]:
        print(("      " + "  ".join(str(x).ljust(n) for x, n in zip(row, widths))).rstrip(), flush=True)


def hold(condition, what):
    """What the demo claims. It ends at the first claim that isn't so."""
    global checks
    if not condition:
        raise AssertionError("this should be so, and isn't: " + what)
    checks += 1
