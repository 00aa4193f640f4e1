// What table.h5 holds of a run.
#pragma once

#include <optional>
#include <string>

#include "winnow/store/run_file.h"

namespace winnow::store {

// A run file as the file system sees it. Run files are renamed into place and never written again, so two equal stamps
// are the same file.
struct Stamp {
  std::uint64_t size = 0;
  std::int64_t changed = 0;  // ns since 1970
  bool operator==(const Stamp&) const = default;
};

std::optional<Stamp> stamp_of(const char* path);  // none: absent or not readable as a file

struct Summary {
  Identity identity;
  Hash128 result_digest;
  std::string kind, stage;  // "train"; the stage as JSON in one line
  double start = 0, end = 0;
  std::string code_version, device;
  MetricKinds metrics;
  Table final, epochs;  // metrics/final, metrics/epochs; empty where the run has none
};

// Verifies the whole file. DataError naming it.
Summary read_summary(const Path&);

}  // namespace winnow::store
