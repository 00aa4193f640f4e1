#include "winnow/text/tokenizer.h"

#include <fmt/format.h>

#include "winnow/text/family.h"
#include "unicode.h"
#include "winnow/core/error.h"

namespace winnow::text {

std::vector<std::int64_t> Tokenizer::encode(const std::string& text, std::int64_t context, TooLong too_long) const {
  if (!is_utf8(text)) throw UsageError(fmt::format("a text is no UTF-8: '{}'", text));
  std::vector<std::int64_t> ids = pieces(text);
  if (start_ >= 0) ids.insert(ids.begin(), start_);
  if (end_ >= 0) ids.push_back(end_);
  auto most = static_cast<std::size_t>(context);
  if (ids.size() > most && too_long == TooLong::refuse)
    throw UsageError(fmt::format("the text '{}' has {} tokens, the model takes {}", text, ids.size(), context));
  if (ids.size() > most && end_ >= 0) ids[most - 1] = end_;
  ids.resize(most, padding_);
  return ids;
}

std::int64_t Tokenizer::length(const std::string& text) const {
  return static_cast<std::int64_t>(pieces(text).size()) + (start_ >= 0) + (end_ >= 0);
}

std::unique_ptr<Tokenizer> tokenizer_of(const SnapshotFiles& snapshot) {
  constexpr std::int64_t kClipVocabulary = 49408;
  Family family = kind_of(snapshot).family;
  bool vocabulary = snapshot.files.count("vocab.json") && snapshot.files.count("merges.txt"), json = snapshot.files.count("tokenizer.json") != 0;
  if (family == Family::siglip || (json && !vocabulary)) return json_tokenizer(snapshot);
  if (!vocabulary && snapshot.config.contains("text_config") && snapshot.config["text_config"].value("vocab_size", kClipVocabulary) == kClipVocabulary)
    return ClipTokenizer::built_in(false);
  return ClipTokenizer::from(snapshot);
}

}  // namespace winnow::text
