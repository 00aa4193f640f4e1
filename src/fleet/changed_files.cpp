#include "changed_files.h"

#include <fmt/format.h>

#include "winnow/core/error.h"
#include "winnow/core/file.h"
#include "winnow/core/hash.h"

namespace winnow::fleet {

namespace {

std::optional<Hash128> digest_of(const std::string& file) {
  try {
    return hash_of(read_file(file));
  } catch (const DataError&) {
    return std::nullopt;
  }
}

}  // namespace

ChangedFiles::ChangedFiles(const Work& work) : work_(work) {
  for (std::size_t sweep = 0; sweep < work.sweeps.size(); ++sweep) taken(sweep);
}

void ChangedFiles::look_at(const std::string& file) { known_[file] = {digest_of(file)}; }

void ChangedFiles::taken(std::size_t sweep) {
  look_at(work_.sweeps[sweep].file);
  for (const std::string& file : work_.files)
    if (!known_.count(file)) look_at(file);
}

void ChangedFiles::report(Observer& observer) {
  for (auto& [file, known] : known_) {
    if (known.said || digest_of(file) == known.digest) continue;
    known.said = true;
    bool sweep = false;
    for (const Wanted& wanted : work_.sweeps) sweep = sweep || (wanted.file == file && !wanted.replaced);
    observer.say(fmt::format(
        "{}: it has changed since this run began: the run continues with the old content; {}", file,
        sweep ? fmt::format("`winnow add {}` gives it the new one", file) : "run it again for the new one"));
  }
}

}  // namespace winnow::fleet
