#include "given_labels.h"

#include <ATen/ATen.h>

#include "arrays.h"
#include "winnow/label/spec.h"

namespace winnow::train {

namespace {

std::vector<std::int64_t> integers(const at::Tensor& tensor) {
  at::Tensor own = tensor.contiguous();
  return {own.const_data_ptr<std::int64_t>(), own.const_data_ptr<std::int64_t>() + own.numel()};
}

// The pairs that occur: of a thousand classes the whole matrix would have a million entries, nearly all 0.
store::Table confusion(const at::Tensor& truth, const at::Tensor& given, std::int64_t classes) {
  auto [pairs, inverse, counts] = at::_unique2(truth * classes + given, /*sorted=*/true, /*return_inverse=*/false,
                                               /*return_counts=*/true);
  return {{"true", integers(at::floor_divide(pairs, classes))},
          {"given", integers(pairs.remainder(classes))},
          {"count", integers(counts)}};
}

}  // namespace

void put_given(ImageSource& source, const Oracle& oracle, const Stage& stage, store::RunContent& content) {
  content.arrays["labels/samples"] = array_of(source.samples("train"));
  content.arrays["labels/given"] = array_of(source.given());
  label::Kind kind = label::parse_kind(stage.settings.text("labels.kind"));
  if ((label::makes_noise(kind) || kind == label::Kind::annotated) && oracle.knows("train"))
    content.confusion = confusion(oracle.labels("train"), source.labels().given, source.classes());
}

void put_labels(ImageSource& source, const Oracle& oracle, const Stage& stage, store::RunContent& content) {
  if (!stage.outputs.count(Output::labels)) return;
  if (source.has_given()) return put_given(source, oracle, stage, content);
  content.arrays["labels/samples"] = array_of(source.samples("train"));
  content.arrays["labels/candidates"] = array_of(source.candidates().to(at::kByte));
}

}  // namespace winnow::train
