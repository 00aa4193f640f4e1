#include "sample_scores.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <string_view>

#include "arrays.h"
#include "executors.h"
#include "winnow/core/error.h"

namespace winnow::train {

namespace {

constexpr std::string_view kPlace = "scores/", kSamples = "scores/samples";

}  // namespace

SampleScores read_scores(const Context& context, const std::string& input, const at::Tensor& samples,
                         std::int64_t classes) {
  const Path& file = input_file(context, input);
  store::RunContent content = store::read_run_file(file, true, accepted(context));
  SampleScores result{tensor_in(content, file, std::string(kSamples), "scores"), {}};
  for (const auto& [name, array] : content.arrays)
    if (name.starts_with(kPlace) && name != kSamples) result.rows[name.substr(kPlace.size())] = tensor_of(array);
  if (!result.rows.count("logits")) throw DataError(fmt::format("{} holds no scores", file.string()));
  for (const auto& [name, rows] : result.rows)
    if (!at::equal(result.samples, samples) || rows.dim() != 2 || rows.size(0) != samples.size(0) ||
        rows.size(1) != classes)
      throw DataError(fmt::format("{} scores other samples or classes than this stage has", file.string()));
  return result;
}

void put_scores(const at::Tensor& samples, const model::Outputs& outputs, store::RunContent& content) {
  content.arrays[std::string(kSamples)] = array_of(samples);
  for (const auto& [name, rows] : outputs.all()) content.arrays[std::string(kPlace) + name] = array_of(rows);
}

}  // namespace winnow::train
