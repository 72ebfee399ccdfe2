#!/usr/bin/python3
"""Shell scripts pass shellcheck, Python compiles and is Debian's."""
import subprocess

from _tap import TREE, done, files, is_data, is_script, none, read, report

shell = [path for path in files() if not is_data(path) and is_script(path, "/sh", "/bash", "/dash")]
python = [path for path in files() if not is_data(path) and (path.endswith(".py") or is_script(path, "python"))]

for path in shell:
    result = subprocess.run(["shellcheck", "-x", path], cwd=TREE, check=False, stdout=subprocess.PIPE,
                            stderr=subprocess.STDOUT, encoding="utf-8")
    report(result.returncode == 0, "shellcheck " + path, result.stdout.splitlines())

problems = []
for path in python:
    try:
        compile(read(path), path, "exec")
    except (SyntaxError, ValueError) as error:
        problems.append("%s: %s" % (path, error))
none("%d Python files compile" % len(python), problems)
none("Python scripts name Debian's interpreter",
     [path for path in python if is_script(path, "python") and not read(path).startswith("#!/usr/bin/python3\n")])
done()
