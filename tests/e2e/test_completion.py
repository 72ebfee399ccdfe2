#!/usr/bin/python3
"""mxctl completion: bash offers commands, their further words, options and files, all that the help names; the scripts
of zsh and fish are read by these shells, where they are installed."""
import os
import re
import shutil
import subprocess
import tempfile

import tap
import world
from tap import case, check, equal, like

MXCTL = os.path.join(world.build_folder(), "mxctl")
HARNESS = """\
source "$1"; shift
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMPREPLY=()
_mxctl
printf '%s\\n' "${COMPREPLY[@]}"
"""


def script(shell):
    return subprocess.run([MXCTL, "completion", shell], check=True, stdout=subprocess.PIPE, text=True).stdout


def offered(path, *words, cwd="/"):
    done = subprocess.run(["bash", "--norc", "-c", HARNESS, "bash", path, *words], check=True, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, cwd=cwd)
    equal(done.stderr, "")
    return [line for line in done.stdout.splitlines() if line]


def usages():
    """(command, sub or None, [options]) as the help has them."""
    text = subprocess.run([MXCTL, "help"], check=True, stdout=subprocess.PIPE, text=True).stdout
    names = [line.split()[0] for line in re.findall(r"^  [a-z].*", text, re.M) if not line.startswith("  -")]
    for name in sorted(set(names)):
        told = subprocess.run([MXCTL, "help", name], check=True, stdout=subprocess.PIPE, text=True).stdout
        for usage in re.findall(r"^usage: mxctl (.*)", told, re.M):
            words = usage.split()
            plain = re.match(r"[a-z_]+$", words[1]) if len(words) > 1 else None
            yield words[0], words[1] if plain else None, re.findall(r"\[(-[\w-]+)", usage)


def bash(path, folder):
    known = list(usages())
    check(len(known) > 40, "only %d commands were found" % len(known))
    with case("bash: nothing typed: every command"):
        equal(sorted(set(offered(path, "mxctl", ""))), sorted({name for name, _, _ in known}))
    with case("bash: the beginning of one"):
        equal(offered(path, "mxctl", "quar"), ["quarantine"])
        equal(offered(path, "mxctl", "-c", "/etc/mxpace/mxpace.conf", "--json", "quar"), ["quarantine"])
    with case("bash: every further word of every command"):
        for name in {name for name, _, _ in known}:
            subs = sorted({sub for one, sub, _ in known if one == name and sub})
            if subs:
                equal(sorted(offered(path, "mxctl", name, "")), subs, name)
    with case("bash: every option of every command, and no other"):
        for name, sub, options in known:
            words = [name] + ([sub] if sub else [])
            equal(sorted(set(offered(path, "mxctl", *words, "-")) - {"--json", "--help"}), sorted(set(options)), name)
    with case("bash: an option's value is no command"):
        equal(offered(path, "mxctl", "quarantine", "add", "--for", ""), [])
        equal(offered(path, "mxctl", "quarantine", "--for", "1d", "rem"), ["remove"])
    with case("bash: choices among operands"):
        equal(offered(path, "mxctl", "quarantine", "guard", "con"), ["confirm"])
        equal(offered(path, "mxctl", "completion", ""), ["bash", "zsh", "fish"])
    with case("bash: files, where a file is meant, also with blanks"):
        for words in (("bounce", "test", ""), ("--config", ""), ("report", "--output", "")):
            equal(offered(path, "mxctl", *words, cwd=folder), ["a file"])
        equal(offered(path, "mxctl", "explain", "", cwd=folder), [])
    with case("bash: nothing for what is no command"):
        equal(offered(path, "mxctl", "nonsense", ""), [])


def run():
    with tempfile.TemporaryDirectory() as folder:
        files = {shell: os.path.join(folder, shell) for shell in ("bash", "zsh", "fish")}
        for shell, path in files.items():
            with open(path, "w", encoding="utf-8") as f:
                f.write(script(shell))
        inner = os.path.join(folder, "inner")
        os.mkdir(inner)
        with open(inner + "/a file", "w", encoding="ascii"):
            pass
        bash(files["bash"], inner)
        for shell in ("zsh", "fish"):
            with case("%s: it has every command and option" % shell):
                text = script(shell)
                for name, sub, options in usages():
                    for word in [name] + ([sub] if sub else []) + [o.lstrip("-") for o in options]:
                        like(text, r"(?<!\w)%s(?!\w)" % re.escape(word))
            if shutil.which(shell):
                with case("%s reads it" % shell):
                    subprocess.run([shell, "-n", files[shell]], check=True)
    with case("another shell: usage"):
        equal(subprocess.run([MXCTL, "completion", "tcsh"], check=False, stderr=subprocess.DEVNULL).returncode, 2)


if __name__ == "__main__":
    tap.plain(run)
