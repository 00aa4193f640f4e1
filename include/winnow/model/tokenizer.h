// CLIP's byte-pair encoding: vocab.json and merges.txt of a snapshot. Sennrich et al. 2016; OpenAI's simple_tokenizer.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "winnow/model/snapshot.h"

namespace winnow::model {

class Tokenizer {
 public:
  // Reads vocab.json and merges.txt; DataError naming file and line.
  explicit Tokenizer(const Snapshot&);
  Tokenizer(std::map<std::string, std::int64_t> vocabulary, std::vector<std::pair<std::string, std::string>> merges);

  // Start, ids, end, filled up with end to `context`. ASCII only; UsageError for others and for texts that are too long.
  std::vector<std::int64_t> encode(const std::string& text, std::int64_t context) const;
  std::int64_t end() const { return end_; }
  std::int64_t size() const { return static_cast<std::int64_t>(vocabulary_.size()); }

  std::string vocab_json() const;
  std::string merges_txt() const;

 private:
  std::vector<std::string> split_by_merges(const std::string& word) const;

  std::map<std::string, std::int64_t> vocabulary_;
  std::vector<std::pair<std::string, std::string>> merges_;
  std::map<std::pair<std::string, std::string>, std::size_t> rank_;
  std::int64_t start_ = 0, end_ = 0;
};

// Learns `merges` merges from texts: the most frequent pair each time, ties by byte order. Vocabulary as CLIP's: bytes, bytes
// that end a word, merges, start, end.
Tokenizer learn_tokenizer(const std::vector<std::string>& texts, std::size_t merges);

// "a photo of a {}." with the class name in place of {} and its underscores as spaces. UsageError without {}.
std::string prompt(const std::string& text_template, const std::string& class_name);

}  // namespace winnow::model
