#include "winnow/model/tokenizer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "winnow/core/error.h"

namespace winnow::model {
namespace {

Tokenizer small() { return learn_tokenizer({"a photo of a cat.", "a photo of a dog.", "the cat's 2 dogs"}, 10); }

TEST(Tokenizer, LearnsFrequentWordsAsOneToken) {
  Tokenizer tokenizer = small();
  auto ids = tokenizer.encode("A photo of a CAT.", 16);
  EXPECT_EQ(ids.size(), 16u);
  EXPECT_EQ(ids, tokenizer.encode("  a photo   of a cat .", 16)) << "case and white space do not count";
  EXPECT_EQ(ids.back(), tokenizer.end());
  EXPECT_EQ(tokenizer.size(), 512 + 10 + 2);
}

TEST(Tokenizer, FilesRoundTrip) {
  Tokenizer own = small();
  Snapshot snapshot;
  snapshot.files = {{"vocab.json", own.vocab_json()}, {"merges.txt", own.merges_txt()}};
  Tokenizer read(snapshot);
  for (const char* text : {"a photo of a zebra, 12 of them", "", "cat's"}) EXPECT_EQ(read.encode(text, 40), own.encode(text, 40));
}

TEST(Tokenizer, SaysWhatItRefuses) {
  Tokenizer tokenizer = small();
  try {
    tokenizer.encode("a very long text indeed", 5);
    FAIL();
  } catch (const UsageError& error) {
    EXPECT_THAT(error.what(), testing::HasSubstr("tokens, the model takes 5"));
  }
  EXPECT_THROW(tokenizer.encode("caf\xc3\xa9", 16), UsageError);
  EXPECT_THROW(prompt("no place", "cat"), UsageError);
  EXPECT_EQ(prompt("a {}.", "ankle_boot"), "a ankle boot.");
}

TEST(Tokenizer, RefusesDamagedFiles) {
  Snapshot snapshot;
  EXPECT_THROW(Tokenizer{snapshot}, DataError);
  snapshot.files = {{"vocab.json", small().vocab_json()}, {"merges.txt", "#version: 0.2\na b c\n"}};
  try {
    Tokenizer tokenizer(snapshot);
    FAIL();
  } catch (const DataError& error) {
    EXPECT_THAT(error.what(), testing::HasSubstr("merges.txt:2: expected two symbols"));
  }
  snapshot.files["vocab.json"] = "[1]";
  EXPECT_THROW(Tokenizer{snapshot}, DataError);
}

}  // namespace
}  // namespace winnow::model
