// A checkpoint that does not fit is refused as a whole: the stage that starts over gives the result of one that never
// saw it.
#include <gmock/gmock.h>

#include <functional>

#include "miniature.h"
#include "winnow/core/hash.h"

namespace winnow::train {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

// A checkpoint's entries, to be changed by hand and written again with a digest that is right: such a file is whole,
// and wrong.
struct Entries {
  struct Entry {
    std::string dtype;
    std::vector<std::int64_t> shape;
    std::vector<std::byte> bytes;
  };
  std::map<std::string, Entry> tensors;
  std::map<std::string, std::string> about;

  static Entries read(const Path& file) {
    SafeTensors from(file);
    Entries result{{}, from.metadata()};
    for (const auto& [name, tensor] : from.tensors())
      result.tensors[name] = {tensor.dtype, tensor.shape, {tensor.bytes.begin(), tensor.bytes.end()}};
    return result;
  }
  void write(const Path& file) {
    std::map<std::string, SafeTensor> own;
    for (const auto& [name, entry] : tensors) own[name] = {entry.dtype, entry.shape, entry.bytes};
    Hasher hasher;
    for (const auto& [key, value] : about)
      if (key != "digest") hasher.add(fmt::format("{}={};", key, value));
    for (const auto& [name, tensor] : own)
      hasher.add(fmt::format("{}:{}[{}]", name, tensor.dtype, fmt::join(tensor.shape, ","))).add(tensor.bytes);
    about["digest"] = hasher.digest().hex();
    std::filesystem::remove(file);
    write_safetensors(file, own, about);
  }
};

class Listener final : public Observer {
 public:
  std::int64_t stop_after = 0, resumed_at = -1;
  std::vector<std::string> notes;
  bool report_wanted(std::int64_t step, std::int64_t) override {
    step_ = step;
    return false;
  }
  bool stop_wanted() override { return stop_after > 0 && step_ >= stop_after; }
  void resumed(std::int64_t, std::int64_t step) override { resumed_at = step; }
  void note(const std::string& text) override { notes.push_back(text); }

 private:
  std::int64_t step_ = 0;
};

class RefusedCheckpoint : public Miniature {
 protected:
  Path file_ = folder_ / "checkpoint" / "state.safetensors";

  void SetUp() override {
    Miniature::SetUp();
    store::write_run_file(folder_ / "backbone.h5", run(pretrain()).content);
  }
  Stage stage_of(const std::string& method) {
    Stage stage = train(method);
    if (catalogue_.methods.at(method).labels == sweep::LabelNeed::given) stage.settings.set("labels.kind", "symmetric");
    stage.settings.set("adapt", "linear-probe");
    return stage;
  }
  Entries stopped(const Stage& stage, std::int64_t step) {
    std::filesystem::remove_all(folder_ / "checkpoint");
    Context own = context();
    own.checkpoint = folder_ / "checkpoint";
    Listener listener;
    listener.stop_after = step;
    EXPECT_THROW(execute(stage, own, *alone_, listener), Stopped);
    return Entries::read(file_);
  }
  std::string digest(const Stage& stage, Listener& listener) {
    Context own = context();
    own.checkpoint = folder_ / "checkpoint";
    return execute(stage, own, *alone_, listener).content.result_digest().hex();
  }
};

// So few samples leave a detector's selection without some classes, which a run says, too.
std::vector<std::string> of_the_checkpoint(std::vector<std::string> notes) {
  std::erase_if(notes,
                [](const std::string& note) { return note.find("have no selected sample") != std::string::npos; });
  return notes;
}

// Six steps: one whole epoch of four and a half, so that curves and histories are there, too.
TEST_F(RefusedCheckpoint, HasChangedNothing) {
  for (const char* method : {"proden", "gmm", "pico", "htc"}) {
    Stage stage = stage_of(method);
    std::string want = run(stage).content.result_digest().hex();
    Entries good = stopped(stage, 6);
    auto refused = [&](const std::string& what, const std::string& said, const std::function<void(Entries&)>& damage) {
      Entries bad = good;
      damage(bad);
      bad.write(file_);
      Listener listener;
      EXPECT_EQ(digest(stage, listener), want) << method << ": " << what;
      EXPECT_EQ(listener.resumed_at, -1) << method << ": " << what;
      EXPECT_THAT(of_the_checkpoint(listener.notes),
                  ElementsAre(AllOf(HasSubstr("state.safetensors"), HasSubstr(said), HasSubstr("starts over"))))
          << method << ": " << what;
    };
    // Every kind of entry, each missing; the last ones by name, so that those before would have been copied.
    std::map<std::string, std::string> kinds;
    for (const auto& [name, entry] : good.tensors) kinds[name.substr(0, name.find('/'))] = name;
    EXPECT_GE(kinds.size(), 6u);
    for (const auto& [kind, name] : kinds) {
      if (kind != "gradient")  // an optimiser that was never updated has none
        refused("no " + name, name.starts_with("curve/") ? "metrics of" : "it has no '" + name + "'",
                [&](Entries& bad) { bad.tensors.erase(name); });
      refused("another shape of " + name, "'" + name + "'", [&](Entries& bad) {
        Entries::Entry& own = bad.tensors.at(name);
        own.shape = {static_cast<std::int64_t>(own.bytes.size()) + 1, 1};
        own.dtype = "U8";
        own.bytes.push_back({});
      });
      refused("another type of " + name, "'" + name + "'", [&](Entries& bad) {
        Entries::Entry& own = bad.tensors.at(name);
        own.dtype = "U8";
        own.shape = {static_cast<std::int64_t>(own.bytes.size())};
      });
    }
    for (const char* extra :
         {"state/nobody", "parameter/main/nothing", "history/nobody", "curve/more", "zzz", "gradient/other"})
      refused(extra, "", [&](Entries& bad) { bad.tensors[extra] = {"F64", {1}, std::vector<std::byte>(8)}; });
    refused("a step too many", "counts", [](Entries& bad) { bad.about["step"] = "3"; });
    refused("an epoch too many", "", [](Entries& bad) { bad.about["epoch"] = "0", bad.about["step"] = "4"; });
    for (const char* epoch : {"2", "-1", "x", ""})
      refused(epoch, "outside this stage", [&](Entries& bad) { bad.about["epoch"] = epoch; });
    for (const char* step : {"5", "-2", "1e9"}) refused(step, "", [&](Entries& bad) { bad.about["step"] = step; });
    refused("a type that no tensor has", "U32", [](Entries& bad) {
      Entries::Entry& own = bad.tensors.at("iteration");
      own.dtype = "U32";
      own.shape = {2};
    });

    good.write(file_);  // the untouched one, written the same way, is taken
    Listener listener;
    EXPECT_EQ(digest(stage, listener), want) << method;
    EXPECT_EQ(listener.resumed_at, 6) << method;
    EXPECT_TRUE(of_the_checkpoint(listener.notes).empty());
  }
}

TEST_F(RefusedCheckpoint, OneThatIsCutOffAnywhereIsRefused) {
  Stage stage = stage_of("proden");
  std::string want = run(stage).content.result_digest().hex();
  stopped(stage, 6);
  std::string good = read_file(file_);
  for (std::size_t kept :
       {std::size_t{0}, std::size_t{7}, std::size_t{8}, std::size_t{100}, good.size() / 2, good.size() - 1}) {
    write_file_atomically(file_, good.substr(0, kept));
    Listener listener;
    EXPECT_EQ(digest(stage, listener), want) << kept;
    EXPECT_EQ(listener.resumed_at, -1) << kept;
    EXPECT_THAT(listener.notes, ElementsAre(HasSubstr("starts over"))) << kept;
  }
}

}  // namespace
}  // namespace winnow::train
