#!/usr/bin/python3
"""winnow cache: a check of Fashion-MNIST that is killed half-way leaves files behind, which are listed, removed, and not missed.

    tests/system/cache_folder.py --build build
"""
import argparse
import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time

DATA = pathlib.Path("/usr/share/datasets/fashion-mnist")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", required=True)
    winnow = str(pathlib.Path(parser.parse_args().build).resolve() / "bin/winnow")
    if not DATA.is_dir():
        print("skipped: needs Fashion-MNIST: run launch/setup")
        sys.exit(77)
    with tempfile.TemporaryDirectory() as top:
        cache = pathlib.Path(top) / "cache"
        environment = dict(os.environ, WINNOW_CACHE=str(cache))

        def run(*words, code=0):
            result = subprocess.run([winnow, *words], env=environment, capture_output=True, text=True)
            assert result.returncode == code, (words, result)
            return result.stdout

        def files(state):
            return [entry["file"] for entry in json.loads(run("cache", "list", "--json"))["files"] if entry["state"] == state]

        assert "0 files" in run("cache", "list"), "no folder yet"
        check = subprocess.Popen([winnow, "data", "check", "fashion-mnist"], env=environment, stdout=subprocess.DEVNULL)
        while check.poll() is None and not list(cache.glob("decoded/.*.part")):
            time.sleep(0.0005)
        check.send_signal(signal.SIGKILL)
        check.wait()
        if not list(cache.glob("decoded/.*.part")):     # it was too fast: the same, by hand
            (cache / "decoded").mkdir(parents=True, exist_ok=True)
            (cache / f"decoded/.fashion-mnist.safetensors.{check.pid}.0.part").write_bytes(b"half")
        left = files("leftover")
        assert len(left) == 1 and left[0].startswith("decoded/.fashion-mnist"), left
        assert f"would remove {left[0]}" in run("cache", "prune", "--dry-run") and files("leftover") == left
        assert f"removed {left[0]}" in run("cache", "prune") and not files("leftover")

        run("data", "check", "fashion-mnist")
        used = files("used")
        assert "datasets/fashion-mnist.json" in used and any(name.startswith("decoded/fashion-mnist-") for name in used), used
        stale = cache / "decoded/fashion-mnist-0123456789abcdef0123456789abcdef.safetensors"
        stale.write_bytes(b"of another time")
        assert files("unused") == ["decoded/" + stale.name]
        assert json.loads(run("cache", "prune", "--json"))["removed"] == [] and stale.exists(), "only where it is asked for"
        assert [entry["of"] for entry in json.loads(run("cache", "prune", "--unused", "--json"))["removed"]] == ["fashion-mnist"]
        assert not stale.exists() and files("used") == used
        assert "leftover" in run("cache", "--help")
        run("cache", "prunes", code=2)


if __name__ == "__main__":
    main()
