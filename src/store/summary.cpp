#include "summary.h"

#include <sys/stat.h>

#include "named.h"
#include "reader.h"
#include "user_block.h"

namespace winnow::store {

std::optional<Stamp> stamp_of(const char* path) {
  struct stat status {};
  if (::stat(path, &status) != 0 || !S_ISREG(status.st_mode)) return std::nullopt;
  return Stamp{static_cast<std::uint64_t>(status.st_size),
               status.st_mtim.tv_sec * std::int64_t{1'000'000'000} + status.st_mtim.tv_nsec};
}

// Not read_run_file: what takes its time (provenance, a visit to every object, the stage parsed and hashed) no table
// needs.
Summary read_summary(const Path& path) {
  UserBlock block = verify_bytes(path);
  return with_name(path, [&] {
    Reader file(path);
    auto table = [&](const std::string& name) { return file.has(name) ? Reader::table(file.open_set(name)) : Table{}; };
    return Summary{block.identity,
                   block.result_digest,
                   file.attribute_text(attribute::kind),
                   file.text(dataset::stage),
                   file.attribute_number<double>(attribute::start),
                   file.attribute_number<double>(attribute::end),
                   file.attribute_text(attribute::code_version),
                   file.attribute_text(attribute::device),
                   file.has(dataset::metrics) ? parse_metric_kinds(file.text(dataset::metrics)) : MetricKinds{},
                   table("metrics/final"),
                   table("metrics/epochs")};
  });
}

}  // namespace winnow::store
