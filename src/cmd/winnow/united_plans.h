// Several sweeps as one graph of stages: what they share is there once.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "winnow/sweep/plan.h"

namespace winnow::cmd {

// Plans without open identities, in the order of their priority. Stages are numbered so that inputs come first; with
// one plan the numbers are its own. `done` is asked once for each identity.
class UnitedPlans {
 public:
  using Done = std::function<bool(const Identity&)>;
  UnitedPlans(std::vector<sweep::Plan>, const Done& done);

  // A further plan, of a run that goes on; returns its place. What it shares keeps its number, but what has no result
  // and will have none: that is there twice. `stand`: whether the run has executed a stage, or still will.
  enum class Stand { open, done, gone };
  std::size_t add(sweep::Plan, const Done&, const std::function<Stand(std::uint32_t stage)>& stand);
  sweep::Plan only() && { return std::move(plans_.front()); }  // of one; what is left is numbers
  void retire(std::size_t plan);                               // nothing is needed for it any more
  bool retired(std::size_t plan) const { return retired_[plan]; }

  struct Member {
    Identity identity;
    std::uint32_t plan, node;  // the first plan that has it, and where
    std::uint32_t width;       // the largest that a plan asks for
    std::uint32_t plans;       // that have it
    bool done;
    bool replaced = false;  // by the same stage under a later number
  };
  const std::vector<sweep::Plan>& plans() const { return plans_; }
  const std::vector<Member>& stages() const { return stages_; }
  const sweep::Node& node(std::uint32_t stage) const {
    return plans_[stages_[stage].plan].nodes()[stages_[stage].node];
  }
  std::vector<std::uint32_t> inputs(std::uint32_t stage) const;
  Stage regenerate(std::uint32_t stage) const { return plans_[stages_[stage].plan].stage(stages_[stage].node); }

  std::size_t distinct() const { return stages_.size() - replaced_; }

  const std::vector<std::uint32_t>& numbers(std::size_t plan) const { return numbers_[plan]; }  // of stages, by node
  // By stage: a plan has it, and needs it executed.
  const std::vector<bool>& needed_by(std::size_t plan) const { return needed_by_[plan]; }
  // Only these are to be executed, from now on: others do the rest. Indexed by stage.
  void restrict_to(const std::vector<bool>& stages);
  std::size_t left_out_of(std::size_t plan) const { return left_out_[plan]; }  // stages that it needs, and others do
  // The first plan that needs it executed; as many as there are plans: none does.
  std::size_t first_need(std::uint32_t stage) const;
  std::size_t done_of(std::size_t plan) const { return done_of_[plan]; }  // stages of the plan that are done

  // "proden, flip 0.1, seed 2"; where there are several plans, behind the names of those that need it executed:
  // "a, b: backbone nano-clip".
  std::string label(std::uint32_t stage) const;

 private:
  void count(std::size_t plan);

  std::vector<sweep::Plan> plans_;
  std::vector<Member> stages_;
  std::vector<std::vector<std::uint32_t>> numbers_;   // [plan][node]
  std::vector<std::vector<bool>> needed_by_, cells_;  // [plan][stage], [plan][node]
  std::vector<std::size_t> done_of_, left_out_;       // by plan
  std::vector<std::vector<std::string>> axes_;        // by plan
  std::vector<bool> retired_;                         // by plan
  std::size_t replaced_ = 0;
};

}  // namespace winnow::cmd
