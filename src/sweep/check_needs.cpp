#include "check_needs.h"

#include <fmt/format.h>

#include "winnow/core/error.h"

namespace winnow::sweep {

namespace {

class Needs {
 public:
  Needs(Inspection& seen, const Catalogue& catalogue) : seen_(seen), catalogue_(catalogue) {}

  void check() {
    constexpr std::string_view kMethod = "method";
    for (const std::string& key : seen_.named(std::string(kMethod))) {
      std::string table = key.substr(0, key.size() - kMethod.size());  // "detect.", or nothing
      const Method& method = catalogue_.method(seen_.text(key));
      check(method, table);
      if (method.learner.empty()) continue;
      if (auto learner = catalogue_.methods.find(method.learner); learner != catalogue_.methods.end())
        check(learner->second, table);
    }
  }

 private:
  void check(const Method& method, const std::string& table) {
    for (Need need : method.needs) switch (need) {
        case Need::validation: validation(method); break;
        case Need::epochs_after_warmup: epochs_after_warmup(table); break;
        case Need::fine_steps: fine_steps(method, table); break;
        case Need::one_context: one_context(table); break;
      }
    shares(method, table);
  }

  void validation(const Method& method) {
    if (seen_.real("data.validation") == 0 && seen_.text("data.validation_split") != "own")
      throw UsageError(fmt::format(
          "{}: method {} is tuned on labelled samples that are set aside: data.validation must be above 0, or "
          "data.validation_split = own where the data set has a validation part",
          seen_.where("method"), method.name));
  }

  void epochs_after_warmup(const std::string& table) {
    std::string warmup = table + "warmup_epochs", epochs = table + "train.epochs";
    if (!seen_.find(warmup) || seen_.integer(warmup) < seen_.integer(epochs)) return;
    throw UsageError(fmt::format("{}: {} = {}: of {} epochs none is left in which samples are selected",
                                 seen_.where(warmup), warmup, seen_.integer(warmup), seen_.integer(epochs)));
  }

  void fine_steps(const Method& method, const std::string& table) {
    std::string precision = table + "train.precision";
    if (seen_.text(precision) == "fp16-pure")
      throw UsageError(
          fmt::format("{}: {} = fp16-pure: method {} averages weights, in steps too small for fp16; take "
                      "fp16, bf16 or fp32",
                      seen_.where(precision), precision, method.name));
  }

  void one_context(const std::string& table) {
    std::string depth = table + "context_depth";
    if (!seen_.find(depth) || seen_.integer(depth) == 1) return;
    for (const auto& [key, wanted] : {std::pair{"context_of", "all"}, {"name_place", "end"}})
      if (std::string name = table + key, value = seen_.text(name); value != wanted)
        throw UsageError(
            fmt::format("{}: {} = {}: blocks with a context of their own ({} = {}) have it in front of all "
                        "names; take {} = {}, or {} = 1",
                        seen_.where(name), name, value, depth, seen_.integer(depth), name, wanted, depth));
  }

  void shares(const Method& method, const std::string& table) {
    std::vector<std::string> parts;
    double sum = 0;
    for (const std::string& key : method.shares) {
      const std::string name = table + key;
      if (!seen_.find(name)) continue;
      parts.push_back(fmt::format("{} = {} ({})", name, seen_.real(name), seen_.where(name)));
      sum += seen_.real(name);
    }
    constexpr double kRounding = 1e-9;
    if (sum > 1 + kRounding)
      throw UsageError(fmt::format("{}: shares of a whole, at most 1 together", fmt::join(parts, ", ")));
  }

  Inspection& seen_;
  const Catalogue& catalogue_;
};

}  // namespace

void check_needs(Inspection& seen, const Catalogue& catalogue) { Needs(seen, catalogue).check(); }

}  // namespace winnow::sweep
