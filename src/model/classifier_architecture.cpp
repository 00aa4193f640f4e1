#include "winnow/model/classifier_architecture.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "paired_tower.h"
#include "winnow/core/error.h"
#include "winnow/device/transfer.h"
#include "winnow/model/clip.h"
#include "winnow/model/head.h"
#include "winnow/model/image_layout.h"
#include "winnow/model/prompt_learner.h"
#include "winnow/model/random_tensor.h"

namespace winnow::model {

namespace {

constexpr std::pair<const char*, HeadKind> kHeads[] = {{"cosine", HeadKind::cosine},
                                                       {"linear", HeadKind::linear},
                                                       {"l2normed", HeadKind::l2normed},
                                                       {"layernormed", HeadKind::layernormed}};

FeatureKind feature_of(const std::string& adapt) {
  return adapt == "linear-probe" ? FeatureKind::embedding : FeatureKind::hidden;
}

// A tower or a head with all its parameters, in the types in which they are stored.
template <class Part>
std::unique_ptr<Part> in_own_types(std::unique_ptr<Part> part, Precision precision) {
  if (precision == Precision::fp16_pure) part->weights().become_fp16();
  return part;
}

class ClassifierArchitecture final : public Architecture {
 public:
  ClassifierArchitecture(const Snapshot& snapshot, ClassifierOptions options)
      : snapshot_(snapshot), options_(std::move(options)) {
    require_whole(snapshot_);
  }

  std::unique_ptr<Tower> tower(std::string_view network, TowerKind kind) override {
    if (kind == TowerKind::text)
      throw InternalError(fmt::format("network '{}': a classifier's text towers are its prompts", network));
    if (kind == TowerKind::joint && options_.input_tokens > 0) {
      std::string name(network);
      if (options_.context_vectors > 0) return paired_tower(snapshot_, options_, name);
      return in_own_types(with_input_tokens(), options_.compute);
    }
    return adapted(kind == TowerKind::joint ? FeatureKind::embedding : feature_of(options_));
  }

  std::unique_ptr<Tower> prompts(std::string_view network, std::int64_t contexts) const override {
    auto text = text_tower(snapshot_, options_.dtype, options_.compute);
    std::string name = fmt::format("{}.context", network);
    auto random = [&](const std::string& purpose) {
      return random_context(contexts * options_.context_vectors, text->token_width(), options_.adaptation.seed,
                            "init." + purpose)
          .to(options_.dtype);
    };
    if (options_.context_depth > 1 && contexts != 1)
      throw InternalError(fmt::format("network '{}': {} contexts, of which one alone can be deep", network, contexts));
    text->learn_context(
        name, options_.context_start.defined() ? options_.context_start.to(options_.dtype).clone() : random(name));
    std::vector<at::Tensor> deep;
    for (std::int64_t i = 1; i < std::min(options_.context_depth, text->blocks()); ++i)
      deep.push_back(random(fmt::format("{}.{}", name, i)));
    if (!deep.empty()) text->learn_deep_context(name, deep);
    return in_own_types(std::move(text), options_.compute);
  }

  std::unique_ptr<Module> head(std::string_view name, HeadStart start) const override {
    at::Tensor rows = start == HeadStart::of_stage ? initial_rows(name) : random_head_rows(name);
    return in_own_types(head_of(std::string(name), rows.to(options_.dtype)), options_.compute);
  }

  ModulePlace place(std::string_view name) const override {
    return {std::string(name), feature_columns(), options_.adaptation.classes, options_.adaptation.seed,
            options_.dtype};
  }

  std::vector<std::pair<std::string, at::Tensor>> originals() const override {
    std::vector<std::pair<std::string, at::Tensor>> result(snapshot_.tensors.begin(), snapshot_.tensors.end());
    if (options_.head_rows.defined()) result.emplace_back("initial rows of the head", options_.head_rows);
    for (const auto& [block, prompt] : options_.visual_prompts)
      result.emplace_back(fmt::format("visual prompts of block {}", block), prompt);
    return result;
  }

 private:
  std::unique_ptr<Module> head_of(const std::string& name, const at::Tensor& rows) const {
    switch (options_.head) {
      case HeadKind::linear:
        return linear_head(name, rows,
                           options_.head_bias.defined() ? options_.head_bias.to(rows.scalar_type())
                                                        : at::zeros({rows.size(0)}, rows.options()));
      case HeadKind::l2normed: return l2normed_head(name + ".weight", rows);
      case HeadKind::layernormed: return layernormed_head(name + ".weight", rows);
      default: return cosine_head(name + ".weight", rows, options_.scale);
    }
  }

  std::unique_ptr<ImageTower> adapted(FeatureKind feature) const {
    auto tower = image_tower(snapshot_, {options_.dtype, feature, options_.compute});
    adapt(*tower, options_.adapt, options_.adaptation);
    if (!options_.visual_prompts.empty()) keep_prompts(*tower, options_.visual_prompts);
    return in_own_types(std::move(tower), options_.compute);
  }

  std::unique_ptr<ImageTower> with_input_tokens() const {
    auto tower = image_tower(snapshot_, {options_.dtype, FeatureKind::embedding, options_.compute});
    AdaptationOptions front;
    front.size = options_.input_tokens;
    front.depth = 1;
    adapt(*tower, "vpt-front", front);
    Parameter& tokens = *tower->weights().find("vpt_list.0.prompt");
    double deviation = 1 / std::sqrt(static_cast<double>(tower->tower_width()));
    Stream stream = Streams(options_.adaptation.seed, "init.vpt").at(0, 0);
    tokens.value.copy_(normal(tokens.value.sizes(), 0, deviation, stream));
    return tower;
  }

  std::int64_t feature_columns() const { return image_layout(snapshot_).columns(feature_of(options_)); }

  at::Tensor initial_rows(std::string_view name) const {
    return options_.head_rows.defined() ? options_.head_rows : random_head_rows(name);
  }

  at::Tensor random_head_rows(std::string_view name) const {
    std::int64_t width = feature_columns(), classes = options_.adaptation.classes;
    std::string purpose = "init." + std::string(name);
    if (options_.head == HeadKind::linear) return kaiming_rows(classes, width, options_.adaptation.seed, purpose);
    return random_rows(classes, width, options_.adaptation.seed, purpose);
  }

  const Snapshot& snapshot_;
  ClassifierOptions options_;
};

class ContrastiveArchitecture final : public Architecture {
 public:
  ContrastiveArchitecture(const Snapshot& snapshot, at::ScalarType dtype, Precision compute)
      : snapshot_(snapshot), dtype_(dtype), compute_(compute) {}

  std::unique_ptr<Tower> tower(std::string_view, TowerKind kind) override {
    if (kind == TowerKind::text) {
      auto text = text_tower(snapshot_, dtype_, compute_);
      text->train_everything();
      return in_own_types(std::move(text), compute_);
    }
    auto image = image_tower(snapshot_, {dtype_, FeatureKind::embedding, compute_});
    image->train_everything();
    return in_own_types(std::move(image), compute_);
  }

  ModulePlace place(std::string_view name) const override { return {.name = std::string(name), .dtype = dtype_}; }

  std::vector<std::pair<std::string, at::Tensor>> originals() const override {
    return {snapshot_.tensors.begin(), snapshot_.tensors.end()};
  }

 private:
  const Snapshot& snapshot_;
  at::ScalarType dtype_;
  Precision compute_;
};

}  // namespace

FeatureKind feature_of(const ClassifierOptions& options) {
  if (options.siglip_as_clip) return FeatureKind::first_token;
  return options.projected ? FeatureKind::embedding : feature_of(options.adapt);
}

HeadKind parse_head(std::string_view word) {
  std::vector<std::string> known;
  for (auto [name, kind] : kHeads) {
    if (word == name) return kind;
    known.emplace_back(name);
  }
  throw UsageError(fmt::format("head: unknown '{}'{}; known: cosine, linear, l2normed, layernormed", word,
                               did_you_mean(word, known)));
}

at::Tensor text_head_rows(const Snapshot& snapshot, const ClassifierOptions& options, const ClassTexts& texts,
                          at::TensorOptions real) {
  at::ScalarType dtype = real.dtype().toScalarType();
  std::unique_ptr<TextTower> tower = text_tower(snapshot, dtype);
  tower->weights().to(real.device());
  at::Tensor text = device::to_host(class_text_features(*tower, texts));
  ImageLayout image = image_layout(snapshot);
  if (image.projection.empty() || feature_of(options) != FeatureKind::hidden) return text;
  return back_projected(text, TensorReader(snapshot, dtype).take(image.projection, {image.joint, image.width}));
}

at::Tensor learned_text_rows(const Snapshot& snapshot, const ClassifierOptions& options, const at::Tensor& texts) {
  ImageLayout image = image_layout(snapshot);
  if (texts.size(1) != image.joint)
    throw UsageError(
        fmt::format("head_init = prompts: texts of {} columns, those of this model have {}: take the "
                    "same model for both phases",
                    texts.size(1), image.joint));
  if (image.projection.empty() || feature_of(options) != FeatureKind::hidden) return texts;
  at::Tensor projection =
      TensorReader(snapshot, texts.scalar_type()).take(image.projection, {image.joint, image.width});
  return options.head == HeadKind::linear ? at::matmul(texts, projection) : back_projected(texts, projection);
}

at::Tensor rows_for_head(const Snapshot& snapshot, const ClassifierOptions& options, const at::Tensor& rows) {
  ImageLayout image = image_layout(snapshot);
  std::int64_t columns = image.columns(feature_of(options));
  if (rows.size(1) == columns) return rows;
  if (options.head != HeadKind::linear || image.projection.empty() || columns != image.width ||
      rows.size(1) != image.joint)
    throw UsageError(
        fmt::format("head_init = detector: the detector's head has {} columns, features here have {}: take the "
                    "same model, head and kind of adaptation for both",
                    rows.size(1), columns));
  at::Tensor projection = TensorReader(snapshot, rows.scalar_type()).take(image.projection, {image.joint, image.width});
  return at::matmul(rows, projection);
}

std::unique_ptr<Architecture> classifier_architecture(const Snapshot& snapshot, ClassifierOptions options) {
  return std::make_unique<ClassifierArchitecture>(snapshot, std::move(options));
}

std::unique_ptr<Tower> bare_tower(const Snapshot& snapshot, const ClassifierOptions& options) {
  return in_own_types(image_tower(snapshot, {options.dtype, feature_of(options), options.compute}), options.compute);
}

std::unique_ptr<Architecture> contrastive_architecture(const Snapshot& snapshot, at::ScalarType dtype,
                                                       Precision compute) {
  return std::make_unique<ContrastiveArchitecture>(snapshot, dtype, compute);
}

}  // namespace winnow::model
