#include "winnow/model/tokenizer.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <sstream>

#include "winnow/core/error.h"

namespace winnow::model {

namespace {

constexpr const char* kStart = "<|startoftext|>";
constexpr const char* kEnd = "<|endoftext|>";
const std::string kWordEnd = "</w>";

std::string utf8(unsigned code) {
  if (code < 0x80) return std::string(1, static_cast<char>(code));
  return {static_cast<char>(0xC0 | code >> 6), static_cast<char>(0x80 | (code & 0x3F))};
}

// GPT-2's printable stand-ins for the 256 bytes, in the order of CLIP's vocabulary: printable Latin-1 first, the others moved
// to 256 and up.
const std::array<std::string, 256>& byte_symbols(std::vector<std::string>* order = nullptr) {
  static std::vector<std::string> ordered;
  static const std::array<std::string, 256> symbols = [] {
    std::array<std::string, 256> table;
    auto printable = [](int b) { return (b >= '!' && b <= '~') || (b >= 0xA1 && b <= 0xAC) || (b >= 0xAE && b <= 0xFF); };
    for (int b = 0; b < 256; ++b)
      if (printable(b)) ordered.push_back(table[static_cast<std::size_t>(b)] = utf8(static_cast<unsigned>(b)));
    unsigned next = 256;
    for (int b = 0; b < 256; ++b)
      if (!printable(b)) ordered.push_back(table[static_cast<std::size_t>(b)] = utf8(next++));
    return table;
  }();
  if (order) *order = ordered;
  return symbols;
}

// CLIP's pattern on lower-case ASCII: 's 't 're 've 'm 'll 'd, runs of letters, single digits, runs of anything else.
std::vector<std::string> words_of(const std::string& raw) {
  std::string text;
  for (char c : raw) {
    if (static_cast<unsigned char>(c) >= 0x80)
      throw UsageError(fmt::format("the text '{}' is not ASCII: this tokenizer reads ASCII texts only", raw));
    text += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  auto letter = [](char c) { return c >= 'a' && c <= 'z'; };
  auto digit = [](char c) { return c >= '0' && c <= '9'; };
  auto space = [](char c) { return std::isspace(static_cast<unsigned char>(c)) != 0; };
  std::vector<std::string> words;
  for (std::size_t i = 0; i < text.size();) {
    if (space(text[i])) {
      ++i;
      continue;
    }
    std::size_t end = i + 1;
    bool ending = false;
    for (const char* suffix : {"'s", "'t", "'re", "'ve", "'m", "'ll", "'d"})
      if (!ending && text.compare(i, std::char_traits<char>::length(suffix), suffix) == 0) {
        end = i + std::char_traits<char>::length(suffix);
        ending = true;
      }
    if (!ending && letter(text[i]))
      while (end < text.size() && letter(text[end])) ++end;
    if (!ending && !letter(text[i]) && !digit(text[i]))
      while (end < text.size() && !letter(text[end]) && !digit(text[end]) && !space(text[end])) ++end;
    words.push_back(text.substr(i, end - i));
    i = end;
  }
  return words;
}

std::vector<std::string> symbols_of(const std::string& word) {
  std::vector<std::string> symbols;
  for (char c : word) symbols.push_back(byte_symbols()[static_cast<unsigned char>(c)]);
  symbols.back() += kWordEnd;
  return symbols;
}

void merge(std::vector<std::string>& symbols, const std::pair<std::string, std::string>& pair) {
  std::vector<std::string> merged;
  for (std::size_t i = 0; i < symbols.size(); ++i) {
    if (i + 1 < symbols.size() && symbols[i] == pair.first && symbols[i + 1] == pair.second) {
      merged.push_back(pair.first + pair.second);
      ++i;
    } else {
      merged.push_back(symbols[i]);
    }
  }
  symbols = std::move(merged);
}

const std::string& file_of(const Snapshot& snapshot, const char* name) {
  auto found = snapshot.files.find(name);
  if (found == snapshot.files.end()) throw DataError(fmt::format("{}: {} is missing: no texts without a tokenizer", snapshot.source, name));
  return found->second;
}

std::map<std::string, std::int64_t> parse_vocabulary(const Snapshot& snapshot) {
  Value json = Value::parse(file_of(snapshot, "vocab.json"), nullptr, false);
  if (!json.is_object()) throw DataError(fmt::format("{}/vocab.json is not a JSON table", snapshot.source));
  std::map<std::string, std::int64_t> vocabulary;
  for (const auto& [token, id] : json.items()) {
    if (!id.is_number_integer()) throw DataError(fmt::format("{}/vocab.json: the id of '{}' is {}", snapshot.source, token, id.dump()));
    vocabulary[token] = id.get<std::int64_t>();
  }
  return vocabulary;
}

std::vector<std::pair<std::string, std::string>> parse_merges(const Snapshot& snapshot) {
  std::vector<std::pair<std::string, std::string>> merges;
  std::istringstream lines(file_of(snapshot, "merges.txt"));
  std::string line;
  for (int number = 1; std::getline(lines, line); ++number) {
    if (line.empty() || (number == 1 && line.starts_with("#"))) continue;
    std::size_t space = line.find(' ');
    if (space == std::string::npos || space == 0 || space + 1 == line.size() || line.find(' ', space + 1) != std::string::npos)
      throw DataError(fmt::format("{}/merges.txt:{}: expected two symbols, got '{}'", snapshot.source, number, line));
    merges.emplace_back(line.substr(0, space), line.substr(space + 1));
  }
  return merges;
}

}  // namespace

Tokenizer::Tokenizer(const Snapshot& snapshot) : Tokenizer(parse_vocabulary(snapshot), parse_merges(snapshot)) {}

Tokenizer::Tokenizer(std::map<std::string, std::int64_t> vocabulary, std::vector<std::pair<std::string, std::string>> merges)
    : vocabulary_(std::move(vocabulary)), merges_(std::move(merges)) {
  for (const char* token : {kStart, kEnd})
    if (!vocabulary_.count(token)) throw DataError(fmt::format("vocab.json has no {}", token));
  start_ = vocabulary_.at(kStart);
  end_ = vocabulary_.at(kEnd);
  for (std::size_t i = 0; i < merges_.size(); ++i) rank_.emplace(merges_[i], i);
}

std::vector<std::string> Tokenizer::split_by_merges(const std::string& word) const {
  std::vector<std::string> symbols = symbols_of(word);
  while (symbols.size() > 1) {
    std::size_t best = merges_.size();
    for (std::size_t i = 0; i + 1 < symbols.size(); ++i)
      if (auto found = rank_.find({symbols[i], symbols[i + 1]}); found != rank_.end()) best = std::min(best, found->second);
    if (best == merges_.size()) break;
    merge(symbols, merges_[best]);
  }
  return symbols;
}

std::vector<std::int64_t> Tokenizer::encode(const std::string& text, std::int64_t context) const {
  std::vector<std::int64_t> ids{start_};
  for (const std::string& word : words_of(text))
    for (const std::string& symbol : split_by_merges(word)) {
      auto found = vocabulary_.find(symbol);
      if (found == vocabulary_.end()) throw DataError(fmt::format("vocab.json has no '{}' (in '{}')", symbol, text));
      ids.push_back(found->second);
    }
  ids.push_back(end_);
  if (static_cast<std::int64_t>(ids.size()) > context)
    throw UsageError(fmt::format("the text '{}' has {} tokens, the model takes {}", text, ids.size(), context));
  ids.resize(static_cast<std::size_t>(context), end_);
  return ids;
}

std::string Tokenizer::vocab_json() const { return Value(vocabulary_).dump(); }

std::string Tokenizer::merges_txt() const {
  std::string text = "#version: 0.2\n";
  for (const auto& [first, second] : merges_) text += first + " " + second + "\n";
  return text;
}

Tokenizer learn_tokenizer(const std::vector<std::string>& texts, std::size_t wanted) {
  std::map<std::string, std::int64_t> counts;
  for (const std::string& text : texts)
    for (const std::string& word : words_of(text)) ++counts[word];
  std::vector<std::pair<std::vector<std::string>, std::int64_t>> words;
  for (const auto& [word, count] : counts) words.emplace_back(symbols_of(word), count);

  std::vector<std::pair<std::string, std::string>> merges;
  while (merges.size() < wanted) {
    std::map<std::pair<std::string, std::string>, std::int64_t> pairs;
    for (const auto& [symbols, count] : words)
      for (std::size_t i = 0; i + 1 < symbols.size(); ++i) pairs[{symbols[i], symbols[i + 1]}] += count;
    if (pairs.empty()) break;                     // every word is one symbol
    auto best = std::max_element(pairs.begin(), pairs.end(), [](const auto& a, const auto& b) { return a.second < b.second; });
    merges.push_back(best->first);
    for (auto& [symbols, count] : words) merge(symbols, best->first);
  }

  std::vector<std::string> bytes;
  byte_symbols(&bytes);
  std::map<std::string, std::int64_t> vocabulary;
  std::int64_t next = 0;
  for (const std::string& symbol : bytes) vocabulary[symbol] = next++;
  for (const std::string& symbol : bytes) vocabulary[symbol + kWordEnd] = next++;
  for (const auto& [first, second] : merges)
    if (vocabulary.emplace(first + second, next).second) ++next;
  vocabulary[kStart] = next++;
  vocabulary[kEnd] = next++;
  return Tokenizer(std::move(vocabulary), std::move(merges));
}

std::string prompt(const std::string& text_template, const std::string& class_name) {
  std::size_t at = text_template.find("{}");
  if (at == std::string::npos) throw UsageError(fmt::format("template '{}' has no {{}} for the class name", text_template));
  std::string name = class_name;
  std::replace(name.begin(), name.end(), '_', ' ');
  std::string text = text_template;
  return text.replace(at, 2, name);
}

}  // namespace winnow::model
