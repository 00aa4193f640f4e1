// From texts to the ids that a text tower reads. CLIP's byte pairs (Sennrich et al. 2016; OpenAI's simple_tokenizer,
// open_clip), and what a snapshot's tokenizer.json describes (byte pairs, unigrams).
#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "winnow/text/snapshot_files.h"

namespace winnow::text {

enum class TooLong { refuse, cut };  // cut: as the references do; the last id that stays becomes the end token

class Tokenizer {
 public:
  virtual ~Tokenizer() = default;
  // Start (where there is one), ids, end, filled up to `context`. UsageError for a text that is too long or no UTF-8.
  std::vector<std::int64_t> encode(const std::string& text, std::int64_t context, TooLong = TooLong::refuse) const;
  // Ids of a text alone, without start and end.
  virtual std::vector<std::int64_t> pieces(const std::string& text) const = 0;

  std::int64_t length(const std::string& text) const;  // tokens with start and end, before any cut
  // Ids reach up to `size`, the rows of the text tower's table: encode() refuses others (DataError).
  void limit(std::int64_t size) { size_limit_ = size; }
  std::int64_t end() const { return end_; }
  std::int64_t padding() const { return padding_; }

 protected:
  std::int64_t start_ = -1, end_ = -1;  // -1: none
  std::int64_t padding_ = 0;

 private:
  std::int64_t size_limit_ = std::numeric_limits<std::int64_t>::max();
};

// The tokenizer that a snapshot's texts were trained with. CLIP: vocab.json and merges.txt under CLIP's rules (HTML
// entities, repair of characters, white space, lower case); else, or where that pair is broken, tokenizer.json; else,
// where the vocabulary has 49,408 entries, CLIP's own, which is built in. SigLIP: tokenizer.json. DataError naming the
// file and what is wrong in it, or where the pair and tokenizer.json are both whole and differ. `used` becomes what it
// was made of, human-readable.
std::unique_ptr<Tokenizer> tokenizer_of(const SnapshotFiles&, std::string* used = nullptr);
// Whether there is anything to make one of. Models whose head starts from no texts do without.
bool has_tokenizer(const SnapshotFiles&);
// Tokens that the text tower takes (text_config.max_position_embeddings); 0 for a family without texts.
std::int64_t context_of(const SnapshotFiles&);
// tokenizer.json alone.
std::unique_ptr<Tokenizer> json_tokenizer(const SnapshotFiles&);

class ByteMerges;
class ClipWords;

class ClipTokenizer final : public Tokenizer {
 public:
  using Vocabulary = std::unordered_map<std::string, std::int64_t>;
  using Merges = std::vector<std::pair<std::string, std::string>>;
  // special_names: start and end, as texts may name them.
  ClipTokenizer(Vocabulary, Merges, std::pair<std::string, std::string> special_names);
  ~ClipTokenizer() override;
  // vocab.json and merges.txt. DataError naming file and line, also for a merge of, or into, what the vocabulary does
  // not have.
  static std::unique_ptr<ClipTokenizer> from(const SnapshotFiles&);
  static std::unique_ptr<ClipTokenizer> built_in(
      bool open_clip);  // OpenAI's vocabulary; open_clip's names of start and end

  std::vector<std::int64_t> pieces(const std::string& text) const override;
  std::int64_t size() const { return static_cast<std::int64_t>(vocabulary_.size()); }
  const Vocabulary& vocabulary() const { return vocabulary_; }
  const Merges& merges() const { return merges_; }
  std::string vocab_json() const;
  std::string merges_txt() const;

 private:
  Vocabulary vocabulary_;
  Merges merges_;
  std::pair<std::string, std::string> special_names_;
  std::unique_ptr<ByteMerges> byte_merges_;
  std::unique_ptr<ClipWords> words_;
};

// Learns `merges` merges from texts: the most frequent pair each time, ties by byte order. Vocabulary as CLIP's: bytes,
// bytes that end a word, merges, start, end.
std::unique_ptr<ClipTokenizer> learn_tokenizer(const std::vector<std::string>& texts, std::size_t merges);

}  // namespace winnow::text
