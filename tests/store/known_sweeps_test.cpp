#include "winnow/store/known_sweeps.h"

#include <gmock/gmock.h>

#include "fixture.h"

namespace winnow::store {
namespace {

using testing::HasSubstr;

KnownSweep a_sweep(const std::string& name, int stages) {
  KnownSweep sweep{name, "/a/" + name + ".toml", {"train.epochs=1", "x=\"\xff\""}, {"/p/my presets"}, 12.5, {}};
  for (int i = 0; i < stages; ++i) sweep.stages.push_back(hash_of(name + std::to_string(i)));
  return sweep;
}

TEST(KnownSweeps, ComeBackAsTheyWereLastRemembered) {
  Folder folder;
  EXPECT_TRUE(known_sweeps(folder.path()).sweeps.empty());
  remember_sweep(folder.path(), a_sweep("b", 3));
  remember_sweep(folder.path(), a_sweep("a.1", 0));
  remember_sweep(folder.path(), a_sweep("b", 2));
  KnownSweeps known = known_sweeps(folder.path());
  ASSERT_EQ(known.sweeps.size(), 2u);
  EXPECT_TRUE(known.faults.empty());
  EXPECT_EQ(known.sweeps[0].name, "a.1");
  EXPECT_EQ(known.sweeps[1].stages, a_sweep("b", 2).stages);
  EXPECT_EQ(known.sweeps[1].file, "/a/b.toml");
  EXPECT_EQ(known.sweeps[1].sets[0], "train.epochs=1");
  EXPECT_EQ(known.sweeps[1].presets, a_sweep("b", 2).presets);
  EXPECT_EQ(known.sweeps[1].time, 12.5);
}

TEST(KnownSweeps, OneThatIsDamagedIsNamedAndTheOthersStay) {
  Folder folder;
  remember_sweep(folder.path(), a_sweep("good", 2));
  remember_sweep(folder.path(), a_sweep("bad", 2));
  Path file = folder / "sweeps/bad.txt";
  const std::string whole = read_file(file);
  for (std::size_t size = 0; size < whole.size(); ++size) {  // cut at every byte
    overwrite(file, whole.substr(0, size));
    KnownSweeps known = known_sweeps(folder.path());
    ASSERT_EQ(known.sweeps.size(), 1u) << size;
    ASSERT_EQ(known.faults.size(), 1u) << size;
    ASSERT_THAT(known.faults[0], HasSubstr("sweeps/bad.txt")) << size;
  }
  for (std::size_t at = whole.find('\n') + 1; at < whole.size(); ++at) {  // a stage that is another one
    std::string bad = whole;
    bad[at] = static_cast<char>(bad[at] ^ 1);
    overwrite(file, bad);
    ASSERT_THAT(known_sweeps(folder.path()).faults, testing::ElementsAre(HasSubstr("is damaged"))) << at;
  }
  for (const char* text : {"{}\n", "[]\n", "null", "{\"format\":2}\n", "{\"format\":1,\"digest\":3}\n", "\xff\n"}) {
    overwrite(file, text);
    EXPECT_EQ(known_sweeps(folder.path()).faults.size(), 1u) << text;
  }
}

}  // namespace
}  // namespace winnow::store
