#include "winnow/text/torchvision_config.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "winnow/core/error.h"

namespace winnow::text {

namespace {

constexpr std::pair<const char*, int> kFilters[] = {
    {"bicubic", 3}, {"bilinear", 2}, {"lanczos", 1}, {"box", 4}, {"hamming", 5}};  // Pillow's numbers

}  // namespace

std::vector<std::string> pillow_filters() {
  std::vector<std::string> names;
  for (const auto& [name, number] : kFilters) names.emplace_back(name);
  return names;
}

std::string word_of(const Value& table, const char* key, const char* fallback, const std::vector<std::string>& known,
                    const std::string& where) {
  if (!table.contains(key) || table[key].is_null()) return fallback;
  std::string word = table[key].is_string() ? table[key].get<std::string>() : "";
  if (std::find(known.begin(), known.end(), word) != known.end()) return word;
  throw DataError(fmt::format("{}.{}: {} is not known{}; known: {}", where, key, table[key].dump(),
                              did_you_mean(word, known), fmt::join(known, ", ")));
}

std::string preprocessor_of(const TorchvisionConfig& config) {
  auto scaled = static_cast<std::int64_t>(std::floor(static_cast<double>(config.side) / config.crop_pct));
  Value size = config.squash ? Value{{"height", scaled}, {"width", scaled}} : Value{{"shortest_edge", scaled}};
  auto filter = std::find_if(std::begin(kFilters), std::end(kFilters),
                             [&](const auto& known) { return config.filter == known.first; });
  if (filter == std::end(kFilters)) throw InternalError(fmt::format("no filter '{}'", config.filter));
  Value result = {{"image_processor_type", "TorchvisionImageProcessor"},
                  {"do_resize", true},
                  {"size", size},
                  {"resample", filter->second},
                  {"do_center_crop", true},
                  {"crop_size", config.side},
                  {"do_rescale", true},
                  {"do_normalize", true},
                  {"image_mean", config.mean},
                  {"image_std", config.deviation}};
  return result.dump(2) + "\n";
}

}  // namespace winnow::text
