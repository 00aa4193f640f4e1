// Sweeps as texts, planned against a fixed catalogue.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "../folder.h"
#include "winnow/core/error.h"
#include "winnow/sweep/plan.h"

namespace winnow::sweep {

// The presets of this program, cut down to four methods, one model and one data set, so that messages which list them
// stay the same when more are added; and with a fingerprint for Fashion-MNIST.
inline Catalogue test_catalogue() {
  Catalogue catalogue = Catalogue::built_in({{"fashion-mnist", "0123456789abcdef0123456789abcdef"}});
  const std::vector<std::string> kept = {"cc", "ce", "crdpll", "proden"};
  std::erase_if(catalogue.methods,
                [&](const auto& entry) { return std::find(kept.begin(), kept.end(), entry.first) == kept.end(); });
  std::erase_if(catalogue.datasets, [](const auto& entry) { return entry.first != "fashion-mnist"; });
  for (Key& key : catalogue.common) {
    if (key.key == "method") key.words = kept;
    if (key.key == "model" || key.key.ends_with(".model")) key.words = {"nano-clip"};
    if (key.key == "dataset") key.words = {"fashion-mnist"};
  }
  return catalogue;
}

// All presets, as if every data set and every model's weights lay here.
inline Catalogue whole_catalogue() {
  Catalogue catalogue = Catalogue::built_in({});
  for (const auto& [name, dataset] : catalogue.datasets) catalogue.fingerprints[name] = "d";
  for (const auto& [name, model] : catalogue.models) catalogue.fingerprints[name] = "w";
  return catalogue;
}

class SweepTest : public ::testing::Test {
 protected:
  SweepTest() {
    before_ = std::filesystem::current_path();
    std::filesystem::current_path(folder_.path());  // so that messages say s.toml:3
  }
  ~SweepTest() override { std::filesystem::current_path(before_); }

  Plan plan(const std::string& text, const std::vector<std::string>& sets = {}) const {
    std::ofstream("s.toml", std::ios::binary) << text;  // without the syncs of write_file_atomically
    return Plan::read("s.toml", catalogue_, sets);
  }
  // The message with which the sweep is refused, or "accepted".
  std::string refusal(const std::string& text, const std::vector<std::string>& sets = {}) const {
    try {
      plan(text, sets);
    } catch (const UsageError& error) {
      return error.what();
    }
    return "accepted";
  }

  Catalogue catalogue_ = test_catalogue();

 private:
  Folder folder_;
  Path before_;
};

// A sweep with the settings that every experiment needs; `rest`, still in [base], begins in line 4.
inline std::string sweep(const std::string& rest) {
  return "[base]\ndataset = \"fashion-mnist\"\nmodel = \"nano-clip\"\n" + rest;
}

}  // namespace winnow::sweep
