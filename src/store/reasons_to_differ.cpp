#include <fmt/format.h>

#include "winnow/store/run_file.h"

namespace winnow::store {

std::string reasons_to_differ(const Provenance& here, const Provenance& stored) {
  std::string result;
  auto compare = [&](const char* what, const auto& own, const auto& other) {
    if (own != other)
      result += fmt::format("{}{} {} here, {} in the store", result.empty() ? "" : "; ", what, own, other);
  };
  compare("device", here.device, stored.device);
  auto rows = [](std::int64_t chunk) { return chunk == 0 ? std::string("whole") : fmt::format("of {} rows", chunk); };
  auto all_rows = [&](const Provenance& from) {
    std::string words;
    for (std::int64_t chunk : from.earlier_chunks) words += rows(chunk) + " then ";
    return words + rows(from.chunk);
  };
  compare("chunks", all_rows(here), all_rows(stored));
  compare("width", here.width, stored.width);
  compare("threads", here.threads, stored.threads);
  return result;
}

}  // namespace winnow::store
