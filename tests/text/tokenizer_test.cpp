// Tokenizers. Ids against OpenAI's, open_clip's and Hugging Face's tokenizers: golden cases of kind tokenizer.
#include "winnow/text/tokenizer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "../refusal.h"
#include "winnow/core/error.h"

namespace winnow::text {
namespace {

using testing::HasSubstr;

std::unique_ptr<ClipTokenizer> small() {
  return learn_tokenizer({"a photo of a cat.", "a photo of a dog.", "the cat's 2 dogs"}, 10);
}

SnapshotFiles with_json(const Value& json) {
  SnapshotFiles snapshot;
  snapshot.source = "snap";
  snapshot.files["tokenizer.json"] = json.dump();
  return snapshot;
}

Value unigrams() {
  return Value::parse(R"({"model": {"type": "Unigram", "unk_id": 0,
                                    "vocab": [["<unk>", 0], ["a", -1], ["b", -1], ["ab", -1.5], ["abb", -4]]}})");
}

TEST(Tokenizer, LearnsFrequentWordsAsOneToken) {
  auto tokenizer = small();
  auto ids = tokenizer->encode("A photo of a CAT.", 16);
  EXPECT_EQ(ids.size(), 16u);
  EXPECT_EQ(ids, tokenizer->encode("  a photo   of a cat .", 16)) << "case and white space do not count";
  EXPECT_EQ(ids[static_cast<std::size_t>(tokenizer->length("A photo of a CAT.")) - 1], tokenizer->end());
  EXPECT_EQ(tokenizer->size(), 512 + 10 + 2);
}

TEST(Tokenizer, FilesRoundTrip) {
  auto own = small();
  SnapshotFiles snapshot;
  snapshot.files = {{"vocab.json", own->vocab_json()}, {"merges.txt", own->merges_txt()}};
  auto read = ClipTokenizer::from(snapshot);
  for (const char* text : {"a photo of a zebra, 12 of them", "", "cat's", "caf\u00e9 \u6771\u4eac \U0001F431"})
    EXPECT_EQ(read->encode(text, 60), own->encode(text, 60));
}

TEST(Tokenizer, HtmlAndTypographyArePlainBeforeWordsAreCut) {
  auto tokenizer = small();
  EXPECT_EQ(tokenizer->pieces("cat &amp;amp; dog"), tokenizer->pieces("cat & dog"));
  EXPECT_EQ(tokenizer->pieces("&#99;at&#x21; &notit;"), tokenizer->pieces("cat! \u00acit;"))
      << "the longest name without a semicolon";
  EXPECT_EQ(tokenizer->pieces("\u201ccat\u201d"), tokenizer->pieces("\"cat\""));
  EXPECT_EQ(tokenizer->pieces("\uFF23\uFF21\uFF34"), tokenizer->pieces("cat"));
  EXPECT_EQ(tokenizer->pieces("sch\u00c3\u00b6n"), tokenizer->pieces("sch\u00f6n")) << "UTF-8 read as Windows-1252";
  EXPECT_EQ(tokenizer->pieces("e\u0301"), tokenizer->pieces("\u00e9"));
  EXPECT_EQ(tokenizer->pieces("\u00c5ngstr\u00f6m"), tokenizer->pieces("\u00e5ngstr\u00f6m")) << "what is right stays";
}

TEST(Tokenizer, TheBuiltInVocabularyIsOpenAis) {
  auto tokenizer = ClipTokenizer::built_in(false);
  EXPECT_EQ(tokenizer->size(), 49408);
  EXPECT_EQ(tokenizer->end(), 49407);
  std::vector<std::int64_t> want{49406, 320, 1125, 539, 320, 2368, 49407};
  want.resize(77, 0);
  EXPECT_EQ(tokenizer->encode("a photo of a cat", 77), want) << "the numbers of CLIP's README";
}

TEST(Tokenizer, UnigramsTakeTheLikeliestCut) {
  auto tokenizer = json_tokenizer(with_json(unigrams()));
  EXPECT_EQ(tokenizer->pieces("ab"), (std::vector<std::int64_t>{3})) << "-1.5 against -2";
  EXPECT_EQ(tokenizer->pieces("abb"), (std::vector<std::int64_t>{3, 2})) << "-2.5 against -3 and -4";
  EXPECT_EQ(tokenizer->pieces("axxb"), (std::vector<std::int64_t>{1, 0, 2}))
      << "unknown characters in a row are one piece";
}

TEST(Tokenizer, CutsOnRequestOnly) {
  Value json = unigrams();
  json["added_tokens"] = Value::parse(R"([{"id": 9, "content": "</s>", "normalized": false}])");
  json["post_processor"] = Value::parse(
      R"({"type": "TemplateProcessing", "single": [{"Sequence": {"id": "A"}}, {"SpecialToken": {"id": "</s>"}}],
                                            "special_tokens": {"</s>": {"id": "</s>", "ids": [9]}}})");
  auto tokenizer = json_tokenizer(with_json(json));
  EXPECT_EQ(tokenizer->encode("ab", 4), (std::vector<std::int64_t>{3, 9, 0, 0}));
  EXPECT_EQ(tokenizer->encode("bbbb", 3, TooLong::cut), (std::vector<std::int64_t>{2, 2, 9}));
  EXPECT_THAT(refusal([&] { tokenizer->encode("bbbb", 3); }),
              HasSubstr("the text 'bbbb' has 5 tokens, the model takes 3"));
  EXPECT_EQ(tokenizer->pieces("a</s>b"), (std::vector<std::int64_t>{1, 9, 2}));
}

TEST(Tokenizer, SaysWhatItRefuses) {
  auto tokenizer = small();
  EXPECT_THAT(refusal([&] { tokenizer->encode("a very long text indeed", 5); }),
              HasSubstr("tokens, the model takes 5"));
  EXPECT_THAT(refusal([&] { tokenizer->encode("caf\xe9", 16); }), HasSubstr("no UTF-8"));
}

TEST(Tokenizer, RefusesDamagedFiles) {
  SnapshotFiles snapshot;
  EXPECT_THAT(refusal([&] { ClipTokenizer::from(snapshot); }), HasSubstr("vocab.json is missing"));
  snapshot.files = {{"vocab.json", small()->vocab_json()}, {"merges.txt", "#version: 0.2\na b c\n"}};
  EXPECT_THAT(refusal([&] { ClipTokenizer::from(snapshot); }), HasSubstr("merges.txt:2: expected two symbols"));
  snapshot.files["vocab.json"] = "[1]";
  EXPECT_THAT(refusal([&] { ClipTokenizer::from(snapshot); }), HasSubstr("is not a JSON table"));

  Value json = unigrams();
  json["normalizer"] = {{"type", "Bert"}};
  EXPECT_THAT(refusal([&] { json_tokenizer(with_json(json)); }),
              HasSubstr("snap/tokenizer.json: normalizer: normalizer 'Bert' is not known"));
  json = unigrams();
  json["model"]["vocab"][2] = "b";
  EXPECT_THAT(refusal([&] { json_tokenizer(with_json(json)); }),
              HasSubstr("model.vocab[2]: expected a piece and its score"));
  json = Value::parse(R"({"model": {"type": "BPE", "vocab": {"a": 0}, "merges": ["ab"]}})");
  EXPECT_THAT(refusal([&] { json_tokenizer(with_json(json)); }), HasSubstr("merges[0]: expected two symbols"));
  json = {{"model", 3}};
  EXPECT_THAT(refusal([&] { json_tokenizer(with_json(json)); }), HasSubstr("snap/tokenizer.json"));
}

}  // namespace
}  // namespace winnow::text
