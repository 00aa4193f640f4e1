#include "winnow/model/text_tower.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <fmt/format.h>

#include <cmath>

#include "in_precision.h"
#include "transformer.h"
#include "winnow/core/error.h"
#include "winnow/device/transfer.h"
#include "winnow/model/normalise.h"
#include "winnow/text/config_table.h"
#include "winnow/text/family.h"
#include "winnow/text/tokenizer.h"

namespace winnow::model {

namespace {

struct TextLayout {
  TransformerConfig transformer;
  std::int64_t vocabulary, context, width_out;
  bool siglip;
  // CLIP's text is read at the first end token; at the largest id where none is said (first CLIP snapshots:
  // eos_token_id 2).
  std::optional<std::int64_t> end_token;
};

TextLayout text_layout(const Snapshot& snapshot) {
  text::Kind kind = kind_of(snapshot);
  if (!has_texts(snapshot))
    throw UsageError(fmt::format("{}: this model has no text tower; families with one: clip, siglip", snapshot.source));
  text::ConfigTable all(snapshot.config, snapshot.source + "/config.json"), table = section_of(snapshot, "text_config");
  TextLayout l;
  l.siglip = kind.family == text::Family::siglip;
  TransformerConfig& t = l.transformer;
  t.width = table.size("hidden_size", l.siglip ? 768 : 512);
  t.hidden = table.size("intermediate_size", l.siglip ? 3072 : 2048);
  t.blocks = table.size("num_hidden_layers", 12);
  t.heads = table.size("num_attention_heads", l.siglip ? 12 : 8);
  t.epsilon = table.real("layer_norm_eps", l.siglip ? 1e-6 : 1e-5);
  t.activation = parse_activation(table.text("hidden_act", l.siglip ? "gelu_pytorch_tanh" : "quick_gelu"),
                                  table.name() + ".hidden_act");
  t.causal = !l.siglip;
  text::require_multiple(table.name(), "hidden_size", t.width, "num_attention_heads", t.heads);
  l.vocabulary = table.size("vocab_size", l.siglip ? 32000 : 49408);
  l.context = context_of(snapshot);
  l.width_out = l.siglip ? table.size("projection_size", t.width) : all.size("projection_dim", 512);
  if (!l.siglip) {
    std::int64_t end = table.size("eos_token_id", 49407);
    if (end != 2) l.end_token = end;
  }
  return l;
}

}  // namespace

struct TextTower::Impl {
  TextLayout layout;
  at::ScalarType dtype;
  Precision compute;
  Parameter *tokens, *positions;
  LayerNorm last;
  Linear out{nullptr, nullptr};
  std::unique_ptr<Transformer> transformer;
  Parameter* slots = nullptr;

  at::Tensor embedded(const at::Tensor& ids) const {
    if (!slots) return at::embedding(tokens->use, ids);
    at::Tensor words = at::embedding(tokens->use, ids.clamp_min(0));
    at::Tensor learned = at::embedding(slots->use, (-1 - ids).clamp_min(0));
    return at::where(ids.lt(0).unsqueeze(-1), learned, words);
  }

  // Position of the token that is read, B.
  at::Tensor read_at(const at::Tensor& ids) const {
    if (layout.siglip) return at::full({ids.size(0)}, ids.size(1) - 1, ids.options());
    at::Tensor key = layout.end_token ? (ids == *layout.end_token).to(at::kInt) : ids;
    return key.argmax(1);  // the first of equal ones
  }
};

TextTower::TextTower(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
TextTower::~TextTower() = default;
std::int64_t TextTower::width() const { return impl_->layout.width_out; }
std::int64_t TextTower::context() const { return impl_->layout.context; }
std::int64_t TextTower::token_width() const { return impl_->layout.transformer.width; }
std::int64_t TextTower::blocks() const { return impl_->layout.transformer.blocks; }
bool TextTower::causal() const { return impl_->layout.transformer.causal; }
std::int64_t TextTower::last_read(const at::Tensor& tokens) const {
  return impl_->read_at(tokens).max().item<std::int64_t>();
}

void TextTower::learn_context(const std::string& name, at::Tensor vectors) {
  if (impl_->slots) throw InternalError("a text tower that has learned vectors already");
  if (vectors.dim() != 2 || vectors.size(1) != token_width())
    throw UsageError(fmt::format("{}: context vectors of {} numbers, the text tower's tokens have {}", name,
                                 vectors.size(-1), token_width()));
  impl_->slots = weights_.add(name, std::move(vectors), true);
}

namespace {

class DeepContext final : public Adaptation {
 public:
  explicit DeepContext(std::vector<Parameter*> vectors) : vectors_(std::move(vectors)) {}

  at::Tensor before_block(std::size_t i, at::Tensor x, std::int64_t) const override {
    if (i == 0 || i > vectors_.size()) return x;
    const at::Tensor& own = vectors_[i - 1]->use;  // M x d
    std::int64_t M = own.size(0);
    return at::cat({x.narrow(1, 0, 1), own.unsqueeze(0).expand({x.size(0), M, own.size(1)}),
                    x.narrow(1, 1 + M, x.size(1) - 1 - M)},
                   1);
  }

 private:
  std::vector<Parameter*> vectors_;
};

}  // namespace

void TextTower::learn_deep_context(const std::string& name, const std::vector<at::Tensor>& vectors) {
  std::vector<Parameter*> parameters;
  for (const at::Tensor& own : vectors)
    parameters.push_back(weights_.add(fmt::format("{}.{}", name, parameters.size() + 1), own, true));
  impl_->transformer->adapt(std::make_unique<DeepContext>(std::move(parameters)));
}

void TextTower::train_everything() {
  for (Parameter& parameter : weights_.all()) parameter.trainable = true;
}

TextOutputs TextTower::encode(const at::Tensor& tokens) const {
  const Impl& own = *impl_;
  if (tokens.dim() != 2 || tokens.size(1) > own.layout.context ||
      (own.layout.siglip && tokens.size(1) != own.layout.context))
    throw UsageError(fmt::format("texts of {} tokens: this text tower takes {}{}", tokens.size(-1),
                                 own.layout.siglip ? "" : "at most ", own.layout.context));
  TextOutputs result;
  at::Tensor x = own.embedded(tokens) + own.positions->use.narrow(0, 0, tokens.size(1));
  result.last_hidden = own.last((*own.transformer)(x));
  result.hidden = result.last_hidden.index({at::arange(tokens.size(0), tokens.options()), own.read_at(tokens)});
  result.projected = own.out(result.hidden);
  return result;
}

Outputs TextTower::rows(const at::Tensor& tokens) {
  return {{"features",
           in_precision(impl_->compute, tokens.device(), impl_->dtype, [&] { return encode(tokens).projected; })}};
}

bool has_texts(const Snapshot& snapshot) {
  text::Kind kind = kind_of(snapshot);
  return !kind.timm && (kind.family == text::Family::clip || kind.family == text::Family::siglip);
}

std::int64_t text_context_of(const Snapshot& snapshot) { return text_layout(snapshot).context; }
bool reads_causally(const Snapshot& snapshot) { return text_layout(snapshot).transformer.causal; }

double logit_scale_of(const Snapshot& snapshot) {
  auto found = snapshot.tensors.find("logit_scale");
  return found == snapshot.tensors.end() ? 100.0 : std::exp(found->second.to(at::kDouble).item<double>());
}

std::unique_ptr<TextTower> text_tower(const Snapshot& snapshot, at::ScalarType dtype, Precision compute) {
  if (compute != Precision::as_stated && dtype != at::kFloat)
    throw InternalError("a text tower in lower precision that is not fp32");
  auto impl = std::make_unique<TextTower::Impl>();
  impl->dtype = dtype;
  impl->compute = compute;
  impl->layout = text_layout(snapshot);
  const TextLayout& l = impl->layout;
  TensorReader reader(snapshot, dtype);
  std::int64_t d = l.transformer.width;
  const std::string prefix = "text_model.embeddings.";
  std::unique_ptr<TextTower> tower(new TextTower(std::move(impl)));
  TextTower::Impl& own = *tower->impl_;
  Weights& weights = tower->weights();
  auto take = [&](const std::string& name, const std::vector<std::int64_t>& shape) {
    return weights.add(name, reader.take(name, shape), false, Role::embedding);
  };
  own.tokens = take(prefix + "token_embedding.weight", {l.vocabulary, d});
  own.positions = take(prefix + "position_embedding.weight", {l.context, d});
  own.transformer =
      std::make_unique<Transformer>(l.transformer, reader, clip_blocks("text_model.encoder.layers."), weights);
  own.last = take_norm(reader, "text_model.final_layer_norm", d, l.transformer.epsilon, weights);
  own.out = take_linear(reader, l.siglip ? "text_model.head" : "text_projection", l.width_out, d, l.siglip, weights);
  reader.ignore(prefix + "position_ids");
  reader.expect_all_taken({"text_model.", "text_projection."});
  return tower;
}

namespace {

// K x p: in the order of the texts.
at::Tensor rows_of(const TextTower& text, const ClassTexts& texts) {
  constexpr std::int64_t kRows = 1024;  // bounds the memory: 80 templates of 1,000 classes are many texts
  at::NoGradGuard no_gradient;
  const at::Tensor& tokens = texts.tokens;
  at::Tensor rows = tokens.dim() == 2 ? tokens : tokens.flatten(0, 1);
  // Other shapes round otherwise, so it must be worth it.
  if (at::Tensor few = cropped(text, rows); 2 * few.size(1) <= rows.size(1)) rows = few;
  std::vector<at::Tensor> features;
  rows = device::to_device(rows, text.weights().all().front().value.device());
  for (const at::Tensor& some : rows.split(kRows)) features.push_back(normalise_rows(text.encode(some).projected));
  return features.size() == 1 ? features[0] : at::cat(features);
}

}  // namespace

TextFeatures text_features(const TextTower& text, const ClassTexts& texts) {
  const at::Tensor& tokens = texts.tokens;
  std::int64_t classes = texts.counts.empty() ? tokens.size(-2) : static_cast<std::int64_t>(texts.counts.size());
  at::Tensor of = at::arange(classes);
  if (!texts.counts.empty()) of = of.repeat_interleave(at::tensor(texts.counts, at::kLong));
  else if (tokens.dim() == 3) of = of.repeat({tokens.size(0)});
  return {rows_of(text, texts), of};
}

at::Tensor class_text_features(const TextTower& text, const ClassTexts& texts) {
  at::NoGradGuard no_gradient;
  const at::Tensor& tokens = texts.tokens;
  at::Tensor all = rows_of(text, texts);
  if (!texts.counts.empty()) {
    std::vector<at::Tensor> means;
    for (const at::Tensor& own : all.split_with_sizes(texts.counts)) means.push_back(own.mean(0));
    return normalise_rows(at::stack(means));
  }
  return tokens.dim() == 2 ? all : normalise_rows(all.view({tokens.size(0), tokens.size(1), -1}).mean(0));
}

at::Tensor cropped(const TextTower& text, const at::Tensor& tokens) {
  return text.causal() && tokens.size(0) > 0 ? tokens.narrow(1, 0, text.last_read(tokens) + 1) : tokens;
}

}  // namespace winnow::model
