// Indices of sharded weights: what they name lies below their own folder.
#include "winnow/core/safetensors_index.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "../folder.h"
#include "../refusal.h"

namespace winnow {
namespace {

using testing::HasSubstr;

class Index : public testing::Test {
 protected:
  SafeTensorsIndex read(const nlohmann::json& json) {
    write_file_atomically(file_, json.dump());
    return SafeTensorsIndex::read(file_);
  }
  std::string refused(const nlohmann::json& json) {
    return refusal([&] { read(json); });
  }
  Folder folder_;
  Path file_ = folder_ / "index.json";
};

TEST_F(Index, ShardsMayLieInFoldersBelow) {
  SafeTensorsIndex index =
      read({{"metadata", {{"total_size", 8}}},
            {"weight_map", {{"a", "one.safetensors"}, {"b", "below/two.safetensors"}, {"c", "one.safetensors"}}}});
  EXPECT_EQ(index.shards, (std::set<std::string>{"below/two.safetensors", "one.safetensors"}));
  EXPECT_EQ(index.file_of.at("b"), "below/two.safetensors");
}

TEST_F(Index, ShardsElsewhereAreRefused) {
  for (const char* shard : {"/etc/one.safetensors", "../a/one.safetensors", "below/../../one.safetensors", "below/", "",
                            ".", "..", "./one.safetensors"})
    EXPECT_THAT(refused({{"weight_map", {{"a", shard}}}}), HasSubstr("is not below the folder of the index")) << shard;
  EXPECT_THAT(refused({{"weight_map", {{"a", 3}}}}), HasSubstr("the shard of 'a' is no file name but 3"));
  EXPECT_THAT(refused({{"weight_map", nlohmann::json::object()}}), HasSubstr("has no table weight_map"));
  EXPECT_THAT(refused({{"other", 1}}), HasSubstr("has no table weight_map"));
}

}  // namespace
}  // namespace winnow
