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

constexpr const char *kSamples = "features/samples", *kMean = "features/mean", *kTexts = "features/class_texts",
                     *kAllTexts = "features/texts", *kTextClasses = "features/text_classes";

std::map<std::string, at::Tensor> text_features(const Context& context, std::int64_t classes) {
  const Path& file = input_file(context, "text_features");
  store::RunContent content = store::read_run_file(file, true, accepted(context));
  std::map<std::string, at::Tensor> result{
      {"text_features", tensor_in(content, file, kAllTexts, "features of texts")},
      {"text_classes", tensor_in(content, file, kTextClasses, "features of texts")}};
  if (at::bincount(result.at("text_classes")).size(0) != classes)
    throw DataError(fmt::format("{} holds texts of other classes", file.string()));
  return result;
}

at::Tensor texts_of(const Context& context, const std::string& input, std::int64_t classes) {
  const Path& file = input_file(context, input);
  at::Tensor rows = tensor_in(store::read_run_file(file, true, accepted(context)), file, kTexts, "class texts");
  if (rows.size(0) != classes) throw DataError(fmt::format("{} holds texts of other classes", file.string()));
  return rows;
}

at::Tensor text_head(const Context& context, std::int64_t classes) {
  const Path& file = input_file(context, "text_head");
  at::Tensor rows = tensor_in(store::read_run_file(file, true, accepted(context)), file, "weights/head.weight",
                              "head of a classifier");
  if (rows.dim() != 2 || rows.size(0) != classes)
    throw DataError(fmt::format("{} holds a classifier of other classes", file.string()));
  return rows;
}

}  // namespace

std::map<std::string, at::Tensor> method_inputs(const Stage& stage, const Context& context, const at::Tensor& samples,
                                                std::int64_t classes) {
  std::map<std::string, at::Tensor> result;
  if (stage.inputs.count("teacher"))
    result["teacher_logits"] = read_scores(context, "teacher").of(samples, classes).rows.at("logits");
  if (stage.inputs.count("texts")) result["class_texts"] = texts_of(context, "texts", classes);
  if (stage.inputs.count("support")) {
    const Path& file = input_file(context, "support");
    store::RunContent content = store::read_run_file(file, true, accepted(context));
    if (!at::equal(tensor_in(content, file, kSamples, "features"), samples))
      throw DataError(fmt::format("{} holds features of other samples than this stage has", file.string()));
    result["keys"] = model::normalise_rows(tensor_in(content, file, kMean, "features"));
  }
  if (stage.inputs.count("text_features")) result.merge(text_features(context, classes));
  if (stage.inputs.count("text_head")) result["text_head"] = text_head(context, classes);
  return result;
}

at::Tensor learned_context(const Context& context) {
  const Path& file = input_file(context, "prompts");
  return tensor_in(store::read_run_file(file, true, accepted(context)), file, "weights/prompts.context",
                   "learned prompt");
}

std::map<std::int64_t, at::Tensor> learned_visual_prompts(const Context& context) {
  constexpr std::string_view kBefore = "weights/vpt_list.", kAfter = ".prompt";
  const Path& file = input_file(context, "visual_prompts");
  std::map<std::int64_t, at::Tensor> result;
  for (const auto& [name, array] : store::read_run_file(file, true, accepted(context)).arrays)
    if (name.starts_with(kBefore) && name.ends_with(kAfter))
      result[std::stoll(name.substr(kBefore.size()))] = tensor_of(array);
  if (result.empty()) throw DataError(fmt::format("{} holds no visual prompts", file.string()));
  return result;
}

at::Tensor learned_texts(const Context& context, std::int64_t classes) {
  return texts_of(context, "head_texts", classes);
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

void put_text_features(const model::TextFeatures& texts, store::RunContent& content) {
  content.arrays[kAllTexts] = array_of(texts.rows);
  content.arrays[kTextClasses] = array_of(texts.classes);
}

}  // namespace winnow::train
