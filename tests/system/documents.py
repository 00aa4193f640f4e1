"""Every command that README.md and docs/ show is one that winnow has, and those that a fresh machine can run are run, in miniature.

    launch/python tests/system/documents.py --build build
"""
import argparse
import os
import pathlib
import re
import shlex
import subprocess
import tempfile

SOURCE = pathlib.Path(__file__).resolve().parents[2]
PAGES = [SOURCE / "README.md", *sorted((SOURCE / "docs").glob("*.md"))]

# What takes minutes is run on a hundredth of it.
MINIATURE = ["--set", "data.samples=60", "--set", "data.test_samples=40", "--set", "train.epochs=1", "--set", "train.batch=20"]
LONG = {"run", "try"}
# Shown with names of files, data sets or jobs that this machine does not have: understood, and refused in one line or done.
ELSEWHERE = re.compile(r"\b(NAME|FILE|FOLDER|SNAPSHOT|JOBID|NODES|URL|SWEEP|SECONDS|CASES)\b|cub-200|clip-vit|eurosat|--watch|/project/|/big/|/data/|table\.toml")


def commands(text):
    """Lines of code blocks and of tables that begin with a program of ours, without their comments."""
    fenced, language, indented = False, "", re.compile(r"^    \S")
    for line in text.splitlines():
        if line.startswith("```"):
            fenced, language = not fenced, line[3:].strip()
            continue
        if fenced and language in ("", "sh", "bash") or not fenced and indented.match(line):
            code = re.sub(r"\s#\s.*$", "", line.strip())
            if re.match(r"(winnow|winnow-train|build/bin/winnow\S*|launch/\S+)( |$)", code) and "(" not in code and "->" not in code:
                yield code
    for code in re.findall(r"`((?:winnow|winnow-train) [a-z][^`\n]*)`", text):
        if re.match(r"[\w./-]+ (?!run'|that |knows |has )", code):
            yield code


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", default=SOURCE / "build")
    build = pathlib.Path(parser.parse_args().build).resolve()
    seen, ran = set(), 0
    with tempfile.TemporaryDirectory() as folder:
        programs = pathlib.Path(folder, "programs")
        programs.mkdir()
        (programs / "python3").symlink_to(SOURCE / "launch/python")  # of a method that is a program: one with numpy
        environment = dict(os.environ, WINNOW_CACHE=folder + "/cache", PATH=f"{programs}:{build}/bin:{os.environ['PATH']}")
        os.symlink(SOURCE / "sweeps", folder + "/sweeps")
        os.symlink(SOURCE / "analysis", folder + "/analysis")
        os.symlink(SOURCE / "launch", folder + "/launch")
        os.symlink(SOURCE / "tests", folder + "/tests")

        def run(words, timeout=300):
            return subprocess.run(words, cwd=folder, env=environment, capture_output=True, text=True, timeout=timeout)

        assert run(["winnow", "data", "check", "fashion-mnist"]).returncode == 0
        for page in PAGES:
            for code in commands(page.read_text()):
                where = f"{page.relative_to(SOURCE)}: {code}"
                try:
                    words = shlex.split(code.replace("build/bin/winnow", "winnow"))
                except ValueError as error:
                    raise AssertionError(f"{where}: {error}") from error
                if words[0].startswith("launch/") and not code.startswith("launch/mpirun"):
                    assert (SOURCE / words[0]).exists(), where
                    continue
                if words[0] == "launch/mpirun":
                    assert "winnow" in words, where
                    words = words[words.index("winnow"):]
                if code in seen or len(words) < 2:
                    continue
                seen.add(code)
                arguments = [word for word in words[2:] if not word.startswith("--")]
                if not arguments and words[1] not in ("doctor", "fsck", "status", "pack"):
                    text = run([*words[:2], "--help"]).stdout       # a command is named, not shown: it and its options are known
                    assert "Examples:" in text and all(option.split("=")[0] in text for option in words[2:]), where
                    continue
                long = words[1] in LONG
                elsewhere = ELSEWHERE.search(code)
                if elsewhere:
                    words = [word for word in words if word != "--watch"]
                answer = run([*words, *(MINIATURE if long and not elsewhere else [])])
                assert "not understood" not in answer.stderr and "unknown command" not in answer.stderr, (where, answer)
                assert answer.stderr.count("\n") <= 1 or answer.returncode == 0, (where, answer)
                if not elsewhere and "is required" not in answer.stderr:   # named in a sentence, without its arguments
                    assert answer.returncode in (0, 1) if words[1] in ("doctor", "status") else answer.returncode == 0, (where, answer)
                    ran += 1
    assert ran >= 8, f"only {ran} commands were run: are they still found?"
    print(f"{len(seen)} commands are understood, {ran} of them were run")


if __name__ == "__main__":
    main()
