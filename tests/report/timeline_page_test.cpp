#include "winnow/report/timeline_page.h"

#include <gmock/gmock.h>

namespace winnow::report {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(TimelinePage, ShowsEveryAttemptInALaneOfItsHostAndNothingIsLoaded) {
  TimelinePage page;
  page.title = "paper, simulated";
  page.words = "What 2 nodes would do.";
  page.facts = {{"makespan", "3 h"}, {"slots", "<90 % busy"}};
  page.attempts = {{"cc seed 0", "ab", "node 0", "done", 1, 0, 100},
                   {"cc seed 1", "cd", "node 1", "failed", 1, 0, 50},
                   {"cc seed 1", "cd", "node 1", "done", 2, 60, 160}};
  page.left_out = 4;
  std::string html = render_html(page);
  for (const char* text : {"paper, simulated", "3 attempts on 2 slots", "cc seed 1, attempt 2: done", "node 1", "3 h",
                           "&lt;90 % busy", "4 more attempts"})
    EXPECT_THAT(html, HasSubstr(text));
  for (const char* outside : {"http://", "https://", "<link", "src=", "<script"})
    EXPECT_THAT(html, Not(HasSubstr(outside)));
}

TEST(TimelinePage, OfNothingIsAPageAllTheSame) {
  EXPECT_THAT(render_html(TimelinePage{"empty", "", {}, {}, 0}), HasSubstr("<h1>empty</h1>"));
}

}  // namespace
}  // namespace winnow::report
