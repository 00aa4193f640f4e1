// Where the time of a training step goes, method by method: stages run through the real engine, the scopes of
// winnow/train/scopes.h are timed in processor time of this thread. Steps of the first epoch are left out; figures are
// medians over steps. What the columns are: methods_bench.sh.
//   bench-methods REFERENCE ROUNDS STAGE.json...      as tests/bench/methods_bench.sh calls it
#include <ATen/Parallel.h>
#include <ATen/record_function.h>
#include <fmt/format.h>
#include <sys/resource.h>
#include <time.h>

#include <algorithm>
#include <array>
#include <map>
#include <string_view>

#include "winnow/core/error.h"
#include "winnow/core/file.h"
#include "winnow/data/dataset.h"
#include "winnow/store/store.h"
#include "winnow/train/execute.h"
#include "winnow/train/scopes.h"

namespace {

using namespace winnow;

double now() {
  timespec t{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) + 1e-9 * static_cast<double>(t.tv_nsec);
}

// Seconds of one step, by scope; scope::step is the whole.
using Step = std::map<std::string_view, double>;

// A scope inside another one (the rows of a chunk again, in a backward) belongs to the outer one.
class Clock {
 public:
  Clock() {
    handle_ =
        at::addThreadLocalCallback(at::RecordFunctionCallback(&begin, &end).scopes({at::RecordScope::USER_SCOPE}));
  }
  ~Clock() { at::removeCallback(handle_); }
  Clock(const Clock&) = delete;
  static std::vector<Step> take() { return std::exchange(steps_, {}); }

 private:
  struct Begin final : at::ObserverContext {
    double at = 0;
  };
  static std::unique_ptr<at::ObserverContext> begin(const at::RecordFunction& function) {
    auto result = std::make_unique<Begin>();
    if (function.name() == std::string_view(train::scope::step)) {
      steps_.emplace_back();
      depth_ = 0;
    }
    ++depth_;
    result->at = now();
    return result;
  }
  static void end(const at::RecordFunction& function, at::ObserverContext* context) {
    double spent = now() - static_cast<Begin*>(context)->at;
    if (--depth_ <= 1 && !steps_.empty()) steps_.back()[name_of(function)] += spent;
  }
  static std::string_view name_of(const at::RecordFunction& function) {
    for (const char* name : {train::scope::step, train::scope::inputs, train::scope::forward, train::scope::backward,
                             train::scope::module, train::scope::loss, train::scope::optimiser})
      if (function.name() == std::string_view(name)) return name;
    return "other";
  }

  at::CallbackHandle handle_;
  static inline std::vector<Step> steps_;
  static inline int depth_ = 0;
};

class Silent final : public train::Observer {
 public:
  bool report_wanted(std::int64_t, std::int64_t) override { return false; }
};

train::Context context_of(const Stage& stage, const Path& reference) {
  train::Context result;
  std::string name = stage.settings.text("dataset");
  auto record = data::read_record(name);
  if (!record) throw DataError(fmt::format("data set {} was never checked here: run winnow data check {}", name, name));
  result.data[name] = data::cache_path(*record);
  store::Store store(reference, {});
  for (const auto& [input, from] : stage.inputs) {
    auto found = store.find(from.stage);
    if (!found) throw DataError(fmt::format("stage {} is not in {}", from.stage.hex(), reference.string()));
    result.inputs[input] = *found;
  }
  return result;
}

template <class Figure>
double median(const std::vector<Step>& steps, Figure figure) {
  std::vector<double> values;
  for (const Step& step : steps) values.push_back(figure(step));
  std::sort(values.begin(), values.end());
  return values.at(values.size() / 2);
}

double of(const Step& step, const char* scope) {
  auto found = step.find(scope);
  return found == step.end() ? 0 : found->second;
}

void run(const Path& reference, int rounds, const std::vector<std::string>& files) {
  at::set_num_threads(1);
  auto alone = comm::alone();
  Silent silent;
  std::vector<std::string> methods;
  std::map<std::string, std::vector<Step>> measured;
  for (int round = 0; round < rounds; ++round)
    for (const std::string& file : files) {
      Stage stage = stage_from_json(Value::parse(read_file(file)));
      std::string method = stage.settings.text("method");
      if (round == 0) methods.push_back(method);
      Clock clock;
      train::execute(stage, context_of(stage, reference), *alone, silent);
      std::vector<Step> own = Clock::take();
      std::size_t first = own.size() / static_cast<std::size_t>(stage.settings.integer("train.epochs"));
      measured[method].insert(measured[method].end(), own.begin() + static_cast<std::ptrdiff_t>(first), own.end());
    }

  namespace scope = train::scope;
  fmt::print("{:<10}{:>9}{:>7}{:>10}{:>10}{:>9}{:>10}{:>11}{:>7}{:>10}{:>7}{:>8}\n", "method", "steps/s", "x cc",
             "networks", "images", "forward", "backward", "optimiser", "heads", "gradient", "other", "beyond");
  double base = 0;
  for (const std::string& method : methods) {
    const std::vector<Step>& steps = measured.at(method);
    double seconds = median(steps, [](const Step& step) { return of(step, scope::step); });
    double networks = median(steps, [](const Step& step) {
      return of(step, scope::inputs) + of(step, scope::forward) + of(step, scope::backward) +
             of(step, scope::optimiser);
    });
    if (base == 0) base = seconds;
    auto percent = [&](auto... scopes) {
      return 100 * median(steps, [&](const Step& step) { return (of(step, scopes) + ...) / of(step, scope::step); });
    };
    auto rest = [&](auto... scopes) {
      return 100 *
             median(steps, [&](const Step& step) { return 1 - (of(step, scopes) + ...) / of(step, scope::step); });
    };
    fmt::print(
        "{:<10}{:>9.2f}{:>7.2f}{:>10.2f}{:>9.1f}%{:>8.1f}%{:>9.1f}%{:>10.1f}%{:>6.1f}%{:>9.1f}%{:>6.1f}%{:>7.1f}%\n",
        method, 1 / seconds, seconds / base, networks / base, percent(scope::inputs), percent(scope::forward),
        percent(scope::backward), percent(scope::optimiser), percent(scope::module), percent(scope::loss),
        rest(scope::inputs, scope::forward, scope::backward, scope::optimiser, scope::module, scope::loss),
        rest(scope::inputs, scope::forward, scope::backward, scope::optimiser));
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 4) {
    fmt::print(stderr, "usage: bench-methods REFERENCE ROUNDS STAGE.json...\n");
    return 2;
  }
  try {
    run(argv[1], std::atoi(argv[2]), {argv + 3, argv + argc});
  } catch (const std::exception& error) {
    fmt::print(stderr, "{}\n", error.what());
    return 1;
  }
}
