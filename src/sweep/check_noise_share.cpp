#include "check_noise_share.h"

#include <fmt/format.h>

#include "winnow/core/error.h"

namespace winnow::sweep {

namespace {

std::string table_of(const std::string& key, std::string_view name) { return key.substr(0, key.size() - name.size()); }

void check_forget_rate(Inspection& seen) {
  constexpr std::string_view kName = "forget_rate";
  if (!seen.find("labels.kind") || seen.text("labels.kind") != "structured") return;
  for (const std::string& key : seen.named(kName))
    if (seen.by_default(key))
      throw UsageError(fmt::format(
          "{}: labels.kind = structured changes labels of half of the classes alone: {} must be said, labels.rate = {} "
          "would be too much (DeFT's code takes half of it: {})",
          seen.where("labels.kind"), key, seen.real("labels.rate"), seen.real("labels.rate") / 2));
}

void check_label_epochs(Inspection& seen) {
  constexpr std::string_view kName = "label_epochs";
  for (const std::string& key : seen.named(kName)) {
    std::string table = table_of(key, kName), warmup = table + "warmup_epochs";
    if (seen.text(table + "noise_source") != "synthetic" || !seen.by_default(key) ||
        seen.integer(warmup) <= seen.integer(key))
      continue;
    throw UsageError(fmt::format(
        "{}: {} = {} leaves {} at {}: on synthetic noise DeFT's code keeps given labels for the whole "
        "warm-up; say {} ({} for that)",
        seen.where(warmup), warmup, seen.integer(warmup), key, seen.integer(key), key, seen.integer(warmup)));
  }
}

}  // namespace

void check_noise_share(Inspection& seen) {
  check_forget_rate(seen);
  check_label_epochs(seen);
}

}  // namespace winnow::sweep
