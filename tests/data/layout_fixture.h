// Miniature data sets in a folder and a cache of their own.
#pragma once

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <string>
#include <vector>

#include "../folder.h"
#include "winnow/core/error.h"
#include "winnow/data/dataset.h"
#include "winnow/data/image.h"
#include "winnow/data/pixels.h"

namespace winnow::data {

inline const Path kImages = Path(WINNOW_SOURCE_DIR) / "tests/golden/model/files";

class LayoutTest : public testing::Test {
 protected:
  Folder folder_;
  Path root_ = folder_ / "files";

  void SetUp() override {
    make_folders(root_);
    ::setenv("WINNOW_CACHE", (folder_ / "cache").c_str(), 1);
  }

  void put(const std::string& name, const std::string& content) {
    make_folders((root_ / name).parent_path());
    write_file_atomically(root_ / name, content);
  }
  void image(const std::string& name, const std::string& what = "rgb-444.jpg") { put(name, read_file(kImages / what)); }

  Manifest manifest(const std::string& layout, const Value& files, const Value& more = Value::object()) {
    Value preset = {
        {"layout", layout}, {"roots", {root_.string()}}, {"files", files}, {"download", "https://example.org"}};
    preset.update(more);
    return Manifest::from_preset("mini", preset, "mini.toml");
  }
  std::string refusal(const Manifest& m) {
    try {
      check(m, {}, {});
    } catch (const DataError& error) {
      return error.what();
    }
    return "accepted";
  }
  // Labels of both splits, after a check and through the cache.
  std::vector<std::vector<std::int64_t>> labels(const Manifest& m) {
    Record record = check(m, {}, {});
    Pixels pixels(ensure_cache(m, record, {}));
    for (std::int64_t i = 0; pixels.train().packed() && i < pixels.train().samples; ++i)
      EXPECT_EQ(decode(pixels.train().file(i), "cached").height, 37);
    EXPECT_EQ(pixels.classes(), record.classes);
    return {{pixels.train().labels.begin(), pixels.train().labels.end()},
            {pixels.test().labels.begin(), pixels.test().labels.end()}};
  }
  std::vector<std::string> classes() { return read_record("mini")->classes; }
};

}  // namespace winnow::data
