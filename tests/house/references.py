"""Every reference from code, tests and documents into docs/ leads somewhere: `docs/methods/partial-labels.md#5.2` to a file and an anchor in it
(`<a id="5.2">`, or a heading's own), relative Markdown links to a file. What looks like a reference to a document that is not in the tree is
found, too. A code block below `<!-- file: PATH -->` is that file, letter by letter.

    launch/python tests/house/references.py            checks the tree, and that it would find planted mistakes
    launch/python tests/house/references.py --quote    writes the quoted files into the documents
"""
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
NAMED = re.compile(r"\bdocs/([\w./-]+\.md)(?:#([\w.-]*\w))?")
LINK = re.compile(r"\]\(([^)\s]+)\)")
ABSENT = re.compile(r"\bspec/[\w-]+\.md|(?<![\w/#])(?:pll|noisy-labels|unsupervised|design|devices|runner)\.md (?:§|section|\d)")


def anchors(path):
    text = path.read_text()
    found = set(re.findall(r'<a id="([^"]+)">', text))
    for title in re.findall(r"^#{1,6} (.*)$", text, re.M):
        title = re.sub(r"<[^>]*>", "", title).strip().lower()
        found.add(re.sub(r"\s", "-", re.sub(r"[^\w\s-]", "", title)))
    return found


def faults(name, text):
    for number, line in enumerate(text.splitlines(), 1):
        where = f"{name}:{number}"
        targets = [(ROOT / "docs" / file, anchor) for file, anchor in NAMED.findall(line)]
        if name.endswith(".md"):
            for link in LINK.findall(re.sub(r"`[^`]*`", "", line)):
                if not re.match(r"[a-z]+:", link):
                    file, _, anchor = link.partition("#")
                    targets.append(((ROOT / name).parent / file if file else ROOT / name, anchor))
        for target, anchor in targets:
            if not target.exists():
                yield f"{where}: there is no {target.resolve().relative_to(ROOT)}"
            elif anchor and target.suffix == ".md" and anchor not in anchors(target):
                yield f"{where}: {target.resolve().relative_to(ROOT)} has no anchor #{anchor}"
        for absent in ABSENT.findall(line):
            yield f"{where}: '{absent}' is not in the tree: say docs/FILE#ANCHOR"


QUOTE = re.compile(r"<!-- file: (\S+) -->\n```(\w*)\n(.*?)```", re.S)


def quoted(text):
    """The document with its code blocks as the files are."""
    return QUOTE.sub(lambda found: f"<!-- file: {found[1]} -->\n```{found[2]}\n{(ROOT / found[1]).read_text()}```", text)


def main():
    documents = sorted((ROOT / "docs").rglob("*.md"))
    if sys.argv[1:] == ["--quote"]:
        for path in documents:
            path.write_text(quoted(path.read_text()))
        return 0
    stale = "<!-- file: LICENSE -->\n```\nold\n```"
    assert quoted(stale) != stale and quoted(quoted(stale)) == quoted(stale)
    for planted in ("see docs/methods/nowhere.md#1", "docs/design.md#99.9", "spec/pll.md 5.2", "// design.md section 4."):
        assert list(faults("planted.cpp", planted)), planted
    assert list(faults("README.md", "[here](docs/nowhere.md)")) and list(faults("README.md", "[here](docs/design.md#nothing)"))
    assert not list(faults("README.md", "[here](docs/design.md#4) and docs/methods/partial-labels.md#S10."))
    files = subprocess.run(["git", "ls-files", "--cached", "--others", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True).stdout.split("\n")
    found = [f"{path.relative_to(ROOT)}: a quoted file has changed: launch/python tests/house/references.py --quote" for path in documents if quoted(path.read_text()) != path.read_text()]
    for name in files:
        path = ROOT / name
        if path == pathlib.Path(__file__) or not re.search(r"\.(cpp|h|md|toml|py|txt|cmake|css|js|sh|sbatch)$|^launch/|CMakeLists", name) or not path.is_file():
            continue
        if name.startswith("tests/golden/") and not name.endswith(".md") or path.stat().st_size > 300_000:
            continue
        found += faults(name, path.read_text(errors="replace"))
    for fault in found:
        print(fault)
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
