#include "winnow/model/classifier_architecture.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include "adaptformer.h"
#include "neck.h"
#include "winnow/core/error.h"
#include "winnow/model/head.h"

namespace winnow::model {

namespace {

class ClassifierArchitecture final : public Architecture {
 public:
  ClassifierArchitecture(const Snapshot& snapshot, ClassifierOptions options) : snapshot_(snapshot), options_(std::move(options)) {
    require_clip(snapshot_);
  }

  std::unique_ptr<Tower> tower(std::string_view network, TowerKind kind) override {
    if (kind != TowerKind::image) throw InternalError(fmt::format("network '{}': a classifier has no text tower", network));
    return image_tower();
  }

  std::unique_ptr<Module> module(std::string_view name, ModuleKind kind, std::int64_t columns) override {
    std::string own(name);
    switch (kind) {
      case ModuleKind::head: return cosine_head(own + ".weight", initial_head(name).to(options_.dtype), options_.scale);
      case ModuleKind::random_head: return cosine_head(own + ".weight", random_head(name, image_tower()->width()).to(options_.dtype), options_.scale);
      case ModuleKind::neck: return random_neck(own, image_tower()->width(), columns, options_.seed, options_.dtype);
      case ModuleKind::attention: return random_attention(own, options_.classes, options_.seed, options_.dtype);
      default: throw InternalError(fmt::format("a classifier has no module for '{}'", name));
    }
  }

 private:
  bool probing() const { return options_.adapt == "linear-probe"; }

  std::unique_ptr<ClipImageTower> image_tower() const {
    bool full = options_.adapt == "full-tuning";
    auto tower = std::make_unique<ClipImageTower>(snapshot_, options_.dtype, probing() ? FeatureKind::projected : FeatureKind::hidden,
                                                  full ? ClipImageTower::Train::blocks : ClipImageTower::Train::none);
    if (options_.adapt == "adaptformer") {
      std::int64_t size = options_.adapter_dim ? options_.adapter_dim : default_bottleneck(options_.classes, tower->blocks());
      tower->adapt(adaptformer(tower->blocks(), tower->tower_width(), size, options_.seed, options_.dtype, tower->weights()));
    } else if (!full && !probing()) {
      throw UsageError(fmt::format("adapt: unknown '{}'; known: adaptformer, full-tuning, linear-probe", options_.adapt));
    }
    return tower;
  }

  at::Tensor random_head(std::string_view name, std::int64_t width) const {
    return random_rows(options_.classes, width, options_.seed, "init." + std::string(name));
  }

  at::Tensor initial_head(std::string_view name) const {
    std::unique_ptr<ClipImageTower> image = image_tower();
    if (options_.head_init == "random") return random_head(name, image->width());
    at::Tensor text = class_text_features(ClipTextTower(snapshot_, options_.dtype, false), options_.class_tokens);
    return probing() ? text : back_projected(text, image->projection());
  }

  const Snapshot& snapshot_;
  ClassifierOptions options_;
};

class ContrastiveArchitecture final : public Architecture {
 public:
  ContrastiveArchitecture(const Snapshot& snapshot, at::ScalarType dtype, double temperature)
      : snapshot_(snapshot), dtype_(dtype), temperature_(temperature) {}

  std::unique_ptr<Tower> tower(std::string_view, TowerKind kind) override {
    if (kind == TowerKind::text) return std::make_unique<ClipTextTower>(snapshot_, dtype_, true);
    return std::make_unique<ClipImageTower>(snapshot_, dtype_, FeatureKind::projected, ClipImageTower::Train::all);
  }

  std::unique_ptr<Module> module(std::string_view, ModuleKind, std::int64_t) override { return temperature(temperature_, dtype_); }

 private:
  const Snapshot& snapshot_;
  at::ScalarType dtype_;
  double temperature_;
};

}  // namespace

std::unique_ptr<Architecture> classifier_architecture(const Snapshot& snapshot, ClassifierOptions options) {
  return std::make_unique<ClassifierArchitecture>(snapshot, std::move(options));
}

std::unique_ptr<Architecture> contrastive_architecture(const Snapshot& snapshot, at::ScalarType dtype, double temperature) {
  return std::make_unique<ContrastiveArchitecture>(snapshot, dtype, temperature);
}

}  // namespace winnow::model
