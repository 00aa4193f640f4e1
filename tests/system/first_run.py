"""The first minutes of a new user, twenty times: launch/quickstart up to and including `winnow plan`, each time with an empty cache folder;
and listings whose reader has seen enough."""
import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile

SOURCE = pathlib.Path(__file__).resolve().parents[2]


def first_runs(times):
    for turn in range(times):
        with tempfile.TemporaryDirectory() as cache:
            result = subprocess.run([SOURCE / "launch" / "quickstart", "--plan"], env=dict(os.environ, WINNOW_CACHE=cache), capture_output=True, text=True)
            assert result.returncode == 0, (turn, result)
            assert "fashion-mnist: 60000 training and 10000 test images" in result.stdout, (turn, result.stdout)
            assert "27 experiments" in result.stdout and not result.stderr, (turn, result)


# A shell with pipefail takes 141 (SIGPIPE) for a failure. The reader is gone before the first line: the hardest case.
def closed_pipes(winnow, environment, folder):
    listings = [["data", "list"], ["data", "list", "--json"], ["model", "list"], ["doctor"], ["--help"], ["plan", "--help"], ["--version"],
                ["plan", str(SOURCE / "sweeps/claims.toml"), "--json"], ["report", str(SOURCE / "sweeps/claims.toml")],
                ["report", str(SOURCE / "sweeps/claims.toml"), "--format", "json"], ["show", str(SOURCE / "sweeps/claims.toml")]]
    for words in listings:
        reading, writing = os.pipe()
        os.close(reading)
        process = subprocess.Popen([winnow, *words], stdout=writing, stderr=subprocess.PIPE, env=environment, cwd=folder, text=True)
        os.close(writing)
        said = process.communicate()[1]
        assert process.returncode == 0 and not said, (words, process.returncode, said)


def other_pythons():
    """A Python without packages that stands first in PATH, as pyenv's and conda's do, is not taken."""
    with tempfile.TemporaryDirectory() as folder:
        fake = pathlib.Path(folder) / "python3"
        fake.write_text("#!/bin/sh\nexec /bin/false\n")
        fake.chmod(0o755)
        environment = dict(os.environ, PATH=f"{folder}:{os.environ['PATH']}")
        found = subprocess.run([SOURCE / "launch" / "python", "-c", "import h5py, numpy, pandas; print('packages')"], env=environment, capture_output=True, text=True)
        assert found.stdout == "packages\n", found
        for script in ("convert-labels", "convert-weights"):
            shown = subprocess.run([SOURCE / "launch" / script, "--help"], env=environment, capture_output=True, text=True)
            assert f"launch/{script}" in shown.stdout + shown.stderr, shown
        assert subprocess.run([SOURCE / "launch" / "python", "-c", ""], env=dict(environment, WINNOW_PYTHON="/bin/false")).returncode == 0  # the next one has them


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", required=True)
    parser.add_argument("--times", type=int, default=20)
    options = parser.parse_args()
    winnow = pathlib.Path(options.build).resolve() / "bin" / "winnow"
    if winnow.parents[1] != SOURCE / "build":
        print("skipped: launch/quickstart is about the build in build/, this is another one: build with launch/build")
        sys.exit(77)
    first_runs(options.times)
    with tempfile.TemporaryDirectory() as folder:
        environment = dict(os.environ, WINNOW_CACHE=folder)
        subprocess.run([winnow, "data", "check", "fashion-mnist"], env=environment, check=True, capture_output=True)
        closed_pipes(winnow, environment, folder)
    other_pythons()
    assert json.loads(subprocess.run([winnow, "data", "list", "--json"], capture_output=True, text=True).stdout)


if __name__ == "__main__":
    main()
