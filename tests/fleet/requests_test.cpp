#include "winnow/fleet/requests.h"

#include <gmock/gmock.h>

#include <fstream>

#include "../folder.h"
#include "../refusal.h"
#include "lease.h"
#include "request_files.h"
#include "winnow/core/error.h"

namespace winnow::fleet {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class Requests : public testing::Test {
 protected:
  Folder folder_;
  StoreLease lease_{folder_.path(), 1, 30s};
  RequestFiles files_{folder_.path()};

  std::vector<Request> answer(const std::string& text = "done", bool refuse = false) {
    std::vector<Request> found;
    files_.answer([&](const std::string&, const Request& request) -> std::optional<std::string> {
      found.push_back(request);
      if (refuse) throw UsageError(text);
      return text;
    });
    return found;
  }
  void put(const std::string& name, const std::string& text) {
    std::filesystem::create_directories(folder_ / "requests");
    std::ofstream(folder_ / "requests" / name) << text;
  }
  std::string said(const std::string& name) { return read_file(folder_ / "requests" / name); }
};

TEST_F(Requests, ArriveAndAreAnsweredOnce) {
  Asked asked(folder_.path(), {Request::Kind::retry, "", {"3f56", "a41c"}});
  EXPECT_FALSE(asked.answer());
  std::vector<Request> found = answer("2 failed stages are tried again");
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].kind, Request::Kind::retry);
  EXPECT_THAT(found[0].stages, ElementsAre("3f56", "a41c"));
  EXPECT_EQ(asked.answer()->text, "2 failed stages are tried again");
  EXPECT_THAT(answer(), IsEmpty());
}

TEST_F(Requests, AFurtherSweepComesAsItWasAsked) {
  Asked asked(folder_.path(), {Request::Kind::add, "", {}, {"/x/b.toml", {"seed=3"}, {"/x/presets"}, true}});
  std::vector<Request> found = answer();
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].further.file, "/x/b.toml");
  EXPECT_THAT(found[0].further.sets, ElementsAre("seed=3"));
  EXPECT_THAT(found[0].further.presets, ElementsAre("/x/presets"));
  EXPECT_TRUE(found[0].further.first);
}

TEST_F(Requests, WhatTakesTimeIsAskedAgainUntilItIsAnswered) {
  Asked asked(folder_.path(), {Request::Kind::add, "", {}, {"/x/b.toml", {}, {}, false}});
  std::vector<std::string> names;
  auto later = [&](const std::string& name, const Request&) -> std::optional<std::string> {
    names.push_back(name);
    if (names.size() < 3) return std::nullopt;
    return "9 stages";
  };
  for (int look = 0; look < 4; ++look) {
    EXPECT_EQ(asked.answer().has_value(), look == 3);
    files_.answer(later);
  }
  ASSERT_EQ(names.size(), 3u);
  EXPECT_EQ(names[0], names[2]) << "the same request";
  EXPECT_EQ(asked.answer()->text, "9 stages");
}

TEST_F(Requests, ARefusalIsAnAnswer) {
  Asked asked(folder_.path(), {Request::Kind::cancel, "no such", {}});
  answer("this run has no sweep no such", true);
  EXPECT_TRUE(asked.answer()->refused);
  EXPECT_THAT(asked.answer()->text, HasSubstr("no sweep"));
}

TEST_F(Requests, NothingIsLeftBehind) {
  { Asked unanswered(folder_.path(), {}); }
  {
    Asked answered(folder_.path(), {}), other(folder_.path(), {});
    EXPECT_EQ(answer().size(), 2u);
  }
  EXPECT_TRUE(std::filesystem::is_empty(folder_ / "requests"));
}

TEST_F(Requests, NonsenseIsRefusedAndCarriesOutNothing) {
  put("a.request", "\xff\x00 nonsense");
  put("b.request", "[1, 2]");
  put("c.request", R"({"request": "cancell"})");
  put("ca.request", R"({"request": "add", "sets": ["seed=3"]})");
  put("d.request", std::string(2 << 20, 'x'));
  put("e.txt", "no request");
  std::filesystem::create_symlink("/etc/passwd", folder_ / "requests/f.request");
  std::filesystem::create_directory(folder_ / "requests/g.request");
  EXPECT_THAT(answer(), IsEmpty());
  EXPECT_THAT(said("a.answer"), HasSubstr("no request of winnow's"));
  EXPECT_THAT(said("c.answer"), HasSubstr("cancel"));
  EXPECT_THAT(said("d.answer"), HasSubstr("no request of winnow's"));
  EXPECT_TRUE(std::filesystem::exists("/etc/passwd"));
  EXPECT_EQ(said("e.txt"), "no request");
}

TEST_F(Requests, WhatAnotherRunWasAskedIsForgotten) {
  put("old.request", R"({"request": "cancel"})");
  RequestFiles(folder_.path()).answer([](const std::string&, const Request&) -> std::optional<std::string> {
    throw InternalError("carried out");
  });
}

TEST_F(Requests, OnlyRequestsAndAnswersAreRemoved) {
  Path outside = folder_ / "outside";
  std::filesystem::create_directories(outside / "folder");
  for (const char* mine : {"old.request", "old.answer", ".old.request.7.0.part", ".old.answer.7.0.part"})
    put(mine, "{}");
  for (const char* other : {"notes.txt", ".hidden", ".notes.7.0.part"}) put(other, "kept");
  overwrite(outside / "precious", "kept");
  std::filesystem::create_symlink(outside / "precious", folder_ / "requests/a.request");
  std::filesystem::create_directory_symlink(outside, folder_ / "requests/b.request");
  std::filesystem::create_directories(folder_ / "requests/c.request/within");
  RequestFiles again(folder_.path());
  std::vector<std::string> left;
  for (const auto& entry : std::filesystem::directory_iterator(folder_ / "requests"))
    left.push_back(entry.path().filename());
  EXPECT_THAT(left, testing::UnorderedElementsAre("notes.txt", ".hidden", ".notes.7.0.part", "a.request", "b.request",
                                                  "c.request"));
  EXPECT_EQ(read_file(outside / "precious"), "kept");
}

TEST_F(Requests, AFolderElsewhereIsNeitherEmptiedNorWrittenInto) {
  Path outside = folder_ / "outside";
  std::filesystem::create_directories(outside);
  overwrite(outside / "a.request", R"({"request": "cancel"})");
  std::filesystem::create_directory_symlink(outside, folder_ / "requests");
  EXPECT_THAT(refusal([&] { RequestFiles(folder_.path()); }), HasSubstr("requests is a link: "));
  EXPECT_THAT(refusal([&] { Asked(folder_.path(), {}); }), HasSubstr("requests is a link: "));
  EXPECT_THAT(answer(), IsEmpty()) << "of a run that had begun before the link was there";
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(outside), {}), 1);
  std::filesystem::remove(folder_ / "requests");
  overwrite(folder_ / "requests", "a file");
  EXPECT_THAT(refusal([&] { RequestFiles(folder_.path()); }), HasSubstr("requests is no folder: "));
}

TEST(RequestsOfNoRun, AreRefused) {
  Folder folder;
  EXPECT_THAT(refusal([&] { Asked(folder.path(), {}); }), HasSubstr("no run works on"));
}

}  // namespace
}  // namespace winnow::fleet
