#include "stage_classes.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "shown.h"

namespace winnow::cmd {

namespace {

using Deciding = std::map<std::string, std::string>;

Deciding deciding(const Stage& stage) {
  Deciding result;
  for (const auto& [key, value] : stage.settings.all())
    if (decides_class(key, value)) result[key] = shown(value);
  for (const auto& [name, print] : stage.fingerprints) result["fingerprint of " + name] = print;
  return result;
}

constexpr const char* kNaming[] = {"method", "model", "adapt", "labels.kind", "dataset"};

// "train: proden, nano-clip, adaptformer, flip": of what names a class, that which is not the same in all of them; and
// the method.
void name_all(std::vector<StageClass>& all, const std::vector<std::string>& labels,
              const std::vector<Deciding>& settings) {
  std::map<std::string, std::set<std::string>> values;
  for (const Deciding& own : settings)
    for (const char* key : kNaming)
      if (auto found = own.find(key); found != own.end()) values[key].insert(found->second);
  for (std::size_t i = 0; i < all.size(); ++i) {
    all[i].name = labels[i];
    const char* before = ": ";
    for (const char* key : kNaming)
      if (auto found = settings[i].find(key);
          found != settings[i].end() && (values[key].size() > 1 || std::string_view(key) == "method")) {
        all[i].name += before + found->second;
        before = ", ";
      }
  }
}

// Classes that a short name does not distinguish get what they differ in.
void tell_apart(std::vector<StageClass>& all, const std::vector<Deciding>& settings) {
  std::map<std::string, std::vector<std::size_t>> alike;
  for (std::size_t i = 0; i < all.size(); ++i) alike[all[i].name].push_back(i);
  for (const auto& [name, members] : alike) {
    if (members.size() == 1) continue;
    std::map<std::string, std::set<std::string>> values;
    for (std::size_t i : members)
      for (const auto& [key, value] : settings[i]) values[key].insert(value);
    for (const auto& [key, different] : values)
      for (std::size_t i : members) {
        auto own = settings[i].find(key);
        bool everywhere =
            std::all_of(members.begin(), members.end(), [&](std::size_t m) { return settings[m].count(key) != 0; });
        if ((different.size() > 1 || !everywhere) && own != settings[i].end() && !key.starts_with("fingerprint"))
          all[i].name += fmt::format(", {} {}", key, own->second);
      }
    std::map<std::string, int> seen;
    for (std::size_t i : members)
      if (int number = ++seen[all[i].name]; number > 1) all[i].name += fmt::format(" ({})", number);
  }
}

}  // namespace

bool decides_class(const std::string& key, const Value& value) {
  auto ends = [&](std::string_view end) {
    return key.size() >= end.size() && key.compare(key.size() - end.size(), end.size(), end) == 0;
  };
  if (key == "seed" || ends(".seed") || ends("_seed") || key == "member" || key == "round") return false;
  if (ends(".epochs") || ends("_epochs") || key == "epochs") return false;
  if (value.is_number_float())
    return key.starts_with("data.") || key == "labels.keep_fraction" || key.starts_with("architecture.");
  return true;
}

StageClasses::StageClasses(const sweep::Plan& plan, const std::vector<bool>& to_run)
    : of_node_(plan.nodes().size(), kNone) {
  std::map<std::string, std::uint32_t> known;
  std::vector<Deciding> settings;
  std::vector<std::string> labels;
  for (std::uint32_t i = 0; i < plan.nodes().size(); ++i) {
    if (!to_run[i]) continue;
    const sweep::Node& node = plan.nodes()[i];
    Stage stage = plan.stage(i);
    Deciding own = deciding(stage);
    std::string key = fmt::format("{} {} {}", to_string(stage.kind), node.label, node.width);
    for (const auto& [name, value] : own) key += fmt::format("\n{}={}", name, value);
    for (Output output : stage.outputs) key += fmt::format("\ngives {}", static_cast<int>(output));
    for (const auto& [name, input] : stage.inputs) key += fmt::format("\nneeds {}", name);
    for (std::uint32_t input : node.inputs) {
      key += fmt::format("\nof {}", of_node_[input]);
      if (of_node_[input] == kNone || plan.nodes()[input].label == "backbone") continue;  // the model's name says that
      const Deciding& earlier = settings[of_node_[input]];
      auto method = earlier.find("method");
      own["after"] += (own["after"].empty() ? "" : " and ") +
                      (method == earlier.end() ? std::string(plan.nodes()[input].label) : method->second);
    }
    auto [found, fresh] = known.try_emplace(key, static_cast<std::uint32_t>(all_.size()));
    if (fresh) {
      all_.push_back({i, {}, ""});
      labels.emplace_back(node.label);
      settings.push_back(std::move(own));
    }
    all_[found->second].members.push_back(i);
    of_node_[i] = found->second;
  }
  name_all(all_, labels, settings);
  tell_apart(all_, settings);
  choose(plan);
}

// From the last stages to the first: what the chosen ones need stands for its class, too.
void StageClasses::choose(const sweep::Plan& plan) {
  std::vector<bool> covered(all_.size()), tried(plan.nodes().size());
  std::vector<std::uint32_t> waiting;
  auto take = [&](std::uint32_t node) {
    if (of_node_[node] == kNone || tried[node]) return;
    tried[node] = true;
    waiting.push_back(node);
    if (!covered[of_node_[node]]) all_[of_node_[node]].tried = node;
    covered[of_node_[node]] = true;
  };
  for (std::size_t i = plan.nodes().size(); i-- > 0;) {
    std::uint32_t own = of_node_[i];
    if (own == kNone || covered[own]) continue;
    take(all_[own].members.front());
    while (!waiting.empty()) {
      std::uint32_t node = waiting.back();
      waiting.pop_back();
      for (std::uint32_t input : plan.nodes()[node].inputs) take(input);
    }
  }
  for (std::uint32_t i = 0; i < tried.size(); ++i)
    if (tried[i]) to_try_.push_back(i);
}

}  // namespace winnow::cmd
