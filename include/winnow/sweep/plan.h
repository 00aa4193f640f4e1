// What a sweep comes to: experiments (samples of table cells) and the graph of stages that they share.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "winnow/core/file.h"
#include "winnow/sweep/catalogue.h"
#include "winnow/stage/stage.h"

namespace winnow::sweep {

// One experiment's full settings with the level that set each one ("grid 1", "preset fashion-mnist", "override 2", "--set").
struct Explained {
  std::string key;
  Value value;
  std::string level;
  std::string where;                              // "sweeps/quickstart.toml:12", or the preset's name
};

struct Node {                                     // a stage of the graph
  Identity identity;
  std::string label;                              // the recipe's name for it: "train", "detect", "p1.m1", "backbone"
  std::uint32_t experiment;                       // the first experiment that needs it: stage() regenerates it from there
  std::vector<std::uint32_t> inputs;              // indices of nodes that must be done first
};

class Plan {
 public:
  // Reads, checks and expands. `sets` are --set key=value, in order. UsageError for whatever `run` would refuse.
  static Plan read(const Path& sweep_file, const Catalogue&, const std::vector<std::string>& sets = {});

  const std::string& name() const;
  const std::string& question() const;
  std::size_t experiments() const;
  const std::vector<Node>& nodes() const;         // topological order; one node per identity
  Hash128 digest() const;                         // of the sweep file's bytes and the --set: did it change while running?

  Settings settings(std::size_t experiment) const;                      // effective, flat
  std::vector<Explained> explain(std::size_t experiment) const;
  std::uint32_t cell_node(std::size_t experiment) const;                // the node whose result is the experiment's number
  Stage stage(std::uint32_t node) const;                                // regenerated
  std::vector<std::string> axes() const;          // keys that differ between experiments, in order of first appearance

  Plan(Plan&&) noexcept;
  ~Plan();

 private:
  struct Impl;
  explicit Plan(std::unique_ptr<Impl>);
  std::unique_ptr<Impl> impl_;
};

}  // namespace winnow::sweep
