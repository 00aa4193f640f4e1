#include "winnow/data/templates.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "../refusal.h"

namespace winnow::data {
namespace {

TEST(Templates, ATemplateStandsForItself) {
  EXPECT_EQ(templates_of("a {}."), std::vector<std::string>{"a {}."});
  EXPECT_EQ(prompt("{}", "ankle_boot"), "ankle boot");
  EXPECT_THAT(refusal([] { prompt("no place", "cat"); }), testing::HasSubstr("has no {}"));
  for (const char* twice : {"a {} and {}.", "{}{}"}) {
    EXPECT_EQ(refusal([&] { prompt(twice, "cat"); }),
              fmt::format("the template '{}' has 2 {{}} for the class name, it must have one", twice));
    EXPECT_EQ(refusal([&] { templates_of(twice); }),
              fmt::format("the template '{}' has 2 {{}} for the class name, it must have one", twice));
  }
  EXPECT_EQ(refusal([] { templates_of("{} {} {}"); }),
            "the template '{} {} {}' has 3 {} for the class name, it must have one");
  EXPECT_EQ(prompt("a {}} or {", "cat"), "a cat} or {") << "other braces are text";
}

TEST(Templates, SetsHaveTheirPublishedSizes) {
  const std::map<std::string, std::size_t> sizes = {
      {"imagenet-80", 80}, {"imagenet-7", 7},         {"clip-caltech-101", 34},  {"clip-dtd", 8},
      {"clip-eurosat", 3}, {"clip-fgvc-aircraft", 2}, {"clip-stanford-cars", 8}, {"clip-ucf-101", 48},
      {"clip-cifar", 18},  {"nano-clip-8", 8}};
  for (const auto& [name, size] : sizes) {
    std::vector<std::string> all = templates_of(name);
    EXPECT_EQ(all.size(), size) << name;
    EXPECT_EQ(std::set<std::string>(all.begin(), all.end()).size(), size) << name;
    for (const std::string& one : all) EXPECT_NE(one.find("{}"), std::string::npos) << one;
  }
}

// CoOp's trainer of ensembles: the seven generic ones, then the data set's own.
TEST(Templates, EightAreSevenAndOneMore) {
  const std::map<std::string, std::string> own = {{"photo", "a photo of a {}."},
                                                  {"dtd", "{} texture."},
                                                  {"eurosat", "a centered satellite photo of {}."},
                                                  {"fgvc-aircraft", "a photo of a {}, a type of aircraft."},
                                                  {"flowers-102", "a photo of a {}, a type of flower."},
                                                  {"food-101", "a photo of {}, a type of food."},
                                                  {"oxford-pets", "a photo of a {}, a type of pet."},
                                                  {"ucf-101", "a photo of a person doing {}."}};
  for (const auto& [name, last] : own) {
    std::vector<std::string> want = templates_of("imagenet-7");
    want.push_back(last);
    EXPECT_EQ(templates_of("coop8-" + name), want);
  }
}

TEST(Templates, UnknownSetsAreRefused) {
  try {
    templates_of("imagenet80");
    FAIL();
  } catch (const UsageError& error) {
    EXPECT_THAT(error.what(), testing::HasSubstr("did you mean 'imagenet-80'?"));
  }
}

}  // namespace
}  // namespace winnow::data
