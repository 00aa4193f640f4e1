#include "winnow/core/safetensors.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <fstream>

#include "../folder.h"
#include "winnow/core/error.h"
#include "winnow/core/stream.h"

namespace winnow {
namespace {

using testing::HasSubstr;

class SafeTensorsTest : public testing::Test {
 protected:
  Folder folder_;
  Path file_ = folder_ / "a.safetensors";

  void write_raw(const std::string& header, std::uint64_t length, const std::string& data = "") {
    std::ofstream out(file_, std::ios::binary);
    out.write(reinterpret_cast<const char*>(&length), 8);
    out << header << data;
  }
  void write_raw(const std::string& header, const std::string& data = "") { write_raw(header, header.size(), data); }
  std::string refusal() {
    try {
      SafeTensors tensors(file_);
    } catch (const DataError& error) {
      return error.what();
    }
    return "accepted";
  }
};

TEST_F(SafeTensorsTest, RoundTrip) {
  std::vector<float> a{1, 2, 3, 4, 5, 6};
  std::vector<std::int64_t> b{7};
  write_safetensors(file_,
                    {{"a", {"F32", {2, 3}, std::as_bytes(std::span(a))}},
                     {"b", {"I64", {}, std::as_bytes(std::span(b))}},
                     {"none", {"U8", {0, 4}, {}}}},
                    {{"format", "pt"}});
  SafeTensors tensors(file_);
  EXPECT_EQ(tensors.metadata().at("format"), "pt");
  EXPECT_EQ(tensors.at("a").shape, (std::vector<std::int64_t>{2, 3}));
  EXPECT_EQ(0, std::memcmp(tensors.at("a").bytes.data(), a.data(), 24));
  EXPECT_EQ(tensors.at("b").bytes.size(), 8u);
  EXPECT_TRUE(tensors.at("none").bytes.empty());
  EXPECT_THROW(tensors.at("c"), DataError);
}

TEST_F(SafeTensorsTest, MetadataMayBeNull) {
  write_raw(R"({"__metadata__":null,"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}})", "x");
  EXPECT_TRUE(SafeTensors(file_).metadata().empty());
  EXPECT_EQ(SafeTensors(file_).at("a").bytes.size(), 1u);
}

TEST_F(SafeTensorsTest, ATypeWithoutAKnownSizeIsNoFaultOfTheFile) {
  write_raw(
      R"({"a":{"dtype":"F8_E4M3","shape":[4],"data_offsets":[0,4]},"b":{"dtype":"F4","shape":[4],"data_offsets":[4,6]}})",
      "123456");
  SafeTensors tensors(file_);
  EXPECT_EQ(tensors.at("a").dtype, "F8_E4M3");
  EXPECT_EQ(tensors.at("b").bytes.size(), 2u);
  EXPECT_EQ(safetensors_size("F8_E4M3"), 0u);
  write_raw(R"({"a":{"dtype":"F8_E4M3","shape":[4],"data_offsets":[0,9]}})", "1234");
  EXPECT_THAT(refusal(), HasSubstr("offsets outside the file")) << "its place is checked all the same";
}

TEST_F(SafeTensorsTest, RefusesWithAReason) {
  struct Case {
    std::string header, data, reason;
  };
  const Case cases[] = {
      {"[]", "", "not a JSON object"},
      {"{", "", "not a JSON object"},
      {R"({"a":{"dtype":"F32","shape":[1]}})", "", "is missing"},
      {R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,8]}})", "12345678", "need 4 bytes, offsets give 8"},
      {R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}})", "1234", "outside the file"},
      {R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}})", "12345678", "outside the file"},
      {R"({"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}})", "1234", "not a natural number"},
      {R"({"a":{"dtype":"F32","shape":[4294967296,4294967296,4],"data_offsets":[0,4]}})", "1234", "beyond all memory"},
      {R"({"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},"b":{"dtype":"U8","shape":[4],"data_offsets":[2,6]}})",
       "123456", "overlap"},
      {R"({"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"b":{"dtype":"U8","shape":[2],"data_offsets":[4,6]}})",
       "123456", "gap"},
      {R"({"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}})", "1234", "4 bytes of data, 2 described"},
      {R"({"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}})",
       "12", "the header has \"a\" twice"},
      {R"({"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2],"shape":[1,2]}})", "12",
       "the header has \"shape\" twice"},
      {R"({"__metadata__":3})", "", "not a table of texts"},
  };
  for (const Case& c : cases) {
    write_raw(c.header, c.data);
    EXPECT_THAT(refusal(), HasSubstr(c.reason)) << c.header;
    EXPECT_THAT(refusal(), HasSubstr(file_.string()));
  }
}

TEST_F(SafeTensorsTest, RefusesALyingHeaderLength) {
  write_raw("{}", 10'000'000'000ULL);
  EXPECT_THAT(refusal(), HasSubstr("a header of 10000000000 bytes"));
  write_raw("{}", 50);
  EXPECT_THAT(refusal(), HasSubstr("a header of 50 bytes in a file of 10"));
  std::ofstream(file_) << "abc";
  EXPECT_THAT(refusal(), HasSubstr("shorter than 8 bytes"));
}

// Any damage is refused or harmless: never a crash, never another exception.
TEST_F(SafeTensorsTest, SurvivesRandomDamage) {
  std::vector<float> a(16, 1);
  write_safetensors(
      file_, {{"a", {"F32", {4, 4}, std::as_bytes(std::span(a))}}, {"b", {"F32", {16}, std::as_bytes(std::span(a))}}});
  const std::string whole = read_file(file_);
  Stream random = Streams(0, "damage").at(0, 0);
  for (int i = 0; i < 3000; ++i) {
    std::string damaged = whole.substr(0, random.below(4) == 0 ? random.below(whole.size()) : whole.size());
    for (std::uint64_t k = random.below(4); k-- > 0 && !damaged.empty();)
      damaged[random.below(damaged.size())] = static_cast<char>(random());
    std::ofstream(file_, std::ios::binary) << damaged;
    try {
      SafeTensors tensors(file_);
    } catch (const DataError&) {
    }
  }
}

}  // namespace
}  // namespace winnow
