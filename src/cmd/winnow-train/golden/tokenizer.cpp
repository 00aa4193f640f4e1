// kind = tokenizer: texts to token ids, padded and cut as the sources do.
#include "winnow/text/tokenizer.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "golden/kinds.h"
#include "winnow/core/error.h"
#include "winnow/data/templates.h"

namespace winnow::golden {

namespace {

std::unique_ptr<text::Tokenizer> tokenizer_for(Case& c) {
  if (c.config().has("vocabulary")) {
    if (c.config().text("vocabulary") != "bpe_simple_vocab_16e6")
      throw UsageError("config.vocabulary: known: bpe_simple_vocab_16e6");
    bool open_clip = c.config().has("special_names") && c.raw("special_names").at(0) == "<start_of_text>";
    return text::ClipTokenizer::built_in(open_clip);
  }
  model::Snapshot snapshot = snapshot_of(c);
  if (c.config().has("file") && c.config().text("file") == "tokenizer.json") return text::json_tokenizer(snapshot);
  return text::tokenizer_of(snapshot);
}

}  // namespace

void run_tokenizer(Case& c) {
  if (c.subject() != "clip" && c.subject() != "siglip")
    throw UsageError(fmt::format("unknown subject '{}'", c.subject()));
  c.mark_read("cleaning");  // said in words
  c.mark_read("note");
  auto tokenizer = tokenizer_for(c);
  std::vector<std::string> texts;
  for (const Value& text : c.raw("texts")) texts.push_back(text.get<std::string>());
  if (c.config().has("classes")) {
    std::vector<std::string> prompts;
    for (const Value& name : c.raw("classes"))
      prompts.push_back(data::prompt(c.config().text("template"), name.get<std::string>()));
    if (prompts != texts) c.wrong("config.template and config.classes do not make config.texts");
  }
  std::int64_t context = c.config().has("context") ? c.config().integer("context") : c.tensor("out.tokens").size(1);
  bool cut = c.config().has("truncate") && c.config().flag("truncate");
  std::set<std::int64_t> refused;
  if (c.config().has("too_long"))
    for (const Value& index : c.raw("too_long")) refused.insert(index.get<std::int64_t>());
  if (c.config().has("pad") && c.config().integer("pad") != tokenizer->padding())
    c.wrong(
        fmt::format("config.pad is {}, the tokenizer fills with {}", c.config().integer("pad"), tokenizer->padding()));
  std::vector<std::int64_t> all, lengths;
  for (std::size_t i = 0; i < texts.size(); ++i) {
    std::vector<std::int64_t> row =
        tokenizer->encode(texts[i], context, cut ? text::TooLong::cut : text::TooLong::refuse);
    all.insert(all.end(), row.begin(), row.end());
    lengths.push_back(tokenizer->length(texts[i]));
    if (!c.config().has("too_long")) continue;
    bool too_long = false;
    try {
      tokenizer->encode(texts[i], context);
    } catch (const UsageError&) {
      too_long = true;
    }
    if (too_long != (refused.count(static_cast<std::int64_t>(i)) != 0))
      c.wrong(fmt::format("text {} is {}too long", i, too_long ? "" : "not "));
  }
  auto rows = static_cast<std::int64_t>(texts.size());
  c.compare("tokens", at::tensor(all, at::kLong).view({rows, context}));
  c.compare("length", at::tensor(lengths, at::kLong));
}

}  // namespace winnow::golden
