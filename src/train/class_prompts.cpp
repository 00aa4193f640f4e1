#include "class_prompts.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>

#include "winnow/core/error.h"
#include "winnow/data/templates.h"
#include "winnow/model/prompt_learner.h"
#include "winnow/model/text_tower.h"
#include "winnow/text/tokenizer.h"

namespace winnow::train {

namespace {

constexpr const char* kLength = "context_length";

// 0: as many as the papers have, fewer beside visual tokens, or a quarter of the text where a model's texts are short.
std::int64_t length_of(const Settings& settings, const model::Snapshot& snapshot) {
  constexpr std::int64_t kUsual = 16, kBesideImages = 4;
  std::int64_t length = settings.integer(kLength), usual = settings.has("visual_length") ? kBesideImages : kUsual;
  return length ? length : std::min(usual, model::text_context_of(snapshot) / 4);
}

bool of_class(const Settings& settings) { return settings.text("context_of") == "class"; }

// Rows of the text tower's own table, one a token.
at::Tensor start_at(const std::string& words, std::int64_t length, const model::Snapshot& snapshot) {
  auto tokenizer = text::tokenizer_of(snapshot);
  auto pieces = static_cast<std::int64_t>(tokenizer->pieces(words).size());
  if (pieces < length)
    throw UsageError(fmt::format("context_words = '{}': {} tokens, the context has {} vectors", words, pieces, length));
  at::Tensor tokens = at::tensor(tokenizer->encode(words, model::text_context_of(snapshot)), at::kLong);
  return snapshot.tensors.at("text_model.embeddings.token_embedding.weight")
      .index_select(0, tokens.narrow(0, 1, length));
}

}  // namespace

bool learns_context(const Settings& settings) { return settings.has(kLength); }

std::int64_t context_vectors(const Settings& settings, const model::Snapshot& snapshot, std::int64_t classes) {
  std::int64_t length = length_of(settings, snapshot);
  return of_class(settings) ? classes * length : length;
}

void set_context(const Settings& settings, const model::Snapshot& snapshot, model::ClassifierOptions& options) {
  std::int64_t length = length_of(settings, snapshot);
  options.context_vectors = context_vectors(settings, snapshot, options.adaptation.classes);
  if (settings.has("context_depth")) options.context_depth = settings.integer("context_depth");
  if (options.context_depth > 1 && (of_class(settings) || settings.text("name_place") != "end"))
    throw UsageError(
        fmt::format("context_depth = {}: blocks have a context of their own in front of all names alone: "
                    "set context_of = all and name_place = end",
                    options.context_depth));
  std::string words = settings.has("context_words") ? settings.text("context_words") : "";
  if (!words.empty() && !of_class(settings)) options.context_start = start_at(words, length, snapshot);
}

ClassPrompts::ClassPrompts(const Settings& settings, const model::Snapshot& snapshot,
                           const std::vector<std::string>& class_names) {
  if (!model::reads_causally(snapshot))
    throw UsageError(
        fmt::format("{}: learned prompts stand between the start of a text and the class name, and this model's texts "
                    "have no start; "
                    "take a CLIP",
                    snapshot.source));
  auto tokenizer = text::tokenizer_of(snapshot);
  std::int64_t context = model::text_context_of(snapshot), length = length_of(settings, snapshot);
  auto classes = static_cast<std::int64_t>(class_names.size());
  std::string places;  // one token each, replaced by the context
  for (std::int64_t i = 0; i < length; ++i) places += "X ";
  if (static_cast<std::int64_t>(tokenizer->pieces(places).size()) != length)
    throw DataError(
        fmt::format("{}: its tokenizer has no token for the letter X alone, which keeps the places of a "
                    "learned prompt",
                    snapshot.source));
  std::vector<std::int64_t> tokens, name_lengths;
  std::int64_t columns = 0;
  for (const std::string& name : class_names) {
    std::string bare = data::prompt("{}", name), text = places + bare + (settings.flag("period") ? "." : "");
    std::int64_t needed = tokenizer->length(text);
    if (needed > context)
      throw UsageError(
          fmt::format("class '{}' with {} = {} makes a text of {} tokens, this model takes {}: set a shorter context",
                      name, kLength, length, needed, context));
    std::vector<std::int64_t> row = tokenizer->encode(text, context);
    tokens.insert(tokens.end(), row.begin(), row.end());
    name_lengths.push_back(static_cast<std::int64_t>(tokenizer->pieces(bare).size()));
    columns = std::max(columns, needed);
  }
  at::Tensor rows = at::tensor(tokens, at::kLong).view({classes, context});
  of_first_ = model::slot_rows(rows, at::tensor(name_lengths, at::kLong), length,
                               model::parse_name_place(settings.text("name_place")), of_class(settings));
  of_first_ = of_first_.narrow(1, 0, columns).contiguous();
  vectors_ = context_vectors(settings, snapshot, classes);
}

at::Tensor ClassPrompts::rows(const at::Tensor& ids) const {
  std::int64_t classes = of_first_.size(0);
  at::Tensor rows = of_first_.index_select(0, ids.remainder(classes));
  at::Tensor shift = ids.div(classes, "floor").mul(vectors_).unsqueeze(1);
  return at::where(rows < 0, rows - shift, rows);
}

}  // namespace winnow::train
