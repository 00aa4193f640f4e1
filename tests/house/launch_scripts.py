"""Scripts run under `set -o pipefail`: a reader that closes its pipe early kills the writer with SIGPIPE, and the pipeline fails now and
then. So nothing in launch/ or in a test's script may pipe into one. Also finds no Python by PATH: launch/python knows the right one.

    python3 tests/house/launch_scripts.py            checks the tree, and that it would find a planted mistake
"""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
EARLY = re.compile(r"\|\s*(grep\s+(-\S+\s+)*-\w*[qm]|head\b|sed\s+(-\w+\s+)*'?\d*q)")
PYTHON = re.compile(r"(^|[|;&(]\s*)(env\s+)?python3?\s")


def faults(name, text):
    for number, line in enumerate(text.splitlines(), 1):
        code = re.sub(r"(^|\s)#.*", "", line)
        if EARLY.search(code):
            yield f"{name}:{number}: pipes into a reader that may close early: {line.strip()}"
        if PYTHON.search(code) and not name.endswith("launch/python"):
            yield f"{name}:{number}: finds Python by PATH, launch/python knows the right one: {line.strip()}"


def is_shell(path):
    try:
        first = path.read_text(errors="replace").split("\n", 1)[0]
    except IsADirectoryError:
        return False
    return first.startswith("#!") and ("bash" in first or first.endswith("sh")) and "/python" not in first


def main():
    for planted in ("a | grep -q b", "a | grep -m1 b", "a | head -n 1", "a 2>&1 | grep -E -m 1 b", "a | sed 1q", "python3 x.py", "a | python3 -c b"):
        assert list(faults("planted", planted)), planted
    for good in ("grep -q b file", "a | awk 1", "a | grep -c b", "head -n 1 file", "launch/python x.py", "# a | head"):
        assert not list(faults("planted", good)), good
    scripts = [path for path in sorted(ROOT.glob("launch/*")) + sorted(ROOT.glob(".ci/*")) if is_shell(path)]
    assert len(scripts) > 5, scripts
    found = [fault for path in scripts for fault in faults(str(path.relative_to(ROOT)), path.read_text())]
    for fault in found:
        print(fault)
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
