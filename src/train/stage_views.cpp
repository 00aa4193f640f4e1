#include "stage_views.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "winnow/core/hash.h"

namespace winnow::train {

namespace {

constexpr std::string_view kTable = "views.";
// Settings of the table that are no training view.
constexpr std::array<std::string_view, 6> kOthers = {"test",     "normalisation",   "test_normalisation",
                                                     "ensemble", "ensemble_expand", "ensemble_times"};

// Distinguishes two views of one pipeline. The three that every method has are numbered, others known by their names.
std::uint64_t index_of(const std::string& name) {
  constexpr std::array<std::string_view, 3> kNumbered = {"strong", "weak", "key"};
  auto found = std::find(kNumbered.begin(), kNumbered.end(), name);
  if (found != kNumbered.end()) return static_cast<std::uint64_t>(found - kNumbered.begin());
  return hash_of(name).high | (std::uint64_t{1} << 63);
}

}  // namespace

StageViews StageViews::from(const Settings& settings) {
  auto text = [&](const char* name) { return settings.text(fmt::format("{}{}", kTable, name)); };
  StageViews result;
  for (const auto& [key, value] : settings.all()) {
    if (!key.starts_with(kTable)) continue;
    std::string name = key.substr(kTable.size());
    if (std::find(kOthers.begin(), kOthers.end(), name) == kOthers.end()) result.training[name] = settings.text(key);
  }
  result.test = text("test");
  result.test_normalisation = text("test_normalisation");
  if (!result.training.empty()) result.normalisation = text("normalisation");
  if (settings.has("views.ensemble")) result.ensemble.kind = settings.text("views.ensemble");
  if (settings.has("views.ensemble_expand")) result.ensemble.expand = settings.integer("views.ensemble_expand");
  if (settings.has("views.ensemble_times")) result.ensemble.times = settings.integer("views.ensemble_times");
  return result;
}

bool StageViews::show_models_own() const {
  return test == "model" ||
         std::any_of(training.begin(), training.end(), [](const auto& view) { return view.second == "model"; });
}

ImageViews::Declared StageViews::declared(std::uint64_t seed, const Path& kept_beside) const {
  ImageViews::Declared result{.test = ImageViews::Declared::Test{test, test_normalisation},
                              .ensemble = ensemble,
                              .seed = seed,
                              .own = own,
                              .kept_beside = kept_beside};
  for (const auto& [name, pipeline] : training) result.training[name] = {pipeline, index_of(name), normalisation};
  return result;
}

}  // namespace winnow::train
