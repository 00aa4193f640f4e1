// The ambiguity register of CoFT names a key for each of its entries, and each key exists and changes what is computed.
// docs/methods/unsupervised.md#9.
#include <gmock/gmock.h>

#include <fstream>
#include <regex>

#include "fixture.h"
#include "winnow/data/dataset.h"

namespace winnow::sweep {
namespace {

class Register : public SweepTest {
 protected:
  Register() { catalogue_ = whole_catalogue(); }

  // By number of the entry: what its last column has between backticks and says a value.
  static std::map<int, std::vector<std::string>> entries() {
    std::ifstream file(Path(WINNOW_SOURCE_DIR) / "docs/methods/unsupervised.md");
    std::map<int, std::vector<std::string>> result;
    const std::regex row(R"row(\| <a id="A(\d+)"></a>.*)row"), snippet("`([^`]* = [^`]*)`");
    for (std::string line; std::getline(file, line);) {
      std::smatch found;
      if (!std::regex_match(line, found, row)) continue;
      std::size_t end = line.rfind('|'), begin = line.rfind(" | ", end - 1);
      std::string keys = line.substr(begin, end - begin);
      std::vector<std::string>& all = result[std::stoi(found[1])];
      for (std::sregex_iterator it(keys.begin(), keys.end(), snippet), last; it != last; ++it) all.push_back((*it)[1]);
    }
    return result;
  }

  static std::string base(const std::string& settings) {
    return "name = \"s\"\n[base]\ndataset = \"fashion-mnist\"\nmodel = \"nano-clip\"\n" + settings;
  }
  Identity cell(const std::string& settings) const {
    Plan p = plan(base(settings));
    return p.nodes()[p.cell_node(0)].identity;
  }
  // Whether one of CoFT's methods, or the one that it says, has this, and another result by it.
  std::string fault(const std::string& assignments) const {
    std::string settings = std::regex_replace(assignments, std::regex("; "), "\n"), refusals;
    std::vector<std::string> methods{"method = \"coft\"\n", "method = \"coft-plus\"\n"};
    if (settings.starts_with("method = ")) {
      methods = {settings.substr(0, settings.find('\n') + 1)};
      settings = settings.substr(methods[0].size());
    }
    for (const std::string& method : methods) {
      std::string refused = refusal(base(method + settings));
      if (refused == "accepted") return cell(method + settings) == cell(method) ? "changes nothing" : "";
      refusals += refused + "; ";
    }
    return refusals;
  }
};

TEST_F(Register, EveryEntryNamesAKeyThatExists) {
  std::map<int, std::vector<std::string>> all = entries();
  ASSERT_EQ(all.size(), 19u);
  for (const auto& [number, snippets] : all) {
    EXPECT_FALSE(snippets.empty()) << "A" << number << " names no key";
    for (const std::string& snippet : snippets) {
      if (snippet.starts_with("options.")) continue;  // of a data set's preset: below
      EXPECT_EQ(fault(snippet), "") << "A" << number << ": " << snippet;
    }
  }
}

// A16 is a data set whose training images are those of both parts.
TEST_F(Register, OptionsOfADataSetExist) {
  auto made = [](const std::string& key) {
    Value preset = {{"layout", "split-json"},
                    {"roots", {"r"}},
                    {"files", {{"split", "s.json"}}},
                    {"options", {{key, "train+val"}}}};
    return data::Manifest::from_preset("d", preset, "p.toml").options.at(key);
  };
  ASSERT_EQ(entries().at(16), std::vector<std::string>{"options.training = \"train+val\""});
  EXPECT_EQ(made("training"), "train+val");
  EXPECT_THROW(made("trainin"), UsageError);
}

TEST_F(Register, AKeyThatIsNoneIsFound) {
  EXPECT_THAT(fault("kk = 8"), testing::HasSubstr("unknown key 'kk'"));
  EXPECT_EQ(fault("k = 16"), "changes nothing") << "its default";
}

}  // namespace
}  // namespace winnow::sweep
