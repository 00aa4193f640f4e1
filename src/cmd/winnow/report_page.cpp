#include "report_page.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <unordered_set>

#include "stage_order.h"
#include "status_fields.h"
#include "utc_time.h"
#include "waiting_reasons.h"
#include "winnow/core/counted.h"
#include "winnow/core/error.h"
#include "winnow/fleet/journal_records.h"
#include "winnow/fleet/status.h"

namespace winnow::cmd {

namespace {

std::map<std::string, std::string> labels_of(const sweep::Plan& plan) {
  std::map<std::string, std::string> result;
  for (const sweep::Node& node : plan.nodes()) {
    std::string label(node.label);
    if (label != "backbone") {
      Settings settings = plan.settings(node.experiment);
      label = fmt::format("{} {}", settings.text("method"), label);
      for (const std::string& axis : plan.axes())
        if (axis != "method" && settings.has(axis)) {
          const Value& value = settings.at(axis);
          label += fmt::format(", {} {}", axis, value.is_string() ? value.get<std::string>() : value.dump());
        }
    }
    result[node.identity.hex()] = label;
  }
  return result;
}

class History {
 public:
  History(const sweep::Plan& plan, report::Page& page) : labels_(labels_of(plan)), page_(page) {}

  void take(const Value& record) {
    std::string event = record.value("event", ""), identity = record.value("identity", "");
    double time = record.value("time", 0.0);
    last_ = time;
    if (event == "begin" || event == "added") note_company(record);
    if (event == "begin" || event == "end") {  // a new coordinator: what the one before left open was lost
      for (auto& [key, open] : open_) end(open, "lost", time);
      open_.clear();
      if (event == "begin") blocked_.clear();  // what had failed is tried again
      return;
    }
    auto label = labels_.find(identity);
    if (label == labels_.end()) return;
    int number = record.value("attempt", 1);
    if (event == "blocked") blocked_[identity] = record.value("by", "");
    if (event == "started" || event == "done" || event == "revived") blocked_.erase(identity);
    if (event == "started") {
      page_.attempts.push_back({label->second, identity, record.value("host", ""), "running", number, time, time});
      open_[identity] = page_.attempts.size() - 1;
    } else if (event == "done" || event == "failed" || event == "returned" || event == "lost") {
      if (auto found = open_.find(identity); found != open_.end()) {
        end(found->second, event, time);
        if (auto memory = record.find("device_memory"); memory != record.end() && memory->is_number())
          page_.attempts[found->second].device_memory = memory->get<double>();
        open_.erase(found);
      }
      if (event == "done")
        for (report::Failure& failure : page_.failures)
          failure.recovered = failure.recovered || failure.identity == identity;
      if (event == "failed") fail(record, label->second, identity, number, time);
    }
  }
  void finish() {
    if (!company_.empty())
      page_.notes.push_back(
          fmt::format("A run of this sweep worked on other sweeps, too: {}", fmt::join(company_, ", ")));
    std::map<std::string, std::size_t> in_vain;  // by what failed
    for (const auto& [stage, failed] : blocked_) ++in_vain[failed];
    for (const auto& [failed, stages] : in_vain) {
      auto label = labels_.find(failed);
      page_.waiting.push_back({counted(stages, "stage"),
                               fmt::format("for {}, which failed", label == labels_.end() ? failed : label->second)});
    }
    for (auto& [key, open] : open_) page_.attempts[open].end = std::max(last_, page_.attempts[open].begin);
  }

 private:
  // Whom this sweep has run with: their stages took places, too.
  void note_company(const Value& record) {
    auto sweeps = record.find("sweeps");
    if (sweeps == record.end() || !sweeps->is_array()) return;
    if (std::find(sweeps->begin(), sweeps->end(), Value(page_.name)) == sweeps->end()) return;
    for (const Value& name : *sweeps)
      if (name.is_string() && name != page_.name) company_.insert(name.get<std::string>());
  }
  void end(std::size_t attempt, const std::string& outcome, double time) {
    page_.attempts[attempt].outcome = outcome;
    page_.attempts[attempt].end = time;
  }
  void fail(const Value& record, const std::string& label, const std::string& identity, int number, double time) {
    page_.failures.push_back({label, identity, record.value("class", ""), record.value("text", ""),
                              record.value("lines", ""), number, time, false});
  }

  std::map<std::string, std::string> labels_;
  report::Page& page_;
  std::set<std::string> company_;
  std::map<std::string, std::size_t> open_;     // by stage: its running attempt
  std::map<std::string, std::string> blocked_;  // by stage: what it needs, and failed
  double last_ = 0;
};

// Of the store's last run, whichever sweeps it worked on.
std::optional<Value> last_status(report::Page& page, const Path& store) {
  try {
    return fleet::read_status(store);
  } catch (const DataError& error) {
    page.notes.push_back(error.what());
  }
  return std::nullopt;
}

// What the run saw of its agents' GPUs.
void add_gpus(report::Page& page, const Value& status) {
  page.gpus_seen = utc_time(number_or(status, "time", 0));
  auto add = [&](const Value& agent) {
    for (const Value& gpu : list(agent, "gpus"))
      if (gpu.is_object())
        page.gpus.push_back({text_or(agent, "host", ""), text_or(gpu, "name", ""), text_or(gpu, "unusable", ""),
                             number_or(gpu, "index", 0), number_or(gpu, "memory", 0), number_or(gpu, "used", 0),
                             number_or(gpu, "utilisation", 0), number_or(gpu, "temperature", 0)});
  };
  for (const Value& agent : list(status, "agents")) add(agent);
  for (const Value& agent : list(status, "former")) add(agent);
}

bool works_on(const Value& status, const std::string& sweep) {
  if (text_or(status, "state", "") != "running") return false;
  Value sweeps = list(status, "sweeps");
  return std::any_of(sweeps.begin(), sweeps.end(),
                     [&](const Value& one) { return text_or(one, "sweep", "") == sweep; });
}

// Beside what waits for a stage that failed, which History has added.
void add_waiting(report::Page& page, const std::optional<Value>& status) {
  if (status && works_on(*status, page.name)) {
    page.waiting_seen =
        fmt::format("As the run that works on it stood at {}{}.", utc_time(number_or(*status, "time", 0)),
                    list(*status, "sweeps").size() > 1 ? ", all of its sweeps together" : "");
    for (const WaitingReason& reason : waiting_reasons(*status))
      page.waiting.push_back({counted(static_cast<std::size_t>(reason.stages), "stage"), reason.why});
  } else if (page.done < page.planned) {
    page.waiting_seen = "As the last run left it.";
    page.waiting.push_back({counted(page.planned - page.done, "experiment"),
                            fmt::format("for a run: none works on {} in this store now", page.name)});
  }
}

void list_programs(report::Page& page, const sweep::Plan& plan, const sweep::Catalogue& catalogue) {
  Programs programs;
  add_programs(catalogue, programs);
  if (programs.empty()) return;
  std::map<std::string, report::PageProgram> by_method;
  for (std::uint32_t i = 0; i < plan.nodes().size(); ++i) {
    Stage stage = plan.stage(i);
    const sweep::MethodProgram* program = program_of(stage, programs);
    if (!program) continue;
    std::string method = stage.settings.text("method");
    by_method.try_emplace(
        method, report::PageProgram{method, catalogue.methods.at(method).source,
                                    fmt::format("{}", fmt::join(program->command, " ")),
                                    fmt::format("{}", fmt::join(program->files, ", ")), program->fingerprint});
  }
  for (auto& [method, program] : by_method) page.programs.push_back(std::move(program));
}

}  // namespace

fleet::GpuTime gpu_time_of(const sweep::Plan& plan, const store::Store& store) {
  std::unordered_set<Identity> planned;
  for (const sweep::Node& node : plan.nodes()) planned.insert(node.identity);
  return fleet::gpu_time(store.root(), [&](const Identity& stage) { return planned.count(stage) != 0; });
}

report::Page page_of(const sweep::Plan& plan, const sweep::Catalogue& catalogue, const store::Store& store,
                     store::RunReader& runs, const std::string& sweep_file, std::vector<report::Table> tables,
                     std::vector<report::Judgement> claims) {
  report::Page page;
  page.name = plan.name();
  page.question = plan.question();
  page.sweep_file = sweep_file;
  page.store = store.root().string();
  page.tables = std::move(tables);
  page.claims = std::move(claims);
  for (const report::Table& table : page.tables)
    if (auto ranking = report::rank(table))
      page.figures.emplace_back(fmt::format("Average ranks of {}: Friedman p = {:.3g}", table.name, ranking->p),
                                report::rank_diagram_svg(*ranking));
  page.planned = plan.experiments();
  for (std::size_t i = 0; i < plan.experiments(); ++i)
    page.done += runs.find(plan.nodes()[plan.cell_node(i)].identity) != nullptr;
  for (const report::Table& table : page.tables)
    if (table.metric.stage.empty()) report::add_curves(page, table, plan, runs);
  History history(plan, page);
  if (std::size_t damaged = fleet::read_journal(store.root(), [&](const Value& record) { history.take(record); }))
    page.notes.push_back(fmt::format("{} lines of the journal are damaged", damaged));
  history.finish();
  std::optional<Value> status = last_status(page, store.root());
  if (status && !page.attempts.empty()) add_gpus(page, *status);
  add_waiting(page, status);
  fleet::GpuTime gpus = gpu_time_of(plan, store);
  page.gpu_seconds = gpus.seconds;
  page.gpu_seconds_in_vain = gpus.in_vain;
  list_programs(page, plan, catalogue);
  return page;
}

}  // namespace winnow::cmd
