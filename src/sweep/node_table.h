// The nodes of a plan, one per identity: an open-addressing table of indices, because a million std::map entries would
// take longer to make than their hashes (8 bytes a node here).
#pragma once

#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "winnow/sweep/plan.h"

namespace winnow::sweep {

class NodeTable {
 public:
  // The node of this identity and whether it is new. A new one gets a copy of `inputs` that lives as long as the table;
  // a known one becomes as wide as `node`, if it was narrower.
  std::pair<std::uint32_t, bool> add(Node node, std::span<const std::uint32_t> inputs);

  const std::vector<Node>& nodes() const { return nodes_; }

 private:
  std::span<const std::uint32_t> keep(std::span<const std::uint32_t> inputs);
  void grow();

  std::vector<Node> nodes_;
  std::vector<std::uint32_t> slots_;  // node + 1; 0: empty. A power of two, at most half full
  static constexpr std::size_t kChunk = 1 << 14;
  std::vector<std::unique_ptr<std::uint32_t[]>> chunks_;
  std::size_t used_ = kChunk;  // of the last chunk
};

}  // namespace winnow::sweep
