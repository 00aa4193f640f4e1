#include "winnow/text/tokenizer.h"

#include <fmt/format.h>

#include "unicode.h"
#include "winnow/core/error.h"
#include "winnow/core/json_text.h"
#include "winnow/text/config_table.h"
#include "winnow/text/family.h"
#include "winnow/text/read_files.h"

namespace winnow::text {

std::vector<std::int64_t> Tokenizer::encode(const std::string& text, std::int64_t context, TooLong too_long) const {
  if (!is_utf8(text)) throw UsageError(fmt::format("a text is no UTF-8: '{}'", text));
  std::vector<std::int64_t> ids = pieces(text);
  for (std::int64_t id : ids)
    if (id < 0 || id >= size_limit_)
      throw DataError(
          fmt::format("the tokenizer gives '{}' the id {}, the text tower knows {}: they are not of one model", text,
                      id, size_limit_));
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

namespace {

constexpr std::int64_t kClipVocabulary = 49408;

bool has_pair(const SnapshotFiles& snapshot) {
  return snapshot.files.count("vocab.json") && snapshot.files.count("merges.txt");
}
bool has_json(const SnapshotFiles& snapshot) { return snapshot.files.count("tokenizer.json") != 0; }
std::int64_t vocabulary_of(const SnapshotFiles& snapshot) {
  Family family = kind_of(snapshot).family;
  return section_of(snapshot, "text_config").size("vocab_size", family == Family::siglip ? 32000 : kClipVocabulary);
}
bool has_built_in(const SnapshotFiles& snapshot) {
  return kind_of(snapshot).family == Family::clip && vocabulary_of(snapshot) == kClipVocabulary;
}

// In which way the byte pairs of tokenizer.json are others than these; empty: in none.
std::string difference(const ClipTokenizer& pair, const SnapshotFiles& snapshot) {
  const std::string where = snapshot.source + "/tokenizer.json";
  Value json = parse_json(snapshot.files.at("tokenizer.json"), where);
  if (!json.is_object()) throw DataError(fmt::format("{} is not a JSON table", where));
  Value model = json.value("model", Value::object());
  if (!model.is_object() || !model.contains("vocab") || !model["vocab"].is_object() || !model.contains("merges") ||
      !model["merges"].is_array())
    return "";
  for (const auto& [token, id] : model["vocab"].items())
    if (auto own = pair.vocabulary().find(token); own != pair.vocabulary().end() && Value(own->second) != id)
      return fmt::format("the id of '{}' is {} and {}", token, own->second, id.dump());
  std::size_t merges = model["merges"].size();
  if (merges != pair.merges().size()) return fmt::format("they have {} and {} merges", pair.merges().size(), merges);
  for (std::size_t i = 0; i < merges; ++i) {
    const Value& merge = model["merges"][i];
    const auto& [first, second] = pair.merges()[i];
    if (merge != Value(first + " " + second) && merge != Value({first, second}))
      return fmt::format("merge {} is '{} {}' and {}", i, first, second, merge.dump());
  }
  return "";
}

std::unique_ptr<Tokenizer> clip_tokenizer(const SnapshotFiles& snapshot, std::string& used) {
  used = "vocab.json and merges.txt";
  if (!has_json(snapshot)) return ClipTokenizer::from(snapshot);
  std::unique_ptr<ClipTokenizer> pair;
  std::string broken;
  try {
    pair = ClipTokenizer::from(snapshot);
  } catch (const DataError& error) {
    broken = error.what();
  }
  if (!pair) {
    used = "tokenizer.json, because " + broken;
    return json_tokenizer(snapshot);
  }
  try {
    json_tokenizer(snapshot);
  } catch (const DataError& error) {
    used += std::string(", because ") + error.what();
    return pair;
  }
  if (std::string other = difference(*pair, snapshot); !other.empty())
    throw DataError(fmt::format("{}: vocab.json and merges.txt differ from tokenizer.json: {}; remove what is wrong",
                                snapshot.source, other));
  return pair;
}

std::unique_ptr<Tokenizer> find_tokenizer(const SnapshotFiles& snapshot, std::string& used) {
  if (kind_of(snapshot).family == Family::siglip || (has_json(snapshot) && !has_pair(snapshot))) {
    used = "tokenizer.json";
    return json_tokenizer(snapshot);
  }
  if (!has_pair(snapshot) && has_built_in(snapshot)) {
    used = "CLIP's own, built in";
    return ClipTokenizer::built_in(false);
  }
  return clip_tokenizer(snapshot, used);
}

}  // namespace

bool has_tokenizer(const SnapshotFiles& snapshot) {
  if (kind_of(snapshot).family == Family::siglip) return has_json(snapshot);
  return has_pair(snapshot) || has_json(snapshot) || has_built_in(snapshot);
}

std::int64_t context_of(const SnapshotFiles& snapshot) {
  Kind kind = kind_of(snapshot);
  if (kind.timm || (kind.family != Family::clip && kind.family != Family::siglip)) return 0;
  return section_of(snapshot, "text_config").size("max_position_embeddings", kind.family == Family::siglip ? 64 : 77);
}

std::unique_ptr<Tokenizer> tokenizer_of(const SnapshotFiles& snapshot, std::string* used) {
  std::string made_of;
  std::unique_ptr<Tokenizer> tokenizer = find_tokenizer(snapshot, made_of);
  if (context_of(snapshot)) tokenizer->limit(vocabulary_of(snapshot));
  if (used) *used = made_of;
  return tokenizer;
}

}  // namespace winnow::text
