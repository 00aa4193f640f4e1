#include "label_list.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "winnow/core/error.h"
#include "winnow/core/file_state.h"
#include "winnow/core/settings.h"
#include "winnow/store/run_file.h"

namespace winnow::cmd {

namespace {

std::vector<std::int64_t> integers(const store::Array& array) {
  if (array.dtype != store::DType::i64) throw DataError("labels that are no whole numbers");
  std::vector<std::int64_t> values(array.count());
  std::memcpy(values.data(), array.bytes.data(), array.bytes.size());
  return values;
}

}  // namespace

void write_label_list(const Path& run, const Path& list) {
  store::RunContent content = store::read_run_file(run);
  auto given = content.arrays.find("labels/given"), samples = content.arrays.find("labels/samples");
  if (given == content.arrays.end() || samples == content.arrays.end())
    throw UsageError(fmt::format("show: {} holds no given labels{}", run.string(),
                                 content.arrays.count("labels/candidates") ? ", but candidate sets" : ""));
  std::vector<std::int64_t> labels = integers(given->second), places = integers(samples->second),
                            ordered(labels.size());
  std::vector<bool> there(labels.size());
  auto count = static_cast<std::int64_t>(labels.size());
  for (std::size_t i = 0; i < places.size(); ++i) {
    if (places[i] >= count || there[static_cast<std::size_t>(places[i])])
      throw UsageError(
          fmt::format("show: {} trained on a part of the training images ({} labels, one of image {}): in a "
                      "list a label's place is its image, so every image needs one; make the labels "
                      "without data.samples, data.first, data.validation and data.long_tail",
                      run.string(), count, places[i]));
    there[static_cast<std::size_t>(places[i])] = true;
    ordered[static_cast<std::size_t>(places[i])] = labels[i];
  }
  if (is_there(list)) throw UsageError(fmt::format("show: {} is there already", list.string()));
  write_file_atomically(list, Value(ordered).dump() + "\n");
  fmt::print("{}: {} labels\n", list.string(), count);
}

}  // namespace winnow::cmd
