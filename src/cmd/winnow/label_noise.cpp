#include "label_noise.h"

#include <algorithm>

#include "winnow/core/error.h"

namespace winnow::cmd {

namespace {

const std::vector<std::int64_t>& column(const store::Table& table, std::string_view name) {
  for (const store::Column& column : table)
    if (column.name == name)
      if (const auto* values = std::get_if<std::vector<std::int64_t>>(&column.values)) return *values;
  throw DataError("labels/confusion lacks a column of whole numbers '" + std::string(name) + "'");
}

}  // namespace

std::int64_t LabelNoise::count(std::int64_t truth, std::int64_t given) const {
  for (const Pair& pair : pairs)
    if (pair.truth == truth && pair.given == given) return pair.count;
  return 0;
}

std::size_t LabelNoise::wrong_pairs() const {
  return static_cast<std::size_t>(
      std::count_if(pairs.begin(), pairs.end(), [](const Pair& pair) { return pair.truth != pair.given; }));
}

std::vector<LabelNoise::Pair> LabelNoise::most_frequent_wrong(std::size_t most) const {
  std::vector<Pair> result;
  std::copy_if(pairs.begin(), pairs.end(), std::back_inserter(result),
               [](const Pair& pair) { return pair.truth != pair.given; });
  std::stable_sort(result.begin(), result.end(), [](const Pair& a, const Pair& b) { return a.count > b.count; });
  if (result.size() > most) result.resize(most);
  return result;
}

LabelNoise noise_of(const store::Table& confusion) {
  LabelNoise noise;
  if (confusion.empty()) return noise;
  const auto &truth = column(confusion, "true"), &given = column(confusion, "given"),
             &count = column(confusion, "count");
  for (std::size_t i = 0; i < truth.size(); ++i) {
    noise.pairs.push_back({truth[i], given[i], count[i]});
    noise.samples += count[i];
    if (truth[i] != given[i]) noise.wrong += count[i];
    noise.classes = std::max({noise.classes, truth[i] + 1, given[i] + 1});
  }
  return noise;
}

}  // namespace winnow::cmd
