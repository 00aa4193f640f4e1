#include "sample_scores.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <string_view>

#include "arrays.h"
#include "executors.h"
#include "winnow/core/error.h"
#include "winnow/store/mapped_arrays.h"

namespace winnow::train {

namespace {

constexpr std::string_view kPlace = "scores/", kSamples = "scores/samples";

}  // namespace

const SampleScores& SampleScores::of(const at::Tensor& wanted, std::int64_t classes) const {
  for (const auto& [name, own] : rows)
    if (!at::equal(samples, wanted) || own.dim() != 2 || own.size(0) != wanted.size(0) || own.size(1) != classes)
      throw DataError(fmt::format("{} scores other samples or classes than this stage has", file.string()));
  return *this;
}

SampleScores read_scores(const Context& context, const std::string& input) {
  const Path& file = input_file(context, input);
  store::RunContent content = store::read_run_file(file, true, accepted(context));
  SampleScores result{tensor_in(content, file, std::string(kSamples), "scores"), {}, file};
  for (const auto& [name, array] : content.arrays)
    if (name.starts_with(kPlace) && name != kSamples) result.rows[name.substr(kPlace.size())] = tensor_of(array);
  if (!result.rows.count("logits")) throw DataError(fmt::format("{} holds no scores", file.string()));
  return result;
}

SampleScores map_scores(const Context& context, const std::string& input) {
  const Path& file = input_file(context, input);
  auto arrays = std::make_shared<store::MappedArrays>(file, accepted(context));
  const std::string logits = std::string(kPlace) + "logits";
  if (!arrays->has(logits)) throw DataError(fmt::format("{} holds no scores", file.string()));
  return {mapped(arrays, std::string(kSamples)), {{"logits", mapped(arrays, logits)}}, file};
}

void put_scores(const at::Tensor& samples, const model::Outputs& outputs, store::RunContent& content) {
  content.arrays[std::string(kSamples)] = array_of(samples);
  for (const auto& [name, rows] : outputs.all()) content.arrays[std::string(kPlace) + name] = array_of(rows);
}

}  // namespace winnow::train
