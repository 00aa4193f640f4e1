#!/usr/bin/env python3
"""The bundle of launch/test-gpu: made here, started from its archive against the wheel's libraries for CPUs, with none of this machine's MPI, HDF5 or build.

    tests/system/gpu_bundle.py --build build
"""
import argparse
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

from case import SOURCE, contains, equal

SCRIPT = SOURCE / "launch/test-gpu"


def call(*words, **environment):
    answer = subprocess.run([str(word) for word in words], capture_output=True, text=True, timeout=600, env=dict(os.environ, **environment))
    return answer.returncode, answer.stdout, answer.stderr


def check(build, folder):
    file = folder / "gpu.tar.xz"
    code, out, err = call(SCRIPT, "--no-build", "--build", build, "--bundle", file)
    equal(code, 0, "exit code of --bundle: " + out + err)
    print(out.strip(), flush=True)
    size = file.stat().st_size
    if size > 45_000_000:
        raise AssertionError(f"the bundle has {size} bytes")
    torch = SOURCE / "deps/site/torch"
    code, out, err = call(SCRIPT, "--from", file, "--torch", torch, "--start")
    equal(code, 0, "exit code of --from --start: " + out + err)
    contains(out, "ok      start: 1 stage")
    root = folder / "gpu-unpacked/winnow-gpu"
    code, out, err = call(sys.executable, root / "launch/test-gpu", "--torch", torch, LD_LIBRARY_PATH="")
    if code != 1:                                  # with a GPU here it ran
        equal((code, out), (77, ""), "exit code and output without a GPU: " + err)
        equal(err.count("\n"), 1, "lines on standard error: " + err)
    for words, said in ((["--torch", folder], "is not the folder of a torch"), (["--torch", torch, "gluden"], "there is no part 'gluden'")):
        code, out, err = call(sys.executable, root / "launch/test-gpu", *words)
        contains(err, said)
        equal(code != 0, True, "exit code: " + err)
    half = folder / "half.tar.xz"
    half.write_bytes(file.read_bytes()[:size // 2])
    code, out, err = call(SCRIPT, "--from", half)
    contains(err, "half.tar.xz is no bundle")
    code, out, err = call(SCRIPT, "--from", folder / "none")
    contains(err, "there is no such file")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", type=pathlib.Path, default=SOURCE / "build")
    build = parser.parse_args().build.resolve()
    if not (build / "lib/libwinnow-cuda.so").exists():
        print("skipped: a bundle needs libwinnow-cuda.so, and there is no CUDA 13 toolkit with NCCL here")
        sys.exit(77)
    folder = pathlib.Path(tempfile.mkdtemp(prefix="winnow-bundle-"))
    try:
        check(build, folder)
        print("ok")
    except AssertionError as error:
        sys.exit(f"FAILED: {error}")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
