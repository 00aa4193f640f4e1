#include "named_records.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "file_kind.h"
#include "winnow/core/error.h"
#include "winnow/core/json_text.h"

namespace winnow::data {

void require_record_name(const std::string& name, const char* of) {
  bool good = !name.empty() && name.front() != '.' && std::all_of(name.begin(), name.end(), [](unsigned char c) {
    return std::isalnum(c) || c == '-' || c == '_' || c == '.';
  });
  if (!good) throw UsageError(fmt::format("name of {}: letters, digits, - _ and ., not '{}'", of, name));
  constexpr std::size_t kMost = 100;
  if (name.size() > kMost)
    throw UsageError(
        fmt::format("name of {}: at most {} letters, not {}: {}...", of, kMost, name.size(), name.substr(0, 20)));
}

void read_records_of_datasets(const Path& folder, const char* what, const char* command, const ReadRecord& read) {
  if (!is_folder(folder)) return;
  for (const std::string& dataset : names_in(folder, true)) read_records(folder / dataset, what, command, read);
}

void read_records(const Path& folder, const char* what, const char* command, const ReadRecord& read) {
  if (!is_folder(folder)) return;
  for (const std::string& file : names_in(folder, false)) {
    Path path = folder / file;
    if (path.extension() != ".json") continue;
    auto damaged = [&] {
      return DataError(fmt::format("{} is not {}; delete it and run {} again", path.string(), what, command));
    };
    try {
      read(read_json(path));
    } catch (const nlohmann::json::exception&) {
      throw damaged();
    } catch (const DataError&) {
      throw damaged();
    }
  }
}

}  // namespace winnow::data
