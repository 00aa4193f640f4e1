#include "message.h"

#include <gtest/gtest.h>

#include <cstring>

#include "winnow/core/error.h"

namespace winnow::fleet {
namespace {

TEST(Message, ArrivesHoweverTheStreamIsCut) {
  Message sent{.kind = Message::Kind::failed,
               .attempt = {7, 2},
               .number = 1.5,
               .memory = 5'000'000'000,
               .text = "user",
               .detail = std::string(100, 'x'),
               .attempts = {{1, 1}, {2, 3}}};
  std::string bytes;
  for (int i = 0; i < 3; ++i) sent.append_to(bytes);
  for (std::size_t piece = 1; piece <= bytes.size(); ++piece) {
    MessageReader reader;
    int count = 0;
    for (std::size_t at = 0; at < bytes.size(); at += piece) {
      reader.add(bytes.substr(at, piece));
      Message got;
      while (reader.next(got)) {
        ++count;
        EXPECT_EQ(got.kind, sent.kind);
        EXPECT_EQ(got.attempt, sent.attempt);
        EXPECT_EQ(got.number, sent.number);
        EXPECT_EQ(got.memory, sent.memory);
        EXPECT_EQ(got.text, sent.text);
        EXPECT_EQ(got.detail, sent.detail);
        EXPECT_EQ(got.attempts, sent.attempts);
      }
    }
    ASSERT_EQ(count, 3) << piece;
  }
}

TEST(Message, NonsenseIsRefused) {
  MessageReader reader;
  reader.add(std::string("\x03\0\0\0abc", 7));
  Message message;
  EXPECT_THROW(reader.next(message), InternalError);
}

// However long it says that it is, no more memory is taken than there are bytes.
TEST(Message, LengthsThatAreNotTrueAreRefused) {
  Message sent{.kind = Message::Kind::heartbeat, .text = "ab", .attempts = {{1, 1}, {2, 3}}};
  std::string bytes;
  sent.append_to(bytes);
  const std::size_t numbers[] = {0, 29, 35, 39};  // where the frame, text, detail and attempts say how long they are
  for (std::size_t at : numbers)
    for (std::uint32_t length : {std::uint32_t{0xffffffff}, std::uint32_t{0x10000001}, std::uint32_t{3}}) {
      std::string forged = bytes;
      std::memcpy(forged.data() + at, &length, sizeof length);
      MessageReader reader;
      reader.add(forged);
      Message message;
      EXPECT_THROW(reader.next(message), InternalError) << at << " " << length;
    }
}

}  // namespace
}  // namespace winnow::fleet
