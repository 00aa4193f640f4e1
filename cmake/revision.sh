#!/usr/bin/env bash
# Prints the revision of the code in a checkout, as include/winnow/core/revision.h says it.
#   cmake/revision.sh SOURCE_FOLDER VERSION
set -euo pipefail
export LC_ALL=C GIT_OPTIONAL_LOCKS=0
cd "$1"
version=$2

# What decides the programs. Documents, tests, sweeps and results do not: a table that is rewritten leaves the code as it was.
sources=(CMakeLists.txt CMakePresets.json cmake include src sweeps/presets)

# A checkout is asked whoever owns it (a container's root builds a user's checkout); it is this one's git and not that of a folder above.
git() { command git -c safe.directory='*' -c core.fsmonitor=false "$@"; }

# Reads names that end in NUL. What is listed and gone (deleted, not yet committed) is missing in the hash.
hash_of_files() {
  sort -zu | while IFS= read -r -d '' name; do if [ -f "$name" ]; then printf '%s\0' "$name"; fi; done | xargs -0 sha256sum | sha256sum | cut -c1-12
}

if [ -e .git ] && commit=$(git rev-parse --verify --quiet HEAD 2>/dev/null); then
  printf '%s+g%s' "$version" "${commit:0:12}"
  if [ -n "$(git status --porcelain --untracked-files=all -- "${sources[@]}")" ]; then
    printf -- '-dirty.%s' "$(git ls-files -z --cached --others --exclude-standard -- "${sources[@]}" | hash_of_files)"
  fi
else
  commit=$(sed -n '/^[0-9a-f]\{40\}$/p' cmake/release.txt 2>/dev/null || true)      # `git archive` writes it there
  hash=$(find "${sources[@]}" -type f -print0 | hash_of_files)
  if [ -n "$commit" ]; then printf '%s+g%s-archive.%s' "$version" "${commit:0:12}" "$hash"; else printf '%s+sources.%s' "$version" "$hash"; fi
fi
echo
