"""Runs parts one after another and remembers those that passed, in a file: an interrupted run resumes at the part that it was in."""
import json
import time

from parts import Failure

ALWAYS = {"goals"}                                # of what the others found


def run_parts(parts, names, known, revision, again):
    """`known`: by name, the function of `parts` and what it is given. By name, what came out of those that passed; and how many failed."""
    state = parts.folder / "passed.json"
    passed = json.loads(state.read_text()) if state.exists() else {}
    if passed.get("revision") != revision or again:
        passed = {"revision": revision, "parts": {}}
    failed = 0
    for name in names:
        if name in passed["parts"] and name not in ALWAYS:
            print(f"passed before  {name}: {passed['parts'][name]['outcome']}")
            continue
        function, arguments = known[name]
        begin = time.time()
        parts.begin()
        parts.known_figures = {other: entry["figures"] for other, entry in passed["parts"].items()}
        try:
            outcome = getattr(parts, function)(*arguments)
            passed["parts"][name] = {"outcome": f"{outcome} ({time.time() - begin:.0f} s)", "figures": parts.figures}
            state.write_text(json.dumps(passed))
            print(f"ok      {name}: {passed['parts'][name]['outcome']}", flush=True)
        except Failure as failure:
            failed += 1
            print(f"FAILED  {name}: {failure}", flush=True)
    return {name: entry["outcome"] for name, entry in passed["parts"].items()}, failed
