// Byte pairs learned from texts: the vocabulary of a model that is pre-trained here.
#include <algorithm>
#include <map>

#include "byte_merges.h"
#include "clip_rules.h"
#include "winnow/text/tokenizer.h"

namespace winnow::text {

namespace {

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

}  // namespace

std::unique_ptr<ClipTokenizer> learn_tokenizer(const std::vector<std::string>& texts, std::size_t wanted) {
  std::map<std::string, std::int64_t> counts;
  const ClipWords words_of(kClipStart, kClipEnd);
  for (const std::string& text : texts)
    for (const std::string& word : words_of(clip_cleaned(text))) ++counts[word];
  std::vector<std::pair<std::vector<std::string>, std::int64_t>> words;
  for (const auto& [word, count] : counts) words.emplace_back(clip_symbols(word), count);

  ClipTokenizer::Merges merges;
  while (merges.size() < wanted) {
    std::map<std::pair<std::string, std::string>, std::int64_t> pairs;
    for (const auto& [symbols, count] : words)
      for (std::size_t i = 0; i + 1 < symbols.size(); ++i) pairs[{symbols[i], symbols[i + 1]}] += count;
    if (pairs.empty()) break;  // every word is one symbol
    auto best =
        std::max_element(pairs.begin(), pairs.end(), [](const auto& a, const auto& b) { return a.second < b.second; });
    merges.push_back(best->first);
    for (auto& [symbols, count] : words) merge(symbols, best->first);
  }

  ClipTokenizer::Vocabulary vocabulary;
  std::int64_t next = 0;
  for (const std::string& symbol : byte_symbols_in_order()) vocabulary[symbol] = next++;
  for (const std::string& symbol : byte_symbols_in_order()) vocabulary[symbol + kWordEnd] = next++;
  for (const auto& [first, second] : merges)
    if (vocabulary.emplace(first + second, next).second) ++next;
  vocabulary[kClipStart] = next++;
  vocabulary[kClipEnd] = next++;
  return std::make_unique<ClipTokenizer>(std::move(vocabulary), std::move(merges),
                                         std::pair<std::string, std::string>(kClipStart, kClipEnd));
}

}  // namespace winnow::text
