#include "method_inputs.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include "arrays.h"
#include "executors.h"
#include "sample_scores.h"
#include "winnow/core/error.h"
#include "winnow/model/normalise.h"

namespace winnow::train {

namespace {

constexpr const char *kSamples = "features/samples", *kMean = "features/mean", *kTexts = "features/class_texts";

}  // namespace

std::map<std::string, at::Tensor> method_inputs(const Stage& stage, const Context& context, const at::Tensor& samples,
                                                std::int64_t classes) {
  std::map<std::string, at::Tensor> result;
  if (stage.inputs.count("teacher"))
    result["teacher_logits"] = read_scores(context, "teacher").of(samples, classes).rows.at("logits");
  if (stage.inputs.count("texts")) {
    const Path& file = input_file(context, "texts");
    at::Tensor rows = tensor_in(store::read_run_file(file, true, accepted(context)), file, kTexts, "class texts");
    if (rows.size(0) != classes) throw DataError(fmt::format("{} holds texts of other classes", file.string()));
    result["class_texts"] = rows;
  }
  if (stage.inputs.count("support")) {
    const Path& file = input_file(context, "support");
    store::RunContent content = store::read_run_file(file, true, accepted(context));
    if (!at::equal(tensor_in(content, file, kSamples, "features"), samples))
      throw DataError(fmt::format("{} holds features of other samples than this stage has", file.string()));
    result["keys"] = model::normalise_rows(tensor_in(content, file, kMean, "features"));
  }
  return result;
}

void put_features(const at::Tensor& samples, const at::Tensor& mean, store::RunContent& content) {
  content.arrays[kSamples] = array_of(samples);
  content.arrays[kMean] = array_of(mean);
}

void put_features_of(const std::string& split, const at::Tensor& rows, store::RunContent& content) {
  content.arrays["features/" + split] = array_of(rows);
}

AllFeatures read_features(const Context& context, const at::Tensor& samples) {
  const Path& file = input_file(context, "features");
  store::RunContent content = store::read_run_file(file, true, accepted(context));
  if (!at::equal(tensor_in(content, file, kSamples, "features"), samples))
    throw DataError(fmt::format("{} holds features of other samples than this stage has", file.string()));
  AllFeatures result{{"train", tensor_in(content, file, kMean, "features")}};
  for (const char* split : {"validation", "test"})
    if (std::string name = std::string("features/") + split; content.arrays.count(name))
      result[split] = tensor_in(content, file, name, "features");
  return result;
}

void put_class_texts(const at::Tensor& rows, store::RunContent& content) { content.arrays[kTexts] = array_of(rows); }

}  // namespace winnow::train
