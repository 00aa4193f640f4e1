#include "shot_list.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <set>

#include "winnow/core/error.h"
#include "winnow/core/file_state.h"
#include "winnow/core/settings.h"
#include "winnow/store/labelled_samples.h"
#include "winnow/store/mapped_arrays.h"
#include "winnow/store/store.h"

namespace winnow::cmd {

namespace {

using Places = std::vector<std::int64_t>;

bool positive(const Settings& settings, const char* key) { return settings.has(key) && settings.integer(key) > 0; }

// What a run and those that it builds on were told.
class Told {
 public:
  Told(const Path& run, const std::vector<Path>& stores)
      : stores_(std::filesystem::absolute(run).parent_path().parent_path().parent_path(), stores) {
    look_at(run);
  }

  const Places& places() const { return places_; }
  const Path& by() const { return by_; }                  // of one that was told; empty: none was
  const Path& otherwise() const { return otherwise_; }    // of one that was told of other images
  const Path& unrecorded() const { return unrecorded_; }  // of one from before winnow recorded it
  int absent() const { return absent_; }                  // runs that lie nowhere here

 private:
  void look_at(const Path& run) {
    const Stage stage = store::read_run_file(run, /*arrays=*/false).stage;
    std::string dataset = stage.settings.has("dataset") ? stage.settings.text("dataset") : "";
    if (dataset_.empty()) dataset_ = dataset;
    if (dataset != dataset_) return;  // a teacher's, on labels of its own
    if (positive(stage.settings, "data.shots") && take(run, "labels/samples")) return;
    if (positive(stage.settings, "labelled_shots")) {
      if (!take(run, store::kLabelledSamples)) unrecorded_ = run;
      return;
    }
    for (const auto& [name, input] : stage.inputs) {
      if (!seen_.insert(input.stage.hex()).second) continue;
      if (std::optional<Path> file = stores_.find(input.stage, /*verify=*/false)) look_at(*file);
      else ++absent_;
    }
  }

  bool take(const Path& run, const char* name) {
    store::MappedArrays arrays(run);
    if (!arrays.has(name)) return false;
    const store::MappedArrays::Values& values = arrays.at(name);
    if (values.dtype != store::DType::i64)
      throw DataError(fmt::format("{}: samples that are no whole numbers", run.string()));
    Places places(values.bytes.size() / sizeof(std::int64_t));
    std::memcpy(places.data(), values.bytes.data(), values.bytes.size());
    std::sort(places.begin(), places.end());
    if (by_.empty()) by_ = run, places_ = std::move(places);
    else if (places != places_) otherwise_ = run;
    return true;
  }

  store::Store stores_;
  std::set<std::string> seen_;
  std::string dataset_;
  Places places_;
  Path by_, otherwise_, unrecorded_;
  int absent_ = 0;
};

}  // namespace

void write_shot_list(const Path& run, const std::vector<Path>& stores, const Path& list) {
  Told told(run, stores);
  if (!told.otherwise().empty())
    throw UsageError(
        fmt::format("show: {} builds on runs that were told the labels of different images: name one, {} or {}",
                    run.string(), told.by().string(), told.otherwise().string()));
  if (told.by().empty() && !told.unrecorded().empty())
    throw UsageError(fmt::format(
        "show: {} was computed before winnow recorded which images it was told of (labelled_shots): run its sweep with "
        "another --store",
        told.unrecorded().string()));
  if (told.by().empty())
    throw UsageError(fmt::format(
        "show: neither {} nor a run that it builds on was told the labels of few images (data.shots, "
        "labelled_shots){}",
        run.string(), told.absent() ? fmt::format("; {} of them lie in no store here", told.absent()) : ""));
  if (is_there(list)) throw UsageError(fmt::format("show: {} is there already", list.string()));
  write_file_atomically(list, Value(told.places()).dump() + "\n");
  fmt::print("{}: {} labelled images\n", list.string(), told.places().size());
}

}  // namespace winnow::cmd
