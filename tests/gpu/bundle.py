"""A bundle of launch/test-gpu for machines with GPUs that cannot build: programs, their libraries without torch's, CUDA's and the C library's, an Open MPI,
golden cases, inputs. One folder, winnow-gpu, in an archive."""
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile

import inputs

MOST = 45_000_000                                 # bytes of the archive
TORCH = "2.11.0"
PROGRAMS = ["winnow", "winnow-train", "test-cuda-module", "bench-gpu"]
OWN_OF_THE_MACHINE = re.compile(r"^(ld-linux.*|lib(c|m|dl|rt|pthread|resolv|util|anl|nsl)\.so.*)$")
OF_TORCH = re.compile(r"^lib(torch|c10|shm|gomp|cu|nv|nccl|cudnn|cupti).*")
PLUGINS_LEFT_OUT = re.compile(r"ucx|ofi|psm|usnic|openib|portals|mxm|yalla|fca|hcoll|monitoring|slurm|alps|tm\.so|loadleveler")
MPI = "usr/lib/x86_64-linux-gnu/openmpi/lib/openmpi3"
PMIX = "usr/lib/x86_64-linux-gnu/pmix2"


def libraries_of(file):
    """Names and paths of what the loader would take, the C library and torch's left out."""
    found = {}
    for line in subprocess.run(["ldd", str(file)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True).stdout.splitlines():
        words = line.split()
        if len(words) >= 3 and words[1] == "=>" and words[2].startswith("/") and not OWN_OF_THE_MACHINE.match(words[0]) and not OF_TORCH.match(words[0]):
            found[words[0]] = words[2]
    return found


def _copy(path, target):
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(os.path.realpath(path), target)
    target.chmod(0o755)
    subprocess.run(["strip", "--strip-unneeded", str(target)], stderr=subprocess.DEVNULL)


def _copy_mpi(root, libraries):
    for program in ("mpirun", "orted"):
        path = shutil.which(program)
        if not path:
            raise SystemExit(f"launch/test-gpu: no {program} here: launch/setup installs Open MPI")
        _copy(path, root / "usr/bin" / program)
        libraries.update(libraries_of(path))
    for plugin in pathlib.Path("/", MPI).glob("*.so"):
        if not PLUGINS_LEFT_OUT.search(plugin.name):
            _copy(plugin, root / MPI / plugin.name)
    for folder in ("usr/share/openmpi", "etc/openmpi", PMIX + "/lib", PMIX + "/share"):
        shutil.copytree(pathlib.Path("/", folder), root / folder, ignore=shutil.ignore_patterns("*.a", "*.la"))


def make(source, build, file):
    """Writes the archive `file`. Without libwinnow-cuda.so it would prove nothing, and is refused."""
    module = build / "lib/libwinnow-cuda.so"
    for needed in [build / "bin" / program for program in PROGRAMS] + [module]:
        if not needed.exists():
            raise SystemExit(f"launch/test-gpu: {needed} is not there: a bundle is made where launch/setup finds a CUDA 13 toolkit with NCCL and cuDNN")
    with tempfile.TemporaryDirectory(prefix="winnow-bundle-") as work:
        root = pathlib.Path(work) / "winnow-gpu"
        libraries = {}
        for path in [build / "bin" / program for program in PROGRAMS] + [module]:
            _copy(path, root / "build" / path.relative_to(build))
            libraries.update(libraries_of(path))
        _copy_mpi(root, libraries)
        for name, path in libraries.items():
            _copy(path, root / "libraries" / name)
        shutil.copytree(source / "tests/golden", root / "tests/golden", ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copytree(source / "tests/gpu", root / "tests/gpu", ignore=shutil.ignore_patterns("__pycache__"))
        (root / "tests/bench").mkdir()
        shutil.copy(source / "tests/bench/train_step.py", root / "tests/bench/train_step.py")
        (root / "launch").mkdir()
        shutil.copy(source / "launch/test-gpu", root / "launch/test-gpu")
        inputs.write(source, build, root / "inputs")
        revision = subprocess.run([str(build / "bin/winnow"), "--version"], stdout=subprocess.PIPE, text=True, check=True).stdout.strip()
        (root / "bundle.json").write_text(json.dumps({"revision": revision, "torch": TORCH}) + "\n")
        part = file.with_name(file.name + ".part")
        with tarfile.open(part, "w:xz", preset=6) as archive:
            archive.add(root, "winnow-gpu")
    size = part.stat().st_size
    if size > MOST:
        part.unlink()
        raise SystemExit(f"launch/test-gpu: the bundle would have {size / 1e6:.1f} MB, at most {MOST / 1e6:.0f} are allowed")
    os.replace(part, file)
    return size


def unpack(file):
    """Beside the archive, once: what was tested there stays."""
    folder = file.resolve().parent / (file.name.split(".")[0] + "-unpacked")
    stamp, size = folder / "unpacked-from", str(file.stat().st_size)
    if not stamp.exists() or stamp.read_text() != size:
        shutil.rmtree(folder, ignore_errors=True)
        try:
            with tarfile.open(file) as archive:
                archive.extractall(folder, **({"filter": "data"} if hasattr(tarfile, "data_filter") else {}))  # Debian 12's Python has none
        except (tarfile.TarError, EOFError, OSError) as error:
            raise SystemExit(f"launch/test-gpu: {file} is no bundle: {error}")
        if not (folder / "winnow-gpu/bundle.json").exists():
            raise SystemExit(f"launch/test-gpu: {file} is no bundle: it has no winnow-gpu/bundle.json")
        stamp.write_text(size)
    return folder / "winnow-gpu"


def torch_here(wanted):
    """The folder of this Python's torch."""
    asked = subprocess.run([sys.executable, "-c", "import torch; print(torch.__version__, torch.version.cuda, torch.__path__[0])"], capture_output=True, text=True)
    words = asked.stdout.split()
    if asked.returncode or len(words) < 3:
        raise SystemExit(f"launch/test-gpu: {sys.executable} has no torch: run this with a Python that has torch {wanted} for CUDA 13 (pip install torch=={wanted}), "
                         "or name its folder with --torch")
    if words[0].split("+")[0] != wanted or not words[1].startswith("13"):
        raise SystemExit(f"launch/test-gpu: {sys.executable} has torch {words[0]} for CUDA {words[1]}: this bundle was built for torch {wanted} for CUDA 13")
    return pathlib.Path(words[2])


def environment(root, torch):
    """In which the programs of an unpacked bundle find their libraries: torch's first, the bundle's last."""
    if not (torch / "lib/libtorch_cpu.so").exists():
        raise SystemExit(f"launch/test-gpu: {torch} is not the folder of a torch: it has no lib/libtorch_cpu.so")
    folders = [torch / "lib", *sorted(torch.parent.glob("nvidia/*/lib")), "/usr/local/cuda/lib64", "/usr/local/cuda/extras/CUPTI/lib64", root / "libraries",
               (root / MPI).parent]
    opal = {"PREFIX": "usr", "BINDIR": "usr/bin", "LIBDIR": pathlib.Path(MPI).parent, "PKGLIBDIR": MPI, "DATADIR": "usr/share", "PKGDATADIR": "usr/share/openmpi",
            "SYSCONFDIR": "etc/openmpi"}
    return dict(os.environ, LD_LIBRARY_PATH=":".join(map(str, folders)), PATH=f"{root / 'usr/bin'}:{os.environ.get('PATH', '')}",
                PMIX_INSTALL_PREFIX=str(root / PMIX), **{f"OPAL_{name}": str(root / folder) for name, folder in opal.items()})
