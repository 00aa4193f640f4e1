// winnow method: which methods a sweep may name, what each learns from and which keys it has.
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>

#include "arguments.h"
#include "commands.h"
#include "outcome.h"
#include "preset_options.h"
#include "shown.h"
#include "winnow/core/error.h"
#include "winnow/sweep/catalogue.h"

namespace winnow::cmd {

namespace {

std::string source_of(const sweep::Method& method) { return method.content.value("source", ""); }
const char* learns_from(const sweep::Method& method) {
  return method.labels == sweep::LabelNeed::candidates ? "candidates"
         : method.labels == sweep::LabelNeed::given    ? "given"
                                                       : "none";
}

// Keys of its own, without those of stage tables that repeat the common ones.
std::vector<const sweep::Key*> own_keys(const sweep::Method& method) {
  std::vector<const sweep::Key*> result;
  for (const sweep::Key& key : method.keys)
    if (!key.inherited) result.push_back(&key);
  return result;
}

std::string assignments_text(const sweep::Assignments& values) {
  std::string text;
  for (const auto& [key, value] : values) text += fmt::format("{}{} = {}", text.empty() ? "" : ", ", key, shown(value));
  return text;
}

std::string condition_text(const std::map<std::string, std::vector<Value>>& when) {
  std::string text;
  for (const auto& [other, any] : when) {
    std::string words;
    for (const Value& value : any) words += (words.empty() ? "" : " or ") + shown(value);
    text += fmt::format("{}{} = {}", text.empty() ? "" : " and ", other, words);
  }
  return text;
}

std::string labels_of_example(const sweep::Method& method) {
  return method.labels == sweep::LabelNeed::candidates
             ? R"([{ kind = "flip", rate = 0.1 }, { kind = "flip", rate = 0.5 }])"
             : R"([{ kind = "symmetric", rate = 0.2 }, { kind = "symmetric", rate = 0.4 }])";
}

// A key that has no value unless a sweep gives it one, in the stage that runs this method (empty: the cell's).
bool must_be_set(const sweep::Key& key, const std::string& stage, const std::string& method) {
  if (key.fallback || key.type != Declaration::Type::text) return false;
  if (stage.empty()) return key.when.empty() && !key.key.ends_with(".method");
  auto runs = key.when.find(stage + ".method");
  return runs != key.when.end() && runs->second == std::vector<Value>{method};
}

// A grid that a sweep can take over as it stands, once NAMEs are put in; tests plan it.
std::string example_of(const sweep::Method& method) {
  std::string text = fmt::format("[[grid]]\nmethod = [\"{}\"]\n", method.name);
  if (method.labels != sweep::LabelNeed::none) text += fmt::format("labels = {}\n", labels_of_example(method));
  if (method.needs_a(sweep::Need::validation)) text += "data.validation = [0.2]\n";
  if (method.recipe == "zero-shot") return text + "prompt = [\"a photo of a {}.\", \"{}\"]\n";  // nothing is drawn
  for (const auto& [stage, methods] : method.stages) {
    std::string tables;
    for (const std::string& name : methods) {
      tables += fmt::format("{}{{ method = \"{}\"", tables.empty() ? "" : ", ", name);
      for (const sweep::Key& key : method.keys)
        if (must_be_set(key, stage, name)) tables += fmt::format(", {} = \"NAME\"", key.key.substr(stage.size() + 1));
      tables += " }";
    }
    text += fmt::format("{} = [{}]\n", stage, tables);
  }
  for (const sweep::Key* key : own_keys(method))
    if (must_be_set(*key, "", method.name)) text += fmt::format("{} = [\"NAME\"]\n", key->key);
  for (const sweep::Key* key : own_keys(method)) {
    bool plain = key->when.empty() && key->fallback && key->words.size() > 1 && key->type == Declaration::Type::text;
    if (!plain) continue;  // one key with words shows how its own are set
    text += fmt::format("{} = [", key->key);
    for (const std::string& word : key->words)
      text += fmt::format("{}\"{}\"", word == key->words.front() ? "" : ", ", word);
    text += "]\n";
    break;
  }
  return text + "seed = [0, 1, 2]\n";
}

Value key_json(const sweep::Key& key) {
  Value json = {{"key", key.key},
                {"type", to_string(key.type)},
                {"allowed", key.allowed()},
                {"words", key.words},
                {"help", key.help},
                {"default", key.fallback ? *key.fallback : Value()},
                {"min", key.min ? Value(*key.min) : Value()},
                {"max", key.max ? Value(*key.max) : Value()}};
  json["when"] = key.when;
  return json;
}

// Values by profile or by data set: of a variant, what its method says and it does not say otherwise, too.
using Tables = std::map<std::string, sweep::Assignments>;
Tables said(const sweep::Method& method, Tables sweep::Method::*of_method, Tables sweep::Variant::*of_variant) {
  Tables result = method.*of_method;
  if (!method.variant) return result;
  for (auto& [name, values] : result)
    for (const auto& [key, value] : method.variant->settings)  // above the tables of the method
      values.erase(key);
  for (const auto& [name, values] : (*method.variant).*of_variant)
    for (const auto& [key, value] : values) result[name][key] = value;
  std::erase_if(result, [](const auto& entry) { return entry.second.empty(); });
  return result;
}

Value program_json(const sweep::MethodProgram& program) {
  Value json = to_json(program);
  for (const auto& [name, words] :
       {std::pair{"takes", &program.takes}, {"reads", &program.reads}, {"gives", &program.gives}})
    json[name] = *words;
  json["deterministic"] = program.deterministic;
  put_wishes(program.wishes, json);
  return json;
}

void show_program(const sweep::MethodProgram& program) {
  fmt::print("program       {}; its files: {}\n", fmt::join(program.command, " "), fmt::join(program.files, ", "));
  for (const auto& [name, words] :
       {std::pair{"takes", &program.takes}, {"reads", &program.reads}, {"gives", &program.gives}})
    if (!words->empty()) fmt::print("{:<13} {}\n", name, fmt::join(*words, ", "));
  if (!program.deterministic) fmt::print("              it says that it is not deterministic\n");
  if (program.wishes.device != ProgramWishes::Device::any)
    fmt::print("              device: {}\n", program_devices().name(program.wishes.device));
  if (program.wishes.memory > 0)
    fmt::print("              memory: a machine with {}\n", memory_text(program.wishes.memory));
}

Value to_json(const sweep::Method& method) {
  Value keys = Value::array(), stages = Value::object(), cases = Value::array();
  for (const sweep::Key* key : own_keys(method)) keys.push_back(key_json(*key));
  for (const auto& [stage, methods] : method.stages) stages[stage] = methods;
  for (const sweep::Case& each : method.cases) cases.push_back({{"when", each.when}, {"set", each.set}});
  return {{"name", method.name},
          {"source", source_of(method)},
          {"preset", method.source},
          {"like", method.variant ? Value(method.implementation) : Value()},
          {"program", method.program ? program_json(*method.program) : Value()},
          {"settings", method.variant ? Value(method.variant->settings) : Value::object()},
          {"labels", learns_from(method)},
          {"recipe", method.recipe},
          {"version", method.version},
          {"system", method.system},
          {"learner", method.learner},
          {"stages", stages},
          {"own_recipe", method.own_recipe},
          {"first_run", method.first_run_keys},
          {"keys", keys},
          {"profiles", said(method, &sweep::Method::profiles, &sweep::Variant::profiles)},
          {"cases", cases},
          {"datasets", said(method, &sweep::Method::datasets, &sweep::Variant::datasets)},
          {"example", example_of(method)}};
}

void list(const sweep::Catalogue& catalogue, bool json) {
  if (json) {
    Value all = Value::array();
    for (const auto& [name, method] : catalogue.methods) all.push_back(to_json(method));
    fmt::print("{}\n", all.dump(2));
    return;
  }
  std::size_t wide = 0;
  for (const auto& [name, method] : catalogue.methods) wide = std::max(wide, name.size());
  for (const auto& [need, heading] :
       {std::pair{sweep::LabelNeed::candidates, "learn from candidate sets (a given label counts as a set of one)"},
        {sweep::LabelNeed::given, "learn from one given label, which may be wrong"},
        {sweep::LabelNeed::none, "learn without labels"}}) {
    fmt::print("{}{}\n", need == sweep::LabelNeed::candidates ? "" : "\n", heading);
    for (const auto& [name, method] : catalogue.methods)
      if (method.labels == need)
        fmt::print("  {:{}}  {}{}\n", name, wide, source_of(method),
                   method.program          ? fmt::format("; a program, preset {}", method.source)
                   : method.from_outside() ? fmt::format("; like {}, preset {}", method.implementation, method.source)
                                           : "");
  }
  fmt::print("\n`winnow method show NAME`: its keys, their ranges and defaults, and a grid to start from\n");
}

void show(const sweep::Method& method, bool json) {
  if (json) return fmt::print("{}\n", to_json(method).dump(2));
  fmt::print("{}\n{}\n\n", method.name, source_of(method));
  fmt::print("learns from   {}\n", method.labels == sweep::LabelNeed::candidates
                                       ? "candidate sets (a given label counts as a set of one)"
                                   : method.labels == sweep::LabelNeed::given ? "one given label a sample"
                                                                              : "images alone");
  fmt::print("recipe        {}\n", method.recipe);
  for (const auto& [stage, methods] : method.stages)
    fmt::print("stage         {}: an earlier stage, set in the table `{}`; its method is one of {}\n", stage, stage,
               fmt::join(methods, ", "));
  if (!method.learner.empty()) fmt::print("learner       {}: what the last stage trains\n", method.learner);
  if (method.runs_twice())
    fmt::print(
        "runs twice    the second run starts from scratch with what the first one selected, which alone has {}\n",
        fmt::join(method.first_run_keys, ", "));
  if (method.own_recipe) fmt::print("own recipe    its profiles hold in a stage of others that runs it, too\n");
  if (!method.system.empty())
    fmt::print("follows       the views and rates of {}, where a data set's preset has them\n", method.system);
  fmt::print("version       {} (result version)\n", method.version);
  fmt::print("preset        {}\n", method.source);
  if (method.program) show_program(*method.program);
  if (method.variant) {
    fmt::print("like          {}: its code, and its keys with the defaults below\n", method.implementation);
    if (!method.variant->settings.empty()) fmt::print("sets          {}\n", assignments_text(method.variant->settings));
  }

  std::vector<const sweep::Key*> keys = own_keys(method);
  fmt::print("\n{}\n", keys.empty() ? "no keys of its own" : "keys of its own");
  for (const sweep::Key* key : keys) {
    fmt::print("  {} = {}\n", key->key, key->fallback ? shown(*key->fallback) : "(must be set)");
    fmt::print("      {}{}\n", key->allowed(), key->when.empty() ? "" : ", where " + condition_text(key->when));
    if (!key->help.empty()) fmt::print("      {}\n", key->help);
  }
  for (const auto& [stage, methods] : method.stages)
    fmt::print(
        "  {0}.*\n      every key of a stage's own (model, adapt, train.lr, ...); what is not set is as outside the "
        "table\n",
        stage);
  for (const auto& [profile, values] : said(method, &sweep::Method::profiles, &sweep::Variant::profiles))
    fmt::print("\nprofile = \"{}\" sets  {}\n", profile, assignments_text(values));
  for (const sweep::Case& each : method.cases)
    fmt::print("\nwhere {}  {}\n", condition_text(each.when), assignments_text(each.set));
  for (const auto& [dataset, values] : said(method, &sweep::Method::datasets, &sweep::Variant::datasets))
    fmt::print("\non {}  {}\n", dataset, assignments_text(values));
  fmt::print("\na grid to start from\n\n");
  std::string example = example_of(method);
  for (std::size_t at = 0, end; at < example.size(); at = end + 1) {
    end = example.find('\n', at);
    fmt::print("  {}\n", example.substr(at, end - at));
  }
  fmt::print("\nKeys that {} have (data, labels{}): `winnow plan SWEEP --explain KEY`, sweeps/presets/common.toml.\n",
             method.program ? "all experiments" : "all methods", method.program ? ", seed" : ", model, adapt, train");
}

const sweep::Method& find(const sweep::Catalogue& catalogue, const std::string& name) {
  auto found = catalogue.methods.find(name);
  if (found != catalogue.methods.end()) return found->second;
  std::vector<std::string> known;
  for (const auto& [other, method] : catalogue.methods) known.push_back(other);
  throw UsageError(fmt::format("method show: unknown method '{}'{}; known: {}", name, did_you_mean(name, known),
                               fmt::join(known, ", ")));
}

}  // namespace

int method(int argc, char** argv) {
  Command app("method",
              "Methods that a sweep may name: `method = [\"NAME\", ...]` in a [[grid]].\n"
              "A method learns from candidate sets (partial labels) or from one given label a sample (clean or noisy "
              "ones). Its keys stand beside it in the\n"
              "sweep; a key that a method does not have multiplies none of its runs.",
              "  winnow method list\n"
              "  winnow method show proden            paper, keys with ranges and defaults, a grid to start from\n"
              "  winnow method show mine --presets FOLDER     a variant of your own: docs/method.md\n"
              "  winnow method show gmm --json | python3 -m json.tool\n");
  std::string name;
  bool json = false;
  app.require_subcommand(1);
  CLI::App* listing = app.add_subcommand("list", "every method with its paper, by the labels that it learns from");
  CLI::App* showing = app.add_subcommand("show", "one method: what it learns from, its recipe, its keys, an example");
  showing->add_option("NAME", name, "the method")->required();
  PresetOptions presets;
  for (CLI::App* sub : {listing, showing}) {
    sub->add_flag("--json", json, "for scripts");
    presets.add_to(*sub);
  }
  if (!parse(app, argc, argv)) return kDone;

  sweep::Catalogue catalogue = sweep::Catalogue::built_in({}, presets.read());
  if (listing->parsed()) list(catalogue, json);
  else show(find(catalogue, name), json);
  return kDone;
}

}  // namespace winnow::cmd
