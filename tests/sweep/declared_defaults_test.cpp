// Identities leave out values that are the declared default (docs/design.md#4): a default that changes would give
// stages of before and after one identity, and a store would answer with the other's results. So declared defaults stay
// what declared_defaults.txt ("METHOD KEY = value") says; other values come from profiles, data sets and models, which
// identities hold.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <fstream>
#include <map>

#include "fixture.h"

namespace winnow::sweep {
namespace {

TEST(DeclaredDefaults, NeverChange) {
  std::map<std::string, std::string> now, written;  // "METHOD KEY" -> default
  auto take = [&](const std::string& owner, const std::vector<Key>& keys) {
    for (const Key& key : keys)
      if (key.fallback) now[owner + " " + key.key] = key.fallback->dump();
  };
  Catalogue catalogue = Catalogue::built_in({});
  take("common", catalogue.common);
  for (const auto& [name, method] : catalogue.methods) take(name, method.keys);

  std::ifstream file(WINNOW_SOURCE_DIR "/tests/sweep/declared_defaults.txt");
  for (std::string line; std::getline(file, line);)
    if (std::size_t equals = line.find(" = "); equals != std::string::npos)
      written[line.substr(0, equals)] = line.substr(equals + 3);

  std::string added;
  for (const auto& [key, value] : now) {
    auto known = written.find(key);
    if (known == written.end()) added += fmt::format("{} = {}\n", key, value);
    else
      EXPECT_EQ(value, known->second) << key
                                      << ": say another value in [profiles], or raise the version of all stages that "
                                         "read the key and change the line";
  }
  EXPECT_EQ(added, "") << "keys that are new: add these lines to tests/sweep/declared_defaults.txt";
  for (const auto& [key, value] : written)
    EXPECT_TRUE(now.count(key)) << key << " is declared no more: remove its line";
}

}  // namespace
}  // namespace winnow::sweep
