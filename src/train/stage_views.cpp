#include "stage_views.h"

#include <fmt/format.h>

#include <utility>

namespace winnow::train {

StageViews StageViews::from(const Settings& settings, std::vector<view::Step> own) {
  auto text = [&](const char* name) { return settings.text(fmt::format("views.{}", name)); };
  ImageViews::Ensemble ensemble{text("ensemble")};
  if (settings.has("views.ensemble_expand")) ensemble.expand = settings.integer("views.ensemble_expand");
  if (settings.has("views.ensemble_times")) ensemble.times = settings.integer("views.ensemble_times");
  return {text("weak"), text("strong"), text("key"), text("test"), text("normalisation"), text("test_normalisation"),
          ensemble,     std::move(own)};
}

void StageViews::declare(ImageViews& views, std::uint64_t seed) const {
  std::uint64_t index = 0;  // distinguishes two views of one pipeline
  for (auto [name, pipeline] : {std::pair{"strong", &strong}, {"weak", &weak}, {"key", &key}})
    views.declare(name, *pipeline, index++, seed, normalisation);
  views.declare_test(test, test_normalisation);
  ImageViews::Ensemble seeded = ensemble;
  seeded.seed = seed;
  views.declare_ensemble(seeded);
}

}  // namespace winnow::train
