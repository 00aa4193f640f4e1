#include <fmt/format.h>

#include <optional>
#include <sstream>
#include <string_view>

#include "byte_merges.h"
#include "clip_rules.h"
#include "html.h"
#include "repair.h"
#include "unicode.h"
#include "winnow/core/error.h"
#include "winnow/core/json_text.h"
#include "winnow/text/read_files.h"
#include "winnow/text/tokenizer.h"

namespace winnow::text {

std::string_view clip_merges();  // bpe_simple_vocab_16e6.txt: OpenAI's merges, those that its vocabulary uses

std::string clip_cleaned(const std::string& text) {
  if (!is_utf8(text)) throw UsageError(fmt::format("a text is no UTF-8: '{}'", text));
  static const Pattern space("[\\s\\x{1C}-\\x{1F}]+");
  std::string clean = strip(unescape_html(unescape_html(repaired(text))));
  return lower(strip(space.replace(clean, " ")));
}

ClipWords::ClipWords(const std::string& start_name, const std::string& end_name)
    : pattern_(fmt::format("\\Q{}\\E|\\Q{}\\E|'s|'t|'re|'ve|'m|'ll|'d|[\\p{{L}}]+|[\\p{{N}}]|[^\\s\\p{{L}}\\p{{N}}]+",
                           start_name, end_name),
               /*ignore_case=*/true) {}

std::vector<std::string> clip_symbols(const std::string& word) {
  std::vector<std::string> symbols;
  for (char c : word) symbols.push_back(byte_symbol(static_cast<unsigned char>(c)));
  symbols.back() += kWordEnd;
  return symbols;
}

namespace {

const std::string& file_of(const SnapshotFiles& snapshot, const char* name) {
  auto found = snapshot.files.find(name);
  if (found == snapshot.files.end())
    throw DataError(fmt::format("{}: {} is missing: no texts without a tokenizer", snapshot.source, name));
  return found->second;
}

ClipTokenizer::Vocabulary parse_vocabulary(const SnapshotFiles& snapshot) {
  const std::string where = snapshot.source + "/vocab.json";
  Value json = parse_json(file_of(snapshot, "vocab.json"), where);
  if (!json.is_object()) throw DataError(fmt::format("{} is not a JSON table", where));
  ClipTokenizer::Vocabulary vocabulary;
  std::map<std::int64_t, std::string> owner;
  for (const auto& [token, id] : json.items()) {
    if (!id.is_number_integer() || id.get<std::int64_t>() < 0)
      throw DataError(fmt::format("{}: the id of '{}' is {}", where, token, id.dump()));
    vocabulary[token] = id.get<std::int64_t>();
    if (auto [other, fresh] = owner.emplace(vocabulary[token], token); !fresh)
      throw DataError(
          fmt::format("{}: '{}' and '{}' have the same id {}", where, other->second, token, vocabulary[token]));
  }
  return vocabulary;
}

struct MergesFile {
  ClipTokenizer::Merges merges;
  std::vector<int> lines;  // of each

  MergesFile(const std::string& bytes, const std::string& file) {
    std::istringstream text(plain_text(bytes, file));
    std::string line;
    for (int number = 1; std::getline(text, line); ++number) {
      while (!line.empty() && (line.back() == ' ' || line.back() == '\t')) line.pop_back();  // as Python's split() does
      if (line.empty() || (number == 1 && line.starts_with("#version"))) continue;
      std::size_t space = line.find(' ');
      if (space == std::string::npos || space == 0 || space + 1 == line.size() ||
          line.find(' ', space + 1) != std::string::npos)
        throw DataError(fmt::format("{}:{}: expected two symbols, got '{}'", file, number, line));
      merges.emplace_back(line.substr(0, space), line.substr(space + 1));
      lines.push_back(number);
    }
  }
};

// The first symbol of a merge that the vocabulary does not have.
std::optional<std::string> unknown_symbol(const ClipTokenizer::Vocabulary& vocabulary,
                                          const std::pair<std::string, std::string>& merge) {
  for (const std::string& symbol : {merge.first, merge.second, merge.first + merge.second})
    if (!vocabulary.count(symbol)) return symbol;
  return std::nullopt;
}

}  // namespace

ClipTokenizer::ClipTokenizer(Vocabulary vocabulary, Merges merges, std::pair<std::string, std::string> special_names)
    : vocabulary_(std::move(vocabulary)), merges_(std::move(merges)), special_names_(std::move(special_names)),
      byte_merges_(std::make_unique<ByteMerges>(merges_)),
      words_(std::make_unique<ClipWords>(special_names_.first, special_names_.second)) {
  for (const std::string& token : {special_names_.first, special_names_.second})
    if (!vocabulary_.count(token)) throw DataError(fmt::format("vocab.json has no {}", token));
  start_ = vocabulary_.at(special_names_.first);
  end_ = vocabulary_.at(special_names_.second);
}

ClipTokenizer::~ClipTokenizer() = default;

std::unique_ptr<ClipTokenizer> ClipTokenizer::from(const SnapshotFiles& snapshot) {
  Vocabulary vocabulary = parse_vocabulary(snapshot);
  std::string where = snapshot.source + "/merges.txt";
  MergesFile file(file_of(snapshot, "merges.txt"), where);
  for (std::size_t i = 0; i < file.merges.size(); ++i)
    if (auto unknown = unknown_symbol(vocabulary, file.merges[i]))
      throw DataError(fmt::format("{}:{}: '{} {}' needs '{}', which vocab.json does not have", where, file.lines[i],
                                  file.merges[i].first, file.merges[i].second, *unknown));
  for (const char* name : {kClipStart, kClipEnd})
    if (!vocabulary.count(name)) throw DataError(fmt::format("{}/vocab.json has no {}", snapshot.source, name));
  return std::make_unique<ClipTokenizer>(std::move(vocabulary), std::move(file.merges),
                                         std::pair<std::string, std::string>(kClipStart, kClipEnd));
}

std::unique_ptr<ClipTokenizer> ClipTokenizer::built_in(bool open_clip) {
  Merges merges = MergesFile(std::string(clip_merges()), "the built-in vocabulary").merges;
  Vocabulary vocabulary;
  std::int64_t next = 0;
  for (const std::string& symbol : byte_symbols_in_order()) vocabulary[symbol] = next++;
  for (const std::string& symbol : byte_symbols_in_order()) vocabulary[symbol + kWordEnd] = next++;
  for (const auto& [first, second] : merges) vocabulary[first + second] = next++;
  std::pair<std::string, std::string> names =
      open_clip ? std::pair("<start_of_text>", "<end_of_text>") : std::pair(kClipStart, kClipEnd);
  vocabulary[names.first] = next++;
  vocabulary[names.second] = next++;
  return std::make_unique<ClipTokenizer>(std::move(vocabulary), std::move(merges), std::move(names));
}

std::vector<std::int64_t> ClipTokenizer::pieces(const std::string& text) const {
  std::vector<std::int64_t> ids;
  for (const std::string& word : (*words_)(clip_cleaned(text))) {
    if (word == special_names_.first || word == special_names_.second) {
      ids.push_back(word == special_names_.first ? start_ : end_);
      continue;
    }
    for (const std::string& symbol : byte_merges_->apply(clip_symbols(word))) {
      auto found = vocabulary_.find(symbol);
      if (found == vocabulary_.end()) throw DataError(fmt::format("vocab.json has no '{}' (in '{}')", symbol, text));
      ids.push_back(found->second);
    }
  }
  return ids;
}

std::string ClipTokenizer::vocab_json() const { return Value(vocabulary_).dump(); }

std::string ClipTokenizer::merges_txt() const {
  std::string text = "#version: 0.2\n";
  for (const auto& [first, second] : merges_) text += first + " " + second + "\n";
  return text;
}

}  // namespace winnow::text
