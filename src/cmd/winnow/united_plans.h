// Several sweeps as one graph of stages: what they share is there once.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "winnow/sweep/plan.h"

namespace winnow::cmd {

// Plans without open identities, in the order of their priority. Stages are numbered so that inputs come first; with
// one plan the numbers are its own. `done` is asked once for each identity.
class UnitedPlans {
 public:
  UnitedPlans(std::vector<sweep::Plan>, const std::function<bool(const Identity&)>& done);

  struct Member {
    Identity identity;
    std::uint32_t plan, node;  // the first plan that has it, and where
    std::uint32_t width;       // the largest that a plan asks for
    std::uint32_t plans;       // that have it
    bool done;
  };
  const std::vector<sweep::Plan>& plans() const { return plans_; }
  const std::vector<Member>& stages() const { return stages_; }
  const sweep::Node& node(std::uint32_t stage) const {
    return plans_[stages_[stage].plan].nodes()[stages_[stage].node];
  }
  std::vector<std::uint32_t> inputs(std::uint32_t stage) const;
  Stage regenerate(std::uint32_t stage) const { return plans_[stages_[stage].plan].stage(stages_[stage].node); }

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
  std::vector<sweep::Plan> plans_;
  std::vector<Member> stages_;
  std::vector<std::vector<std::uint32_t>> numbers_;   // [plan][node]
  std::vector<std::vector<bool>> needed_by_, cells_;  // [plan][stage], [plan][node]
  std::vector<std::size_t> done_of_, left_out_;       // by plan
  std::vector<std::vector<std::string>> axes_;        // by plan
};

}  // namespace winnow::cmd
