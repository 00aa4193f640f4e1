"""No two types have one name in one namespace: the linker would take one destructor for both, and each may be called for the other's objects.
Looked at are all files that may meet in a program or in one area's tests. A planted violation must be found.

    python3 tests/house/one_definition.py
"""
import pathlib
import re
import sys

from planted import not_found

ROOT = pathlib.Path(__file__).resolve().parents[2]


def types_of(file):
    """(line, namespace, name) of each type that is defined outside of other types and of unnamed namespaces: the formatter leaves those unindented."""
    found, spaces = [], []
    for number, line in enumerate(file.read_text().splitlines(), 1):
        if opened := re.match(r"(?:inline )?namespace ?([\w:]*) \{", line):
            spaces.append(opened.group(1))
        elif re.match(r"\}\s*// namespace", line):
            spaces.pop()
        elif defined := re.match(r"(?:struct|class|union|enum(?: class)?) (?:\[\[\w+\]\] )?(\w+)(?: final)?(?: : [^;]*)? ?\{", line):
            if spaces and "" not in spaces:
                found.append((number, "::".join(spaces), defined.group(1)))
    return found


def violations(root):
    of_tree, found = {}, []
    sources = [file for folder in ("include", "src") if (root / folder).is_dir() for file in sorted((root / folder).rglob("*")) if file.suffix in (".h", ".cpp")]

    def take(known, file):
        for line, space, name in types_of(file):
            first = known.setdefault((space, name), f"{file.relative_to(root)}:{line}")
            if first != f"{file.relative_to(root)}:{line}":
                found.append(f"{file.relative_to(root)}:{line}: {space}::{name} is also defined in {first.rsplit(':', 1)[0]}")

    # Two programs are never linked together; what is theirs alone may share a name.
    programs = ("src/cmd/winnow/", "src/cmd/winnow-train/")
    for program in programs:
        known = {}
        for file in sources:
            path = str(file.relative_to(root))
            if not path.startswith(programs) or path.startswith(program):
                take(known, file)
        of_tree.update(known)
    for area in sorted(folder for folder in (root / "tests").glob("*") if folder.is_dir()):
        known = dict(of_tree)
        for file in sorted(area.rglob("*.h")) + sorted(area.rglob("*.cpp")):
            if area.name not in ("bench", "fuzz", "system", "standin"):   # programs of one file each
                take(known, file)
    return sorted(set(found))


PLANTED = {"src/store/planted.h": ("namespace winnow::store {\n\nstruct Committed {\n  int other;\n};\n\nnamespace {\nstruct Stored {\n};\n}  // namespace\n}  // namespace winnow::store\n",
                                   ["src/store/planted.h:3: winnow::store::Committed is also defined in include/winnow/store/store.h"]),
           "tests/store/planted.cpp": ("namespace winnow::store {\nclass Store final : public Other {\n};\n}  // namespace winnow::store\n",
                                       ["tests/store/planted.cpp:2: winnow::store::Store is also defined in include/winnow/store/store.h"])}


def main():
    found = violations(ROOT)
    print("\n".join(found))
    missed = not_found(ROOT, violations, ["include/winnow/store", "src/store", "tests/store"], PLANTED)
    return 1 if found or missed else 0


if __name__ == "__main__":
    sys.exit(main())
