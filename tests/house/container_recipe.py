"""launch/container.def is carried out by Apptainer, and by launch/container-root, which reads it: its sections are there, its files exist, its
scripts are scripts; and launch/container-root refuses what it must not overwrite.

    launch/python tests/house/container_recipe.py
"""
import os
import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]


def sections(text):
    """Name of a section -> its lines, without their indentation. What stands before the first is ""."""
    result, name = {"": []}, ""
    for line in text.splitlines():
        if line.startswith("%"):
            name = line[1:].strip()
            result[name] = []
        else:
            result[name].append(line.removeprefix("    "))
    return {name: "\n".join(lines).strip() for name, lines in result.items()}


def faults(text, there):
    parts = sections(text)
    for name in ("files", "post", "test"):
        if not parts.get(name):
            yield f"there is no %{name}"
    for line in parts.get("files", "").splitlines():
        if not there(line.split()[0]):
            yield f"%files: {line.split()[0]} is not in the checkout"
    for name in ("post", "test"):
        answer = subprocess.run(["bash", "-n"], input=parts.get(name, ""), capture_output=True, text=True)
        if answer.returncode:
            yield f"%{name}: {answer.stderr.strip()}"
    called = re.findall(r"/opt/winnow/(\S+)", parts.get("post", ""))
    for file in called:
        if file not in parts.get("files", ""):
            yield f"%post calls {file}, which %files does not bring"


def refusals():
    if os.geteuid() != 0:
        return
    with tempfile.TemporaryDirectory() as folder:
        old, full = pathlib.Path(folder, "old"), pathlib.Path(folder, "full")
        (old / "etc").mkdir(parents=True)
        (old / "etc/debian_version").write_text("11.7\n")
        full.mkdir()
        (full / "precious").write_text("")
        for words, message in (([old], "is Debian 11.7, the recipe is for 12"), ([full], "is neither empty nor a Debian|there is no debootstrap")):
            answer = subprocess.run([ROOT / "launch/container-root", *words], capture_output=True, text=True)
            assert answer.returncode == 2 and re.search(message, answer.stderr) and answer.stderr.count("\n") == 1, answer
        assert sorted(path.name for path in full.iterdir()) == ["precious"]


def main():
    text = (ROOT / "launch/container.def").read_text()
    there = lambda file: (ROOT / file).exists()
    for planted in (text.replace("%post", "%past"), text.replace("launch/setup /opt", "launch/absent /opt"), text.replace("apt-get clean", "if apt-get clean"),
                    text.replace("/opt/winnow/launch/setup --packages", "/opt/winnow/launch/build")):
        assert list(faults(planted, there)), planted
    refusals()
    found = list(faults(text, there))
    for fault in found:
        print(f"launch/container.def: {fault}")
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
