"""What cmake/revision.sh calls the code, in a repository made for it: committed, edited, archived; and that the generated file is
rewritten only when the revision changes, so that a build after a commit compiles one unit.

    python3 tests/house/revision.py
"""
import os
import pathlib
import re
import shutil
import subprocess
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]


def main():
    with tempfile.TemporaryDirectory(prefix="winnow-revision-") as folder:
        tree = pathlib.Path(folder) / "tree"
        shutil.copytree(ROOT / "cmake", tree / "cmake")
        (tree / "cmake/release.txt").write_text("$Format:%H$\n")
        (tree / ".gitattributes").write_text("cmake/release.txt export-subst\n")
        for name in ("CMakeLists.txt", "CMakePresets.json", "include/a.h", "src/a.cpp", "sweeps/presets/p.toml", "README.md", "results/r.csv"):
            (tree / name).parent.mkdir(parents=True, exist_ok=True)
            (tree / name).write_text(name)
        environment = dict(os.environ, GIT_AUTHOR_NAME="a", GIT_AUTHOR_EMAIL="a", GIT_COMMITTER_NAME="a", GIT_COMMITTER_EMAIL="a", GIT_CONFIG_GLOBAL="/dev/null")

        def git(*words):
            return subprocess.run(["git", *words], cwd=tree, env=environment, check=True, capture_output=True, text=True).stdout.strip()

        def revision(where=tree):
            return subprocess.run([where / "cmake/revision.sh", where, "1.2.3"], env=environment, check=True, capture_output=True, text=True).stdout

        without_git = revision()
        assert re.fullmatch(r"1\.2\.3\+sources\.[0-9a-f]{12}\n", without_git), without_git
        git("init", "-q")
        git("add", "-A")
        git("commit", "-q", "-m", "a")
        clean = f"1.2.3+g{git('rev-parse', 'HEAD')[:12]}\n"
        assert revision() == clean, revision()

        for name in ("README.md", "results/r.csv", "results/new.csv"):         # documents and results are no code
            (tree / name).write_text("edited")
            assert revision() == clean, (name, revision())
        seen = {clean}
        for name in ("src/a.cpp", "include/a.h", "cmake/Area.cmake", "sweeps/presets/p.toml", "src/new file.cpp", "src/\u00fc.cpp"):
            before = (tree / name).read_bytes() if (tree / name).exists() else None
            (tree / name).write_text("edited")
            dirty = revision()
            assert re.fullmatch(re.escape(clean.strip()) + r"-dirty\.[0-9a-f]{12}\n", dirty), (name, dirty)
            assert dirty not in seen, f"{name}: two states of the code have one revision"
            seen.add(dirty)
            assert revision() == dirty, "the same state has two"
            git("add", "-A", "src", "include", "cmake", "sweeps")              # staged or not, it is the same code
            assert revision() == dirty, (name, revision())
            git("reset", "-q")
            if before is None:
                (tree / name).unlink()
            else:
                (tree / name).write_bytes(before)
            assert revision() == clean, (name, revision())
        (tree / "src/a.cpp").unlink()
        assert "-dirty." in revision(), "a file that was deleted"
        git("checkout", "-q", "src/a.cpp")

        archive = pathlib.Path(folder) / "archive"
        archive.mkdir()
        packed = subprocess.run(["git", "archive", "HEAD"], cwd=tree, env=environment, check=True, capture_output=True).stdout
        subprocess.run(["tar", "x", "-C", archive], input=packed, check=True)
        assert revision(archive).startswith(clean.strip() + "-archive."), revision(archive)
        whole = revision(archive)
        (archive / "src/a.cpp").write_text("edited")
        assert revision(archive) != whole, "an archive that was edited"

        generated = tree / "build" / "revision.cpp"
        generated.parent.mkdir()

        def generate():
            subprocess.run(["cmake", f"-DSOURCE={tree}", "-DVERSION=1.2.3", f"-DOUTPUT={generated}", "-P", tree / "cmake/Revision.cmake"], env=environment, check=True)
            return generated.stat().st_mtime_ns

        first = generate()
        assert clean.strip() in generated.read_text()
        assert generate() == first, "rewritten though nothing has changed"
        git("commit", "-q", "--allow-empty", "-m", "b")
        assert generate() != first and clean.strip() not in generated.read_text()


if __name__ == "__main__":
    main()
