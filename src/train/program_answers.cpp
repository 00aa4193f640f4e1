#include "program_answers.h"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "tensor_file.h"
#include "winnow/core/error.h"
#include "winnow/core/printable.h"

namespace winnow::train {

namespace {

[[noreturn]] void refuse(const SafeTensors& file, const std::string& entry, const std::string& why) {
  throw UsageError(fmt::format("the program's answer {}: {}: {}", file.path().filename().string(), entry, why));
}

std::string shape_of(const SafeTensor& tensor) { return fmt::format("[{}]", fmt::join(tensor.shape, ", ")); }

bool is_real(const SafeTensor& tensor) {
  return tensor.dtype == "F32" || tensor.dtype == "F64" || tensor.dtype == "F16" || tensor.dtype == "BF16";
}

bool is_integer(const SafeTensor& tensor) {
  return tensor.dtype == "I64" || tensor.dtype == "I32" || tensor.dtype == "I16" || tensor.dtype == "U8";
}

const SafeTensor& entry(const SafeTensors& file, const std::string& name) {
  try {
    return file.at(name);
  } catch (const DataError& error) {
    refuse(file, name, "it is not there");
  }
}

at::Tensor finite(const SafeTensors& file, const std::string& name, const SafeTensor& said) {
  at::Tensor rows = tensor_of(said);
  at::Tensor wrong = at::isfinite(rows).logical_not();
  if (wrong.dim() == 2) wrong = wrong.any(1);
  if (wrong.any().item<bool>())
    refuse(file, name,
           fmt::format("row {} holds a value that is not finite (NaN or infinite)",
                       wrong.nonzero()[0][0].item<std::int64_t>()));
  return rows;
}

}  // namespace

SafeTensors ProgramAnswers::open(const std::string& file) const {
  if (file.empty() || file.find('/') != std::string::npos || file.front() == '.')
    throw UsageError(
        fmt::format("the program's answer '{}': it is the name of a file in the output folder", printable(file)));
  try {
    SafeTensors opened(folder_ / file);
    auto token = opened.metadata().find("handover");
    if (token == opened.metadata().end() || token->second != handover_.token)
      throw UsageError(
          fmt::format("the program's answer {}: it is about other samples than those that were handed over (its "
                      "metadata must hold \"handover\", as stage.json does)",
                      file));
    return opened;
  } catch (const DataError& error) {
    throw UsageError(fmt::format("the program's answer {}: {}", printable(file), error.what()));
  }
}

at::Tensor ProgramAnswers::in_source_order(const at::Tensor& rows, const std::string& split) const {
  return at::empty_like(rows).index_copy_(0, handover_.order.at(split), rows);
}

at::Tensor ProgramAnswers::classes_in(const SafeTensors& file, const std::string& name, std::int64_t rows) const {
  const SafeTensor& said = entry(file, name);
  if (!is_integer(said) || said.shape != std::vector<std::int64_t>{rows})
    refuse(file, name,
           fmt::format("{} of shape {}: expected integers of shape [{}]", said.dtype, shape_of(said), rows));
  at::Tensor classes = tensor_of(said).to(at::kLong);
  at::Tensor wrong = (classes < 0).logical_or(classes >= classes_);
  if (wrong.any().item<bool>()) {
    auto row = wrong.nonzero()[0][0].item<std::int64_t>();
    refuse(file, name,
           fmt::format("row {} is {}: classes are 0 to {}", row, classes[row].item<std::int64_t>(), classes_ - 1));
  }
  return classes;
}

model::Outputs ProgramAnswers::outputs_of(const SafeTensors& file, const std::string& name,
                                          const std::string& split) const {
  const SafeTensor& said = entry(file, name);
  std::int64_t rows = samples(split);
  if (is_real(said) && said.shape == std::vector<std::int64_t>{rows, classes_})
    return {{"logits", in_source_order(finite(file, name, said).to(at::kDouble), split)}};
  if (!is_integer(said) || said.shape != std::vector<std::int64_t>{rows})
    refuse(file, name,
           fmt::format("{} of shape {}: expected a class a sample, integers of shape [{}], or scores, reals of shape "
                       "[{}, {}]",
                       said.dtype, shape_of(said), rows, rows, classes_));
  return {{"prediction", in_source_order(at::one_hot(classes_in(file, name, rows), classes_).to(at::kDouble), split)}};
}

std::map<std::string, model::Outputs> ProgramAnswers::predictions(const std::string& file) const {
  SafeTensors opened = open(file);
  std::map<std::string, model::Outputs> result;
  for (const auto& [split, order] : handover_.order)
    if (split != "train" && order.numel() > 0) result[split] = outputs_of(opened, split, split);
  return result;
}

SelectedSubset ProgramAnswers::selection(const std::string& file, const at::Tensor& given) const {
  SafeTensors opened = open(file);
  std::int64_t rows = samples("train");
  const SafeTensor& mask = entry(opened, "mask");
  if ((mask.dtype != "U8" && mask.dtype != "BOOL") || mask.shape != std::vector<std::int64_t>{rows})
    refuse(opened, "mask",
           fmt::format("{} of shape {}: expected U8 or BOOL of shape [{}]", mask.dtype, shape_of(mask), rows));
  SelectedSubset subset{in_source_order(tensor_of(mask).ne(0).to(at::kByte), "train"), {}, {}};
  if (opened.tensors().count("label")) subset.label = in_source_order(classes_in(opened, "label", rows), "train");
  else if (given.defined()) subset.label = given;
  else refuse(opened, "label", "it is not there, and the samples have candidate sets instead of a given label");
  if (opened.tensors().count("score")) {
    const SafeTensor& score = opened.at("score");
    if (!is_real(score) || score.shape != std::vector<std::int64_t>{rows})
      refuse(opened, "score",
             fmt::format("{} of shape {}: expected reals of shape [{}]", score.dtype, shape_of(score), rows));
    subset.score = in_source_order(finite(opened, "score", score).to(at::kFloat), "train");
  }
  return subset;
}

model::Outputs ProgramAnswers::scores(const std::string& file) const {
  SafeTensors opened = open(file);
  const SafeTensor& said = entry(opened, "train");
  std::vector<std::int64_t> shape{samples("train"), classes_};
  if (!is_real(said) || said.shape != shape)
    refuse(opened, "train",
           fmt::format("{} of shape {}: expected reals of shape [{}]", said.dtype, shape_of(said),
                       fmt::join(shape, ", ")));
  return {{"logits", in_source_order(finite(opened, "train", said).to(at::kFloat), "train")}};
}

std::map<std::string, at::Tensor> ProgramAnswers::weights(const std::string& file) const {
  constexpr std::size_t kLongest = 200;
  SafeTensors opened = open(file);
  if (opened.tensors().empty()) throw UsageError(fmt::format("the program's answer {}: it holds no weights", file));
  std::map<std::string, at::Tensor> result;
  for (const auto& [name, said] : opened.tensors()) {
    if (name.empty() || name.size() > kLongest || printable(name) != name || name.find('/') != std::string::npos ||
        name.front() == '.')
      refuse(opened, printable(name.substr(0, 60)),
             fmt::format("weights have names of 1 to {} printable letters, without '/' and not beginning with '.'",
                         kLongest));
    if (!is_real(said) && !is_integer(said) && said.dtype != "BOOL")
      refuse(opened, name, fmt::format("{}: weights are reals, integers or BOOL", said.dtype));
    at::Tensor values = tensor_of(said);
    if (!at::isfinite(values).all().item<bool>())
      refuse(opened, name, "it holds a value that is not finite (NaN or infinite)");
    result[name] = values;
  }
  return result;
}

}  // namespace winnow::train
